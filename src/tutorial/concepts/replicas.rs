//! Many small nets trained side by side: one batched tensor program instead of a loop over models.
//!
//! Each is `Linear(1, hidden) → tanh → Linear(hidden, 1)` with PyTorch's initialisation, trained on its own data by
//! full-batch Adam on its own mean square error. Nothing flows between them: the gradients are those of the sum.
//! The nets lie along the last dimension of every tensor, so that each operation runs over all of them at once; as a
//! batch of matrix products (`bmm`), each as small as this, a step takes several times as long.

use super::known::Training;
use super::memory::check_memory;
use crate::model::parameters::{FlatTensors, Shape};
use crate::torch::threads;
use crate::train::optim::Adam;
use anyhow::Result;
use serde::Serialize;
use tch::{Device, Kind, TchError, Tensor};

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Settings {
    /// Number of nets.
    pub count: i64,
    pub hidden: i64,
    pub lr: f64,
    /// L2, as `torch.optim.Adam(weight_decay=...)`: the gradient of each parameter plus this times the parameter.
    pub weight_decay: f64,
}

/// Below it a group's tensors stay in the cache, and no sum is split, so that the bits do not depend on the number of threads.
const GRAIN: i64 = threads::GRAIN as i64;

/// The nets with their data, in groups whose tensors stay below `GRAIN`.
pub struct Replicas(Vec<Group>);

struct Group {
    weight_decay: f64,
    parameters: FlatTensors,
    grads: FlatTensors,
    optimizer: Adam,
    data: Training,
}

impl Settings {
    /// Refuses nets whose step on `samples` points each would not fit into memory; some six tensors of the hidden
    /// units' size live at once.
    pub fn check(&self, samples: i64) -> anyhow::Result<()> {
        let needed = 4.0 * 6.0 * self.count as f64 * samples as f64 * self.hidden as f64;
        check_memory(needed, &format!("--nets {} --samples: {samples} points for {} units", self.count, self.hidden))
    }
}

impl Replicas {
    /// Nets for the sets of `data`, their parameters drawn from torch's current generator.
    pub fn new(settings: Settings, data: &Training) -> Result<Self> {
        let (_, samples, count) = data.x.size3()?;
        let most = (GRAIN / (settings.hidden * samples)).max(1);
        let sizes = (0..count).step_by(most as usize).map(|start| (start, most.min(count - start)));
        Ok(Self(sizes.map(|(start, size)| Group::new(settings, data.sets(start, size)?)).collect::<Result<_, _>>()?))
    }

    /// Predictions `[count, n]` in float64 for `x [1, n, count]`.
    pub fn predict(&self, x: &Tensor) -> Result<Tensor, TchError> {
        let mut start = 0;
        let mut parts = Vec::new();
        for group in &self.0 {
            let size = group.data.x.size()[2];
            parts.push(group.predict(&x.f_narrow(2, start, size)?)?);
            start += size;
        }
        Tensor::f_cat(&parts, 0)
    }

    /// Each net's mean square error on its own data: `[count]`, float64.
    pub fn errors(&self) -> Result<Tensor, TchError> {
        Tensor::f_cat(&self.0.iter().map(Group::errors).collect::<Result<Vec<_>, _>>()?, 0)
    }

    /// One full-batch step of every net; returns the mean square error of the first group, before the step.
    pub fn step(&mut self) -> Result<Tensor, TchError> {
        let errors = self.0.iter_mut().map(Group::step).collect::<Result<Vec<_>, _>>()?;
        Ok(errors[0].shallow_clone())
    }
}

impl Group {
    /// Parameters are drawn on the CPU: `U(-1/√n, 1/√n)` for n inputs, which is what `nn.Linear.reset_parameters`
    /// comes to.
    fn new(settings: Settings, data: Training) -> Result<Self> {
        let (hidden, count, device) = (settings.hidden, data.x.size()[2], data.x.device());
        let shapes = [
            Shape::new("fc1.weight", &[hidden, 1, count]),
            Shape::new("fc1.bias", &[hidden, 1, count]),
            Shape::new("fc2.weight", &[hidden, 1, count]),
            Shape::new("fc2.bias", &[1, 1, count]),
        ];
        let parameters = FlatTensors::zeros(&shapes, Device::Cpu)?;
        for (index, mut view) in parameters.views()?.into_iter().enumerate() {
            let bound = if index < 2 { 1.0 } else { 1.0 / (hidden as f64).sqrt() };
            let _ = view.f_uniform_(-bound, bound)?;
        }
        let parameters = parameters.to_device(device)?;
        let grads = FlatTensors::zeros(&shapes, device)?;
        let optimizer = Adam::new(&shapes, settings.lr, device)?;
        Ok(Self { weight_decay: settings.weight_decay, parameters, grads, optimizer, data })
    }

    /// Hidden activations `[hidden, n, count]` and outputs `[1, n, count]` of `x [1, n, count]`.
    fn forward(&self, x: &Tensor) -> Result<(Tensor, Tensor), TchError> {
        let p = self.parameters.views()?;
        let hidden = p[1].f_addcmul(&p[0], x)?.f_tanh()?;
        let outputs = hidden.f_mul(&p[2])?.f_sum_dim_intlist([0_i64].as_slice(), true, None)?.f_add(&p[3])?;
        Ok((hidden, outputs))
    }

    fn predict(&self, x: &Tensor) -> Result<Tensor, TchError> {
        self.forward(x)?.1.f_squeeze_dim(0)?.f_tr()?.f_to_kind(Kind::Double)?.f_contiguous()
    }

    fn errors(&self) -> Result<Tensor, TchError> {
        let targets = self.data.y.f_squeeze_dim(0)?.f_tr()?.f_to_kind(Kind::Double)?;
        self.predict(&self.data.x)?.f_sub(&targets)?.f_square()?.f_mean_dim(1, false, None)
    }

    fn step(&mut self) -> Result<Tensor, TchError> {
        let (hidden, outputs) = self.forward(&self.data.x)?;
        let residual = outputs.f_sub(&self.data.y)?;
        self.backward(&self.data.x, &hidden, &residual)?;
        if self.weight_decay > 0.0 {
            let decay = self.parameters.flat.f_mul_scalar(self.weight_decay)?;
            let _ = self.grads.flat.f_add_(&decay)?;
        }
        self.optimizer.step(&mut self.parameters.flat, &self.grads.flat)?;
        residual.f_square()?.f_mean(None)
    }

    fn backward(&self, x: &Tensor, hidden: &Tensor, residual: &Tensor) -> Result<(), TchError> {
        let weight = &self.parameters.views()?[2];
        let g = self.grads.views()?;
        let points: &[i64] = &[1];
        let grad = residual.f_mul_scalar(2.0 / residual.size()[1] as f64)?;
        let _ = hidden.f_mul(&grad)?.f_sum_intlist_out(&g[2], points, true, None)?;
        let _ = grad.f_sum_intlist_out(&g[3], points, true, None)?;
        let grad = Tensor::f_tanh_backward(&grad.f_mul(weight)?, hidden)?;
        let _ = grad.f_mul(x)?.f_sum_intlist_out(&g[0], points, true, None)?;
        let _ = grad.f_sum_intlist_out(&g[1], points, true, None)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::random::NumpyRandom;
    use crate::torch::testing::seeded;

    /// Autograd is the oracle.
    #[test]
    fn gradients_equal_autograds() {
        let _torch = seeded(0);
        let settings = Settings { count: 3, hidden: 5, lr: 0.01, weight_decay: 0.0 };
        let data = Training::draw(3, 7, 0.3, &mut NumpyRandom::seed(0), Device::Cpu).unwrap();
        let mut nets = Group::new(settings, data.first(7).unwrap()).unwrap();
        let leaf = nets.parameters.flat.copy().set_requires_grad(true);
        let mut copy = Group::new(settings, data.first(7).unwrap()).unwrap();
        copy.parameters.flat = leaf.shallow_clone();
        let loss = (copy.forward(&data.x).unwrap().1 - &data.y).square().mean_dim(1, false, None).sum(Kind::Float);
        let expected = Tensor::run_backward(&[loss], &[leaf], false, false).remove(0);
        let _ = nets.step().unwrap();
        let furthest = (&nets.grads.flat - &expected).abs().max().double_value(&[]);
        assert!(expected.abs().max().double_value(&[]) > 0.1 && furthest < 1e-6, "{furthest}");
    }

    // rng = np.random.RandomState(7)
    // for _ in range(3*6): u = 2*rng.random_sample() - 1; xs.append(u); ys.append(rng.normal(np.sin(2*np.pi*u), 0.3))
    // x, y = torch.tensor(xs).view(3, 6, 1).float(), torch.tensor(ys).view(3, 6, 1).float(); torch.manual_seed(7)
    // w1, b1, w2, b2 = U(1), U(1), U(0.5), torch.empty(1, 1, 3).uniform_(-0.5, 0.5)   # U(b): empty(4, 1, 3).uniform_(-b, b)
    // opt = torch.optim.Adam([p.permute(2, 1, 0) of each], lr=0.02, weight_decay=1e-3); 100 steps of
    // loss = ((tanh(x @ w1 + b1) @ w2.transpose(1, 2) + b2 - y)**2).mean((1, 2)).sum()
    #[test]
    fn a_hundred_steps_equal_pythons() {
        let data = Training::draw(3, 6, 0.3, &mut NumpyRandom::seed(7), Device::Cpu).unwrap();
        let _torch = seeded(7);
        let settings = Settings { count: 3, hidden: 4, lr: 0.02, weight_decay: 1e-3 };
        let mut nets = Replicas::new(settings, &data).unwrap();
        (0..100).for_each(|_| drop(nets.step().unwrap()));
        let close = |found: Tensor, expected: [f64; 3]| {
            let difference = (found - Tensor::from_slice(&expected)).abs().max().double_value(&[]);
            // float32 sums in another order, over 100 steps.
            assert!(difference < 1e-4, "{difference}");
        };
        close(
            nets.predict(&data.x).unwrap().select(1, 0),
            [1.0857229232788086, 0.3333519697189331, 0.03486764430999756],
        );
        close(nets.errors().unwrap(), [0.2591865658760071, 0.6150501370429993, 0.13387110829353333]);
    }

    /// A net trained among others equals the same net trained alone.
    #[test]
    fn nothing_flows_between_the_nets() {
        let settings = Settings { count: 2, hidden: 4, lr: 0.02, weight_decay: 1e-3 };
        let data = Training::draw(2, 6, 0.3, &mut NumpyRandom::seed(1), Device::Cpu).unwrap();
        let train = |data: &Training| {
            let _torch = seeded(5);
            let mut nets = Replicas::new(settings, data).unwrap();
            (0..50).for_each(|_| drop(nets.step().unwrap()));
            nets.predict(&data.x).unwrap().get(0)
        };
        let other = Training { x: data.x.copy(), y: data.y.copy() };
        let _ = other.y.select(2, 1).fill_(9.0);
        assert!((train(&data) - train(&other)).abs().max().double_value(&[]) < 1e-6);
    }

    #[test]
    fn weight_decay_makes_weights_smaller() {
        let data = Training::draw(2, 6, 0.3, &mut NumpyRandom::seed(1), Device::Cpu).unwrap();
        let norm = |weight_decay| {
            let _torch = seeded(5);
            let settings = Settings { count: 2, hidden: 4, lr: 0.02, weight_decay };
            let mut nets = Replicas::new(settings, &data).unwrap();
            (0..300).for_each(|_| drop(nets.step().unwrap()));
            nets.0[0].parameters.flat.norm().double_value(&[])
        };
        assert!(norm(0.1) < 0.8 * norm(0.0), "{} {}", norm(0.1), norm(0.0));
    }

    /// Half a grain for each net: two groups, the second with one net.
    #[test]
    fn groups_stay_below_the_grain_and_in_order() {
        let _torch = seeded(0);
        let data = Training::draw(3, 1, 0.3, &mut NumpyRandom::seed(1), Device::Cpu).unwrap();
        let settings = Settings { count: 3, hidden: GRAIN / 2, lr: 1e-4, weight_decay: 0.0 };
        let mut nets = Replicas::new(settings, &data).unwrap();
        assert_eq!(nets.0.iter().map(|group| group.data.x.size()[2]).collect::<Vec<_>>(), [2, 1]);
        (0..200).for_each(|_| drop(nets.step().unwrap()));
        // Each has learnt its own point, so each must have been asked about its own x.
        let distance = (nets.predict(&data.x).unwrap() - data.y.squeeze_dim(0).tr()).abs().max().double_value(&[]);
        assert!(distance < 0.05, "{distance}");
    }
}
