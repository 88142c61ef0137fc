//! A known function with known noise: y = sin(2πx) + noise · N(0, 1), x uniform in [-1, 1).

use crate::python::random::NumpyRandom;
use anyhow::Result;
use std::f64::consts::PI;
use tch::{Device, Kind, TchError, Tensor};

/// Places at which models are tested, evenly spaced.
pub const PLACES: usize = 101;

/// The function without its noise.
pub fn truth(x: f64) -> f64 {
    (2.0 * PI * x).sin()
}

/// The places, from -1 to 1.
pub fn places() -> Vec<f64> {
    (0..PLACES).map(|i| 2.0 * i as f64 / (PLACES - 1) as f64 - 1.0).collect()
}

/// `count` training sets of `n` points: x and y are `[1, n, count]`, float32.
pub struct Training {
    pub x: Tensor,
    pub y: Tensor,
}

impl Training {
    pub fn draw(count: i64, n: i64, noise: f64, rng: &mut NumpyRandom, device: Device) -> Result<Self, TchError> {
        let (mut xs, mut ys) = (Vec::new(), Vec::new());
        for _ in 0..count * n {
            let x = 2.0 * rng.random() - 1.0;
            xs.push(x as f32);
            ys.push(rng.normal(truth(x), noise) as f32);
        }
        let tensor = |values: &[f32]| {
            Tensor::f_from_slice(values)?.f_view([1, count, n])?.f_transpose(1, 2)?.f_contiguous()?.f_to_device(device)
        };
        Ok(Self { x: tensor(&xs)?, y: tensor(&ys)? })
    }

    /// The first `n` points of every set.
    pub fn first(&self, n: i64) -> Result<Self, TchError> {
        let part = |tensor: &Tensor| tensor.f_narrow(1, 0, n)?.f_contiguous();
        Ok(Self { x: part(&self.x)?, y: part(&self.y)? })
    }

    /// `count` sets from the set `start` on.
    pub fn sets(&self, start: i64, count: i64) -> Result<Self, TchError> {
        let part = |tensor: &Tensor| tensor.f_narrow(2, start, count)?.f_contiguous();
        Ok(Self { x: part(&self.x)?, y: part(&self.y)? })
    }

    /// The points of one set.
    pub fn points(&self, set: i64) -> Result<Vec<(f64, f64)>> {
        let column = |tensor: &Tensor| -> Result<Vec<f64>> {
            let values = tensor.f_select(2, set)?.f_flatten(0, -1)?;
            Ok(Vec::try_from(values.f_to_device(Device::Cpu)?.f_to_kind(Kind::Double)?)?)
        };
        Ok(column(&self.x)?.into_iter().zip(column(&self.y)?).collect())
    }
}

/// What `count` models are tested on: the same places for all, fresh noise for each.
pub struct Test {
    /// `[1, PLACES, count]`, float32.
    pub x: Tensor,
    /// `[1, PLACES]`, float64.
    pub truth: Tensor,
    /// `[count, PLACES]`, float64: what was added to the truth.
    pub noise: Tensor,
}

impl Test {
    pub fn draw(count: i64, noise: f64, rng: &mut NumpyRandom, device: Device) -> Result<Self, TchError> {
        let m = PLACES as i64;
        let places = places();
        let truth: Vec<f64> = places.iter().map(|&x| truth(x)).collect();
        let drawn: Vec<f64> = (0..count * m).map(|_| rng.normal(0.0, noise)).collect();
        let x = Tensor::f_from_slice(&places)?.f_to_kind(Kind::Float)?.f_view([1, m, 1])?;
        Ok(Self {
            x: x.f_expand([1, m, count], false)?.f_contiguous()?.f_to_device(device)?,
            truth: Tensor::f_from_slice(&truth)?.f_view([1, m])?.f_to_device(device)?,
            noise: Tensor::f_from_slice(&drawn)?.f_view([count, m])?.f_to_device(device)?,
        })
    }

    /// Each model's mean square error against its noisy targets: `[count]` from predictions `[count, PLACES]`.
    pub fn errors(&self, predictions: &Tensor) -> Result<Tensor, TchError> {
        (predictions - &self.truth).f_sub(&self.noise)?.f_square()?.f_mean_dim(1, false, None)
    }
}

/// Mean of `values [n]` and its standard error (divisor n - 1).
pub fn mean_and_error(values: &Tensor) -> Result<(f64, f64), TchError> {
    let mean = values.f_mean(None)?.f_double_value(&[])?;
    let count = values.size()[0] as f64;
    Ok((mean, values.f_std(true)?.f_double_value(&[])? / count.sqrt()))
}
