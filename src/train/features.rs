//! What the network sees of rows: a matrix; or, where columns have very many categories, a matrix of the other features and the
//! numbers of the categories, of which the whole matrix is made a few rows at a time.

use crate::model::mlp::Mlp;
use anyhow::{Context, Result, ensure};
use std::sync::Arc;
use tch::{Device, Kind, Tensor};

/// Numbers that are made of coded rows at once, 64 MiB of float32.
const AT_ONCE: i64 = 1 << 24;

/// The features of rows, `[n, width]`.
#[derive(Debug)]
pub enum Features {
    /// float32 `[n, width]`.
    Dense(Tensor),
    Coded(Coded),
}

/// Features some of which are 1 in one place of a block and 0 everywhere else in it.
#[derive(Debug)]
pub struct Coded {
    /// float32 `[n, m]`: those in no block.
    pub rest: Tensor,
    /// int64 `[n, blocks]`: where in its block each row has a 1; -1: nowhere.
    pub codes: Tensor,
    pub layout: Arc<Layout>,
}

/// Which features are coded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// All of them.
    pub width: usize,
    /// Which features the columns of `rest` are, ascending.
    pub rest: Vec<usize>,
    pub blocks: Vec<Block>,
}

/// Features that are coded together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    pub first: usize,
    pub count: usize,
}

impl From<&Tensor> for Features {
    fn from(x: &Tensor) -> Self {
        Self::Dense(x.shallow_clone())
    }
}

impl Features {
    fn stored(&self) -> &Tensor {
        match self {
            Self::Dense(x) => x,
            Self::Coded(coded) => &coded.rest,
        }
    }

    /// n.
    pub fn rows(&self) -> i64 {
        self.stored().size().first().copied().unwrap_or_default()
    }

    pub fn width(&self) -> i64 {
        match self {
            Self::Dense(x) => x.size().get(1).copied().unwrap_or_default(),
            Self::Coded(coded) => coded.layout.width as i64,
        }
    }

    pub fn device(&self) -> Device {
        self.stored().device()
    }

    /// Bytes in memory.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Dense(x) => 4 * x.numel(),
            Self::Coded(coded) => 4 * coded.rest.numel() + 8 * coded.codes.numel(),
        }
    }

    /// The same on `device`, which is none but the CPU for coded rows.
    pub fn to_device(self, device: Device) -> Result<Self> {
        match self {
            Self::Dense(x) => Ok(Self::Dense(x.f_to_device(device)?)),
            coded => {
                ensure!(device == Device::Cpu, "coded features on {device:?}: they are on the CPU");
                Ok(coded)
            }
        }
    }

    /// The matrix itself, where it is one.
    pub fn matrix(&self) -> Option<&Tensor> {
        match self {
            Self::Dense(x) => Some(x),
            Self::Coded(_) => None,
        }
    }

    /// Another handle to the same tensors.
    pub fn share(&self) -> Self {
        match self {
            Self::Dense(x) => x.into(),
            Self::Coded(Coded { rest, codes, layout }) => {
                let (rest, codes) = (rest.shallow_clone(), codes.shallow_clone());
                Self::Coded(Coded { rest, codes, layout: layout.clone() })
            }
        }
    }

    /// The rows that `make` makes of a tensor of all rows, such as some of them.
    pub fn map(&self, make: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Self> {
        Ok(match self {
            Self::Dense(x) => Self::Dense(make(x)?),
            Self::Coded(Coded { rest, codes, layout }) => {
                Self::Coded(Coded { rest: make(rest)?, codes: make(codes)?, layout: layout.clone() })
            }
        })
    }

    /// All rows as a matrix.
    pub fn dense(&self) -> Result<Tensor> {
        match self {
            Self::Dense(x) => Ok(x.shallow_clone()),
            Self::Coded(coded) => coded.dense(),
        }
    }

    /// The rows that `index`, int64, names, as a matrix; a matrix's own are copied.
    pub fn take(&self, index: &Tensor) -> Result<Tensor> {
        self.map(|tensor| Ok(tensor.f_index_select(0, index)?))?.dense()
    }

    /// All rows in their order as matrices of `most` rows at most, of fewer where they are coded.
    pub fn chunks(&self, most: i64) -> impl ExactSizeIterator<Item = Result<Tensor>> {
        let rows = match self {
            Self::Dense(_) => most,
            Self::Coded(coded) => most.min(AT_ONCE / coded.layout.width.max(1) as i64).max(1),
        };
        let count = (self.rows() as u64).div_ceil(rows as u64) as usize;
        (0..count).map(move |chunk| {
            let first = chunk as i64 * rows;
            self.map(|tensor| Ok(tensor.f_narrow(0, first, rows.min(self.rows() - first))?))?.dense()
        })
    }

    /// The network's outputs in evaluation mode: of all rows of a matrix at once, of coded rows some at a time.
    pub fn through(&self, net: &Mlp) -> Result<Tensor> {
        if let Self::Dense(x) = self {
            return net.forward(x, false);
        }
        let outputs = self.chunks(i64::MAX).map(|x| net.forward(&x?, false)).collect::<Result<Vec<_>>>()?;
        Ok(Tensor::f_cat(&outputs, 0)?)
    }

    /// Refuses what is no float32 matrix of `inputs` columns; `what` names it.
    pub fn check(&self, what: &str, inputs: i64) -> Result<()> {
        let (x, size) = (self.stored(), self.stored().size());
        ensure!(x.kind() == Kind::Float, "{what} x: dtype {:?}, expected float32", x.kind());
        ensure!(size.len() == 2 && self.width() == inputs, "{what} x: {size:?}, expected [n, {inputs}]");
        Ok(())
    }

    /// Whether every number is finite.
    pub fn is_finite(&self) -> Result<bool> {
        Ok(bool::try_from(self.stored().f_isfinite()?.f_all()?)?)
    }
}

impl Coded {
    /// The whole matrix.
    fn dense(&self) -> Result<Tensor> {
        let Layout { width, rest, blocks } = &*self.layout;
        let x = Tensor::f_zeros([self.rest.size()[0], *width as i64], (Kind::Float, Device::Cpu))?;
        let places: Vec<i64> = rest.iter().map(|&place| place as i64).collect();
        let mut x = { x }.f_index_copy_(1, &Tensor::f_from_slice(&places)?, &self.rest)?;
        for (index, block) in blocks.iter().enumerate() {
            let codes = self.codes.f_narrow(1, index as i64, 1)?;
            let (ones, places) =
                (codes.f_ge(0)?.f_to_kind(Kind::Float)?, codes.f_clamp_min(0)?.f_add_scalar(block.first as i64)?);
            x = x.f_scatter_(1, &places, &ones).context("codes")?;
        }
        Ok(x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coded() -> (Features, Tensor) {
        let layout = Layout {
            width: 8,
            rest: vec![0, 4, 7],
            blocks: vec![Block { first: 1, count: 3 }, Block { first: 5, count: 2 }],
        };
        let rest = Tensor::from_slice(&[0.5_f32, 2.0, -1.0, 1.5, 3.0, -2.0, 2.5, 4.0, -3.0]).view([3, 3]);
        let codes = Tensor::from_slice(&[2_i64, 0, -1, 1, 0, -1]).view([3, 2]);
        let whole = [
            [0.5_f32, 0.0, 0.0, 1.0, 2.0, 1.0, 0.0, -1.0],
            [1.5, 0.0, 0.0, 0.0, 3.0, 0.0, 1.0, -2.0],
            [2.5, 1.0, 0.0, 0.0, 4.0, 0.0, 0.0, -3.0],
        ];
        let whole = Tensor::from_slice(&whole.concat()).view([3, 8]);
        (Features::Coded(Coded { rest, codes, layout: Arc::new(layout) }), whole)
    }

    #[test]
    fn coded_rows_are_the_rows_of_a_matrix() {
        let (features, whole) = coded();
        assert_eq!((features.rows(), features.width(), features.bytes()), (3, 8, 4 * 9 + 8 * 6));
        assert!(features.dense().unwrap().equal(&whole));
        let index = Tensor::from_slice(&[2_i64, 0, 2]);
        assert!(features.take(&index).unwrap().equal(&whole.index_select(0, &index)));
        let part = features.map(|tensor| Ok(tensor.narrow(0, 1, 2).copy())).unwrap();
        assert!(part.dense().unwrap().equal(&whole.narrow(0, 1, 2)));
        let chunks: Vec<Tensor> = features.chunks(2).map(Result::unwrap).collect();
        assert_eq!(chunks.len(), 2);
        assert!(Tensor::cat(&chunks, 0).equal(&whole));
        assert!(features.share().dense().unwrap().equal(&whole));
    }

    #[test]
    fn a_matrix_is_handed_on_as_it_is() {
        let x = Tensor::arange(12, (Kind::Float, Device::Cpu)).view([4, 3]);
        let features = Features::from(&x);
        assert_eq!((features.rows(), features.width(), features.bytes()), (4, 3, 48));
        assert_eq!(features.dense().unwrap().data_ptr(), x.data_ptr());
        let chunks: Vec<Tensor> = features.chunks(3).map(Result::unwrap).collect();
        assert_eq!((chunks.len(), chunks[0].data_ptr()), (2, x.data_ptr()));
        assert!(features.check("training", 3).is_ok());
        assert!(features.check("training", 4).is_err());
    }
}
