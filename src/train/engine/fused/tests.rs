mod coded;
mod every;
mod masks;
mod normed;

use super::*;
use crate::model::loss::{Loss, LossKind};
use crate::model::mlp::{Mlp, MlpConfig};
use crate::model::norm::Norm;
use crate::model::parameters::FlatTensors;
use crate::torch::memory::Integers;
use crate::torch::testing::seeded;
use crate::train::features::Features;
use crate::train::task::Part;
use tch::{Device, Kind, Tensor};

const CPU: (Kind, Device) = (Kind::Float, Device::Cpu);

pub(super) struct Case {
    pub net: Mlp,
    pub loss: Loss,
    x: Tensor,
    features: Features,
    y: Tensor,
    weight: Option<Tensor>,
}

impl Case {
    pub fn new(
        seed: i64,
        rows: i64,
        widths: &[i64],
        activation: &str,
        loss: &str,
        weighted: bool,
        by_class: bool,
    ) -> Self {
        let _torch = seeded(seed);
        let (inputs, outputs) = (widths[0], widths[widths.len() - 1]);
        let config = MlpConfig {
            inputs,
            outputs,
            hidden: widths[1..widths.len() - 1].to_vec(),
            activation: activation.parse().unwrap(),
            dropout: 0.0,
            norm: Norm::None,
        };
        let kind: LossKind = loss.parse().unwrap();
        let classes = if kind == LossKind::Bce { 2 } else { outputs };
        let y = match kind {
            kind if !kind.is_classification() => Tensor::randn([rows, outputs], CPU),
            _ => Tensor::randint(classes, [rows], (Kind::Int64, Device::Cpu)),
        };
        let (net, x) = (Mlp::new(&config, Device::Cpu).unwrap(), Tensor::randn([rows, inputs], CPU));
        let of_classes: Vec<f64> = (0..classes).map(|class| 0.5 + class as f64).collect();
        Self {
            net,
            loss: if by_class {
                Loss::with_class_weight(kind, &of_classes, Device::Cpu).unwrap()
            } else {
                Loss::new(kind)
            },
            features: Features::from(&x),
            x,
            y,
            weight: weighted.then(|| Tensor::rand([rows], CPU) + 0.5),
        }
    }

    pub fn part(&self) -> Part<'_> {
        Part { x: &self.features, y: &self.y, weight: self.weight.as_ref() }
    }

    fn engine(&self, threads: usize, isa: Isa) -> Fused {
        let mut plan = Plan::of(&self.net.config, &self.loss, Device::Cpu).unwrap();
        if let Features::Coded(coded) = &self.features {
            plan.coded = Some(coded.layout.clone());
        }
        Fused::on(plan, threads, isa)
    }

    /// Loss and gradients of the engine, one tensor a parameter.
    fn fused(&self, threads: usize, isa: Isa, index: Option<&Tensor>) -> (f64, Vec<Tensor>) {
        let mut grads = FlatTensors::zeros(self.net.parameters.shapes(), Device::Cpu).unwrap();
        let rows = PartRows::of(&self.part(), &self.loss).unwrap();
        let index = index.map(|index| Integers::of(index).unwrap());
        let mut engine = self.engine(threads, isa);
        let parameters = &self.net.parameters;
        let (loss, alone) = parameters
            .read(|parameters| {
                let whole = |grads: &mut [f32]| {
                    rows.read(index.as_ref().map(|index| (index, 0..index.len())), |rows| {
                        engine.gradients(parameters, rows, grads)
                    })
                };
                let loss = grads.write(whole).unwrap();
                (
                    loss,
                    rows.read(index.as_ref().map(|index| (index, 0..index.len())), |rows| {
                        engine.loss(parameters, rows)
                    }),
                )
            })
            .unwrap();
        assert!(loss == alone || loss.is_nan() && alone.is_nan());
        (loss, grads.views().unwrap())
    }

    /// The same by autograd.
    pub fn autograd(&self, index: Option<&Tensor>) -> (f64, Vec<Tensor>) {
        let pick = |tensor: &Tensor| index.map_or(tensor.shallow_clone(), |index| tensor.index_select(0, index));
        let weight = self.weight.as_ref().map(pick);
        let output = self.net.forward(&pick(&self.x), true).unwrap();
        let loss = self.loss.mean(&output, &pick(&self.y), weight.as_ref()).unwrap();
        let grads = Tensor::run_backward(&[&loss], self.net.variables(), false, false);
        (loss.double_value(&[]), grads)
    }
}

/// How far two go apart, if that is more than float32 sums of up to a thousand terms in two orders.
fn apart(found: &(f64, Vec<Tensor>), expected: &(f64, Vec<Tensor>)) -> Option<String> {
    let off = (found.0 - expected.0).abs();
    if off > 2e-6 * expected.0.abs() || off.is_nan() {
        return Some(format!("loss {} and {}", found.0, expected.0));
    }
    found.1.iter().zip(&expected.1).enumerate().find_map(|(index, (found, expected))| {
        let scale = f64::try_from(expected.abs().max()).unwrap();
        let off = f64::try_from((found - expected).abs().max()).unwrap();
        let what = || format!("parameter {index}: {off:e} off, the largest gradient is {scale:e}");
        (off > 3e-6 * scale || off.is_nan()).then(what)
    })
}

pub(super) fn close(found: &(f64, Vec<Tensor>), expected: &(f64, Vec<Tensor>), what: &str) {
    let apart = apart(found, expected);
    assert!(apart.is_none(), "{what}: {apart:?}");
}

/// Widths, activation and loss.
pub(super) const NETS: [(&[i64], &str, &str); 9] = [
    (&[2, 100, 2], "tanh", "cross-entropy"),
    (&[32, 256, 128, 1], "relu", "bce"),
    (&[5, 7, 3], "sigmoid", "cross-entropy"),
    (&[3, 1, 1], "tanh", "mse"),
    (&[1, 9, 17, 4], "sigmoid", "mse"),
    (&[4, 11], "relu", "cross-entropy"),
    (&[13, 1], "tanh", "bce"),
    (&[6, 5, 5, 5, 1], "identity", "mse"),
    (&[16, 33, 15], "relu", "cross-entropy"),
];

#[test]
fn losses_and_gradients_are_those_of_autograd() {
    for isa in Isa::all() {
        for (index, (widths, activation, loss)) in NETS.into_iter().enumerate() {
            for (rows, threads) in [(1, 1), (17, 1), (200, 2), (999, 3)] {
                let case = Case::new(index as i64, rows, widths, activation, loss, false, false);
                let what = format!("{}: {widths:?} {activation} {loss}, {rows} rows, {threads} threads", isa.name());
                close(&case.fused(threads, isa, None), &case.autograd(None), &what);
            }
        }
    }
}

#[test]
fn weights_of_rows_and_classes_count_as_in_the_exact_loss() {
    for isa in Isa::all() {
        for (widths, loss) in [([4, 6, 3], "cross-entropy"), ([4, 6, 1], "bce"), ([4, 6, 1], "mse")] {
            for (weighted, by_class) in [(true, false), (false, loss != "mse"), (true, loss != "mse")] {
                let case = Case::new(3, 150, &widths, "tanh", loss, weighted, by_class);
                let what = format!("{}: {loss}, rows {weighted}, classes {by_class}", isa.name());
                close(&case.fused(2, isa, None), &case.autograd(None), &what);
            }
        }
    }
}

#[test]
fn a_class_may_be_a_number_under_bce() {
    let mut case = Case::new(4, 90, &[4, 6, 1], "relu", "bce", true, true);
    case.y = case.y.to_kind(Kind::Float).unsqueeze(1);
    for isa in Isa::all() {
        close(&case.fused(2, isa, None), &case.autograd(None), isa.name());
    }
}

#[test]
fn a_mini_batch_is_the_rows_of_its_indices() {
    let case = Case::new(1, 500, &[3, 20, 2], "tanh", "cross-entropy", true, false);
    let _torch = seeded(1);
    let index = Tensor::randperm(500, (Kind::Int64, Device::Cpu)).narrow(0, 100, 77);
    for isa in Isa::all() {
        close(&case.fused(2, isa, Some(&index)), &case.autograd(Some(&index)), isa.name());
    }
}

#[test]
fn hits_are_the_rows_whose_class_is_the_largest_output() {
    for isa in Isa::all() {
        let case = Case::new(2, 300, &[3, 20, 4], "tanh", "cross-entropy", false, false);
        let expected = case.net.forward(&case.x, false).unwrap().argmax(1, false).eq_tensor(&case.y).sum(Kind::Int64);
        let rows = PartRows::of(&case.part(), &case.loss).unwrap();
        let mut engine = case.engine(2, isa);
        let hits =
            case.net.parameters.read(|parameters| rows.read(None, |rows| engine.hits(parameters, rows))).unwrap();
        assert_eq!(hits as i64, expected.int64_value(&[]));
    }
}

#[test]
fn the_same_threads_give_the_same_bits() {
    let case = Case::new(5, 5000, &[2, 50, 2], "tanh", "cross-entropy", false, false);
    let (loss, grads) = case.fused(3, Isa::best(), None);
    for _ in 0..20 {
        let (again, other) = case.fused(3, Isa::best(), None);
        assert_eq!(loss, again);
        assert!(grads.iter().zip(&other).all(|(a, b)| a.equal(b)));
    }
}

#[test]
fn not_a_number_comes_out_as_not_a_number() {
    for isa in Isa::all() {
        for (activation, loss) in [
            ("tanh", "cross-entropy"),
            ("relu", "mse"),
            ("sigmoid", "bce"),
            ("gelu", "cross-entropy:label_smoothing=0.1"),
            ("elu", "huber"),
        ] {
            let outputs = if loss.starts_with("cross-entropy") { 2 } else { 1 };
            let case = Case::new(5, 40, &[2, 5, outputs], activation, loss, false, false);
            let _ = case.x.get(30).fill_(f64::NAN);
            let (loss, grads) = case.fused(1, isa, None);
            assert!(loss.is_nan() && grads.iter().all(|grad| grad.isnan().any().int64_value(&[]) == 1));
        }
    }
}
