//! On how many threads libtorch computes, and when one is as good as all.

use anyhow::Result;
use tch::{Device, Kind, Tensor};

/// ATen splits most operations over threads from so many elements on (`at::internal::GRAIN_SIZE`); below it only MKL splits its
/// products.
pub const GRAIN: usize = 32_768;

/// Whether the environment says how many, in the words of ATen (`at::init_num_threads`).
pub fn said() -> bool {
    ["OMP_NUM_THREADS", "MKL_NUM_THREADS"].into_iter().any(|name| std::env::var_os(name).is_some())
}

/// What the steps of a training multiply.
#[derive(Debug, Clone)]
pub struct Steps {
    /// Rows of each kind of batch; the last one of an epoch may have fewer.
    pub batches: Vec<usize>,
    /// Rows that a loss is measured on without a step.
    pub measured: Vec<usize>,
    /// Inputs, hidden layers, outputs.
    pub widths: Vec<usize>,
    /// Whether the activation gives a number the same bits wherever it stands. Those through exp and log do not: at the ends of
    /// what a thread gets ATen computes element by element, and not in vectors.
    pub anywhere: bool,
    /// Float: weights are `[outputs, inputs]`, as those of `torch.nn.Linear`; Double: `[inputs, outputs]`, as the tutorial's.
    pub kind: Kind,
}

impl Steps {
    /// Whether one thread does as well as all and gives the same bits. No tensor of a step has [`GRAIN`] elements; and MKL, whose
    /// rules are its own (on two threads five rows may add up in another order, and eight not), is asked.
    pub fn suit_one_thread(&self) -> Result<bool> {
        Ok(self.largest() < GRAIN && self.have_the_same_bits()?)
    }

    /// Elements of the largest tensor whose division over threads shows in the bits: of rows that are only measured, what the
    /// activation does not give the same bits everywhere, and what is summed.
    fn largest(&self) -> usize {
        let most = |rows: &[usize]| rows.iter().copied().max().unwrap_or(0);
        let (widest, outputs) = (most(&self.widths), self.widths.last().copied().unwrap_or(0));
        let weights = self.widths.windows(2).map(|pair| pair[0].saturating_mul(pair[1]));
        let weights = weights.fold(0, usize::saturating_add);
        let batch = most(&self.batches).saturating_mul(widest);
        let of_measured = if self.anywhere { outputs } else { widest };
        batch.max(weights).max(most(&self.measured).saturating_mul(of_measured))
    }

    fn have_the_same_bits(&self) -> Result<bool> {
        let all = tch::get_num_threads();
        let of_all = self.products();
        tch::set_num_threads(1);
        let of_one = self.products();
        tch::set_num_threads(all);
        Ok(of_all?.iter().zip(&of_one?).all(|(all, one)| all == one))
    }

    /// Every product of a step, forward and backward, of numbers without a pattern.
    fn products(&self) -> Result<Vec<Tensor>> {
        let numbers = |rows: usize, columns: usize| -> Result<Tensor> {
            let count = (rows * columns) as i64;
            let numbers = Tensor::f_arange(count, (self.kind, Device::Cpu))?.f_sin()?;
            Ok(numbers.f_view([rows as i64, columns as i64])?)
        };
        let mut products = Vec::new();
        for &rows in self.batches.iter().chain(&self.measured).filter(|rows| **rows > 0) {
            for pair in self.widths.windows(2) {
                let (x, grad) = (numbers(rows, pair[0])?, numbers(rows, pair[1])?);
                if self.kind == Kind::Double {
                    let weight = numbers(pair[0], pair[1])?;
                    products.extend([x.f_mm(&weight)?, grad.f_mm(&weight.f_tr()?)?, x.f_tr()?.f_mm(&grad)?]);
                } else {
                    let (weight, bias) = (numbers(pair[1], pair[0])?, numbers(1, pair[1])?);
                    products.push(bias.f_view(-1)?.f_addmm(&x, &weight.f_tr()?)?);
                    products.extend([grad.f_mm(&weight)?, grad.f_tr()?.f_mm(&x)?]);
                }
            }
        }
        Ok(products)
    }
}
