//! The tutorial's two hand-written networks: linear, ReLU, linear, in float64.

use tch::{Kind, TchError, Tensor};

/// `x w1 (+ b1) → ReLU → w2 (+ b2)`: `w1 [inputs, hidden]`, `b1 [hidden]`, `w2 [hidden, outputs]`, `b2 [outputs]`, all
/// float64; either both biases or none.
#[derive(Debug)]
pub struct ReluNet {
    pub w1: Tensor,
    pub w2: Tensor,
    pub biases: Option<[Tensor; 2]>,
}

impl ReluNet {
    /// Predictions `[n, outputs]` for `x [n, inputs]`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor, TchError> {
        let layer = |x: &Tensor, w: &Tensor, index: usize| match &self.biases {
            Some(biases) => x.f_mm(w)?.f_add(&biases[index]),
            None => x.f_mm(w),
        };
        layer(&layer(x, &self.w1, 0)?.f_clamp_min(0.0)?, &self.w2, 1)
    }

    /// The tutorial's loss of predicting `y [n, outputs]` from `x`: the sum of all squares over n.
    pub fn loss(&self, x: &Tensor, y: &Tensor) -> Result<f64, TchError> {
        self.forward(x)?.f_sub(y)?.f_square()?.f_sum(Kind::Double)?.f_div_scalar(x.size()[0])?.f_double_value(&[])
    }

    /// Number of parameters.
    pub fn count(&self) -> usize {
        self.named().iter().map(|(_, tensor)| tensor.numel()).sum()
    }

    /// The parameters under the tutorial's names, in its order.
    pub fn named(&self) -> Vec<(String, Tensor)> {
        let mut named = vec![("w1".to_string(), self.w1.shallow_clone()), ("w2".into(), self.w2.shallow_clone())];
        if let Some([b1, b2]) = &self.biases {
            named.insert(1, ("b1".into(), b1.shallow_clone()));
            named.push(("b2".into(), b2.shallow_clone()));
        }
        named
    }
}
