//! Every activation under every loss, and what the engine does not have.

use super::*;
use crate::model::activation::Activation;

/// Each with the outputs of its network.
const LOSSES: [(&str, i64); 8] = [
    ("mse", 3),
    ("mae", 3),
    ("mae", 1),
    ("huber:delta=0.7", 3),
    ("huber", 1),
    ("cross-entropy", 4),
    ("cross-entropy:label_smoothing=0.1", 4),
    ("bce", 1),
];

#[test]
fn every_activation_under_every_loss_has_autograds_gradients() {
    let mut wrong = Vec::new();
    for (index, activation) in Activation::all().enumerate() {
        for (loss, outputs) in LOSSES {
            let (classes, one) = (loss.starts_with("cross-entropy") || loss == "bce", outputs == 1);
            for (rows, threads, weighted, by_class) in [
                (17, 1, false, false),
                (1111, 3, false, classes),
                (1111, 2, classes || one, classes),
                (77, 1, one, false),
            ] {
                let (seed, widths) = (index as i64, [3, 35, 18, outputs]);
                let mut case = Case::new(seed, rows, &widths, activation.name(), loss, weighted, by_class);
                // Where the rows' gradients cancel, rounding is all that is left of their sum.
                case.y = if classes {
                    &case.y * Tensor::arange(rows, (Kind::Int64, Device::Cpu)).remainder(5).eq(0)
                } else {
                    &case.y + 1.0
                };
                let expected = case.autograd(None);
                for isa in Isa::all() {
                    let apart = apart(&case.fused(threads, isa, None), &expected);
                    let what = format!("{}: {activation}, {loss}, {rows} rows, {weighted} {by_class}", isa.name());
                    wrong.extend(apart.map(|apart| format!("{what}: {apart}")));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_mini_batch_is_the_rows_of_its_indices_where_slopes_are_kept() {
    for (activation, loss) in [("gelu", "cross-entropy:label_smoothing=0.3"), ("softplus", "mae"), ("elu", "huber")] {
        let outputs = if loss.starts_with("cross-entropy") { 3 } else { 1 };
        let case = Case::new(1, 500, &[3, 20, outputs], activation, loss, true, outputs == 3);
        let torch = seeded(1);
        let index = Tensor::randperm(500, (Kind::Int64, Device::Cpu)).narrow(0, 100, 77);
        drop(torch);
        for isa in Isa::all() {
            close(&case.fused(2, isa, Some(&index)), &case.autograd(Some(&index)), isa.name());
        }
    }
}

/// The target is the output: there l1 has the slope 0, and huber's two formulas meet.
#[test]
fn a_loss_that_bends_has_autograds_slope_at_the_bend() {
    for loss in ["mae", "huber:delta=0.5"] {
        for off in [0.0, 0.5, -0.5] {
            let mut case = Case::new(1, 32, &[3, 2], "identity", loss, false, false);
            // A row of zeros gives the biases; 32 rows and 2 outputs, so that the sums are exact.
            case.x = Tensor::zeros([32, 3], CPU);
            case.features = Features::from(&case.x);
            let _ = case.net.parameters.views().unwrap()[1].shallow_clone().fill_(0.25);
            case.y = Tensor::full([32, 2], 0.25 + off, CPU);
            let expected = case.autograd(None);
            for isa in Isa::all() {
                let (_, grads) = case.fused(1, isa, None);
                assert!(grads[1].equal(&expected.1[1]), "{loss} {off}: {:?} {:?}", grads[1], expected.1[1]);
            }
            assert_eq!(expected.1[1].abs().max().double_value(&[]) == 0.0, off == 0.0);
        }
    }
}

#[test]
fn what_the_engine_does_not_have_is_named() {
    let config = |activation, dropout| MlpConfig {
        inputs: 2,
        outputs: 2,
        hidden: vec![3],
        activation,
        dropout,
        norm: Norm::None,
    };
    let (mse, relu) = (Loss::new(LossKind::Mse), config(Activation::Relu, 0.0));
    let of = |config: &MlpConfig, loss: &Loss, device| Plan::of(config, loss, device).map(drop);
    let reason = |config: &MlpConfig, loss: &Loss, device| of(config, loss, device).unwrap_err();
    let gelu = config(Activation::Gelu, 0.0);
    let normed = MlpConfig { norm: Norm::Batch, ..relu.clone() };
    assert_eq!(reason(&normed, &mse, Device::Cpu), "it has no batch norm");
    assert!(reason(&relu, &mse, Device::Mps).contains("CUDA"));
    // A card has less.
    for config in [&gelu, &config(Activation::Relu, 0.5), &normed] {
        assert!(reason(config, &mse, Device::Cuda(0)).contains("on a GPU"));
        assert_eq!(of(&MlpConfig { hidden: vec![], ..config.clone() }, &mse, Device::Cuda(0)), Ok(()));
    }
    assert_eq!((of(&relu, &mse, Device::Cuda(0)), of(&gelu, &mse, Device::Cpu)), (Ok(()), Ok(())));
    for loss in ["mae", "huber", "cross-entropy:label_smoothing=0.1"] {
        let loss = Loss::new(loss.parse().unwrap());
        assert!(reason(&relu, &loss, Device::Cuda(0)).contains(&loss.kind.to_string()));
        assert_eq!(of(&relu, &loss, Device::Cpu), Ok(()));
    }
}
