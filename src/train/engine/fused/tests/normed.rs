//! Layer norm against autograd.

use super::*;

/// A case whose norms are not what they begin as, weight 1 and bias 0.
fn normed(seed: i64, rows: i64, widths: &[i64], activation: &str, loss: &str) -> Case {
    let plain = Case::new(seed, rows, widths, activation, loss, false, false);
    let _torch = seeded(seed);
    let net = Mlp::new(&MlpConfig { norm: Norm::Layer, ..plain.net.config.clone() }, Device::Cpu).unwrap();
    for mut parameter in net.parameters.views().unwrap().into_iter().filter(|parameter| parameter.dim() == 1) {
        let _ = parameter.g_add_(&(Tensor::randn(parameter.size(), CPU) * 0.3));
    }
    Case { net, ..plain }
}

#[test]
fn gradients_through_a_layer_norm_are_those_of_autograd() {
    for isa in Isa::all() {
        for (widths, activation, loss) in [
            (&[4, 16, 3][..], "relu", "cross-entropy"),
            (&[6, 33, 20, 5, 1], "tanh", "bce"),
            (&[3, 130, 70, 2], "gelu", "mse"),
            (&[5, 9, 7, 3], "leaky_relu", "cross-entropy:label_smoothing=0.2"),
            (&[5, 12, 3], "identity", "huber"),
            (&[4, 5], "relu", "mse"),
        ] {
            for (rows, threads) in [(1, 1), (17, 1), (999, 3)] {
                let case = normed(2, rows, widths, activation, loss);
                let what = format!("{}: {widths:?} {activation} {loss}, {rows} rows", isa.name());
                close(&case.fused(threads, isa, None), &case.autograd(None), &what);
            }
        }
    }
}

#[test]
fn a_norm_and_dropout_together_are_those_of_autograd() {
    let mut case = normed(4, 700, &[4, 24, 10, 3], "silu", "cross-entropy");
    case.net.config.dropout = 0.4;
    let torch = seeded(5);
    let expected = case.autograd(None);
    for isa in Isa::all() {
        torch.seed(5);
        close(&masks::under_masks(&case, 2, isa), &expected, isa.name());
    }
}
