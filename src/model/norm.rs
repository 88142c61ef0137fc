//! Normalization of a hidden layer's outputs, between `Linear` and the activation.

use crate::choices::names::named;
use crate::torch::safetensors::Named;
use tch::{Device, Kind, TchError, Tensor};

named! {
    /// Which normalization each hidden layer has; all with PyTorch's defaults, weight 1 and bias 0 at the start.
    #[derive(Default)]
    pub enum Norm {
        #[default]
        None = "none",
        /// `nn.BatchNorm1d`.
        Batch = "batch",
        /// `nn.LayerNorm`.
        Layer = "layer",
    }
}

/// The default `eps` of both.
pub const EPS: f64 = 1e-5;
/// The default `momentum` of `nn.BatchNorm1d`.
pub const MOMENTUM: f64 = 0.1;

impl Norm {
    pub fn is_none(&self) -> bool {
        *self == Self::None
    }

    /// The buffers of one layer as `state_dict()` has them behind its bias, by their names under `layer`.
    pub fn buffers(self, layer: &str, units: i64, device: Device) -> Result<Named, TchError> {
        let Self::Batch = self else { return Ok(Named::new()) };
        Ok(vec![
            (format!("{layer}.running_mean"), Tensor::f_zeros([units], (Kind::Float, device))?),
            (format!("{layer}.running_var"), Tensor::f_ones([units], (Kind::Float, device))?),
            (format!("{layer}.num_batches_tracked"), Tensor::f_zeros([0_i64; 0], (Kind::Int64, device))?),
        ])
    }

    /// PyTorch's class.
    pub fn class(self) -> &'static str {
        match self {
            Self::None => "Identity",
            Self::Batch => "BatchNorm1d",
            Self::Layer => "LayerNorm",
        }
    }

    /// Number of [`Norm::buffers`].
    pub fn buffer_count(self) -> usize {
        if self == Self::Batch { 3 } else { 0 }
    }

    /// `[n, units]` normalized. In training a batch norm takes the batch's mean and variance, and moves its running ones, which it
    /// takes in evaluation.
    pub fn apply(
        self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        buffers: &[(String, Tensor)],
        train: bool,
    ) -> Result<Tensor, TchError> {
        match (self, buffers) {
            (Self::Layer, _) => x.f_layer_norm(weight.size().as_slice(), Some(weight), Some(bias), EPS, true),
            (Self::Batch, [(_, mean), (_, variance), (_, count)]) => {
                if train {
                    let _ = count.shallow_clone().f_add_scalar_(1)?;
                }
                x.f_batch_norm(Some(weight), Some(bias), Some(mean), Some(variance), train, MOMENTUM, EPS, true)
            }
            _ => Ok(x.shallow_clone()),
        }
    }

    /// The TorchScript of `forward(self, x)`, whose bits are those of [`Norm::apply`]; it honours `train()` and `eval()`.
    pub fn torchscript(self) -> &'static str {
        match self {
            Self::None => "def forward(self, x):\n    return x\n",
            Self::Layer => {
                "def forward(self, x):\n    return torch.layer_norm(x, [self.weight.size(0)], self.weight, self.bias, 1e-05, \
                 True)\n"
            }
            Self::Batch => {
                "def forward(self, x):\n    if self.training:\n        self.num_batches_tracked.add_(1)\n    \
                 return torch.batch_norm(x, self.weight, self.bias, self.running_mean, self.running_var, self.training, 0.1, \
                 1e-05, True)\n"
            }
        }
    }
}
