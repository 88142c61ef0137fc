//! Activation functions under PyTorch's names, with PyTorch's defaults.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use tch::{TchError, Tensor};

/// A function of `torch.nn.functional`, applied element by element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Activation {
    Identity,
    Relu,
    Tanh,
    Sigmoid,
    Gelu,
    Silu,
    LeakyRelu,
    Elu,
    Selu,
    Celu,
    Softplus,
    Softsign,
    Mish,
    Relu6,
    Hardtanh,
    Hardswish,
    Hardsigmoid,
    LogSigmoid,
    Tanhshrink,
}

use Activation::*;

/// Each with its name, its class in `torch.nn`, and the TorchScript expression that computes it from `x`.
const ALL: [(Activation, &str, &str, &str); 19] = [
    (Identity, "identity", "Identity", "x"),
    (Relu, "relu", "ReLU", "torch.relu(x)"),
    (Tanh, "tanh", "Tanh", "torch.tanh(x)"),
    (Sigmoid, "sigmoid", "Sigmoid", "torch.sigmoid(x)"),
    (Gelu, "gelu", "GELU", "torch.gelu(x)"),
    (Silu, "silu", "SiLU", "torch.silu(x)"),
    (LeakyRelu, "leaky_relu", "LeakyReLU", "torch.leaky_relu(x)"),
    (Elu, "elu", "ELU", "torch.elu(x)"),
    (Selu, "selu", "SELU", "torch.selu(x)"),
    (Celu, "celu", "CELU", "torch.celu(x)"),
    (Softplus, "softplus", "Softplus", "torch.softplus(x)"),
    (Softsign, "softsign", "Softsign", "x / (torch.abs(x) + 1)"),
    (Mish, "mish", "Mish", "torch.mish(x)"),
    (Relu6, "relu6", "ReLU6", "torch.relu6(x)"),
    (Hardtanh, "hardtanh", "Hardtanh", "torch.hardtanh(x)"),
    (Hardswish, "hardswish", "Hardswish", "torch.hardswish(x)"),
    (Hardsigmoid, "hardsigmoid", "Hardsigmoid", "torch.hardsigmoid(x)"),
    (LogSigmoid, "logsigmoid", "LogSigmoid", "torch.log_sigmoid(x)"),
    (Tanhshrink, "tanhshrink", "Tanhshrink", "x - torch.tanh(x)"),
];

impl Activation {
    /// Every activation.
    pub fn all() -> impl Iterator<Item = Self> {
        ALL.iter().map(|(activation, ..)| *activation)
    }

    /// PyTorch's name, as in `torch.nn.functional`.
    pub fn name(self) -> &'static str {
        self.entry().1
    }

    /// Its class in `torch.nn`, which takes no argument.
    pub fn class(self) -> &'static str {
        self.entry().2
    }

    /// The TorchScript expression of the variable `x` with the same bits as [`Activation::apply`].
    pub fn torchscript(self) -> &'static str {
        self.entry().3
    }

    /// Whether ATen gives a number the same bits in a vector and by itself: not through exp, log and erf, but in tanh.
    pub fn is_same_anywhere(self) -> bool {
        matches!(
            self,
            Identity | Relu | Tanh | LeakyRelu | Softsign | Relu6 | Hardtanh | Hardswish | Hardsigmoid | Tanhshrink
        )
    }

    fn entry(self) -> &'static (Self, &'static str, &'static str, &'static str) {
        ALL.iter().find(|(activation, ..)| *activation == self).unwrap_or(&ALL[0])
    }

    /// The function of every element; shape and dtype of `x`.
    pub fn apply(self, x: &Tensor) -> Result<Tensor, TchError> {
        match self {
            Identity => Ok(x.shallow_clone()),
            Relu => x.f_relu(),
            Tanh => x.f_tanh(),
            Sigmoid => x.f_sigmoid(),
            Gelu => x.f_gelu("none"),
            Silu => x.f_silu(),
            LeakyRelu => x.f_leaky_relu(),
            Elu => x.f_elu(),
            Selu => x.f_selu(),
            Celu => x.f_celu(),
            Softplus => x.f_softplus(),
            Softsign => x.f_div(&x.f_abs()?.f_add_scalar(1)?),
            Mish => x.f_mish(),
            Relu6 => x.f_relu6(),
            Hardtanh => x.f_hardtanh(),
            Hardswish => x.f_hardswish(),
            Hardsigmoid => x.f_hardsigmoid(),
            LogSigmoid => x.f_log_sigmoid(),
            Tanhshrink => x.f_sub(&x.f_tanh()?),
        }
    }
}

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Activation {
    type Err = String;

    /// PyTorch's name; case, dashes and underscores do not matter, so that `LeakyReLU` and `leaky-relu` are the same.
    fn from_str(text: &str) -> Result<Self, String> {
        let plain = |name: &str| name.trim().to_lowercase().replace(['-', '_'], "");
        let found = ALL.iter().find(|(_, name, ..)| plain(name) == plain(text));
        let names: Vec<&str> = ALL.iter().map(|(_, name, ..)| *name).collect();
        found.map(|(activation, ..)| *activation).ok_or_else(|| crate::choices::names::unknown(text, &names))
    }
}

crate::choices::names::as_text!(Activation);

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::LN_2;

    #[test]
    fn names_read_back_and_are_forgiving() {
        // The functions of torch.nn.functional, and the modules of torch.nn that apply them.
        let names = [
            ("identity", "Identity", Identity),
            ("relu", "ReLU", Relu),
            ("tanh", "Tanh", Tanh),
            ("sigmoid", "Sigmoid", Sigmoid),
            ("gelu", "GELU", Gelu),
            ("silu", "SiLU", Silu),
            ("leaky_relu", "LeakyReLU", LeakyRelu),
            ("elu", "ELU", Elu),
            ("selu", "SELU", Selu),
            ("celu", "CELU", Celu),
            ("softplus", "Softplus", Softplus),
            ("softsign", "Softsign", Softsign),
            ("mish", "Mish", Mish),
            ("relu6", "ReLU6", Relu6),
            ("hardtanh", "Hardtanh", Hardtanh),
            ("hardswish", "Hardswish", Hardswish),
            ("hardsigmoid", "Hardsigmoid", Hardsigmoid),
            ("logsigmoid", "LogSigmoid", LogSigmoid),
            ("tanhshrink", "Tanhshrink", Tanhshrink),
        ];
        assert_eq!(Activation::all().collect::<Vec<_>>(), names.map(|(.., activation)| activation));
        for (function, module, activation) in names {
            assert_eq!((activation.name(), activation.class()), (function, module));
            for text in [function, module, &function.replace('_', "-")] {
                assert_eq!(text.parse(), Ok(activation), "{text}");
            }
        }
        assert!("rellu".parse::<Activation>().unwrap_err().contains("did you mean relu?"));
    }
    // x = torch.tensor([-3.5, -0.5, 0., 0.25, 7.]); getattr(torch.nn.functional, name)(x)
    #[test]
    fn values_are_pytorchs() {
        let expected = [
            ("identity", [-3.5, -0.5, 0.0, 0.25, 7.0]),
            ("relu", [0.0, 0.0, 0.0, 0.25, 7.0]),
            ("tanh", [-0.998178, -0.462117, 0.0, 0.244919, 0.999998]),
            ("sigmoid", [0.029312, 0.377541, 0.5, 0.562177, 0.999089]),
            ("gelu", [-0.000814, -0.154269, 0.0, 0.149677, 7.0]),
            ("silu", [-0.102593, -0.18877, 0.0, 0.140544, 6.993623]),
            ("leaky_relu", [-0.035, -0.005, 0.0, 0.25, 7.0]),
            ("elu", [-0.969803, -0.393469, 0.0, 0.25, 7.0]),
            ("selu", [-1.705009, -0.691758, 0.0, 0.262675, 7.354907]),
            ("celu", [-0.969803, -0.393469, 0.0, 0.25, 7.0]),
            ("softplus", [0.02975, 0.474077, LN_2, 0.825939, 7.000912]),
            ("softsign", [-0.777778, -0.333333, 0.0, 0.2, 0.875]),
            ("mish", [-0.104096, -0.220744, 0.0, 0.169572, 6.999989]),
            ("relu6", [0.0, 0.0, 0.0, 0.25, 6.0]),
            ("hardtanh", [-1.0, -0.5, 0.0, 0.25, 1.0]),
            ("hardswish", [0.0, -0.208333, 0.0, 0.135417, 7.0]),
            ("hardsigmoid", [0.0, 0.416667, 0.5, 0.541667, 1.0]),
            ("logsigmoid", [-3.52975, -0.974077, -LN_2, -0.575939, -0.000911]),
            ("tanhshrink", [-2.501822, -0.037883, 0.0, 0.005081, 6.000002]),
        ];
        assert_eq!(expected.len(), ALL.len());
        let x = Tensor::from_slice(&[-3.5_f32, -0.5, 0.0, 0.25, 7.0]);
        for (name, expected) in expected {
            let found = Vec::<f32>::try_from(name.parse::<Activation>().unwrap().apply(&x).unwrap()).unwrap();
            for (found, expected) in found.iter().zip(expected) {
                // The values above have six decimals.
                assert!((f64::from(*found) - expected).abs() < 1e-6, "{name}: {found}, expected {expected}");
            }
        }
    }
}
