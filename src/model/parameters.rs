//! All parameters of a network as views into one buffer, so that an optimizer step is one sweep.

use crate::torch::memory::Floats;
use crate::torch::named::dtype;
use crate::torch::safetensors::{self, Named};
use anyhow::{Context, Result, ensure};
use tch::nn::VarStore;
use tch::{Device, Kind, TchError, Tensor};

/// Every view starts on a 64-byte boundary, as a tensor of its own would: MKL's products depend on it.
const ALIGNMENT: i64 = 16;

/// Name and shape of one parameter, such as `fc1.weight` `[100, 2]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    pub name: String,
    pub size: Vec<i64>,
}

impl Shape {
    pub fn new(name: &str, size: &[i64]) -> Self {
        Self { name: name.into(), size: size.into() }
    }

    /// Number of elements.
    pub fn numel(&self) -> i64 {
        self.size.iter().product()
    }

    /// Elements that it takes in a [`FlatTensors`].
    pub fn padded(&self) -> i64 {
        (self.numel() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT
    }
}

/// One float32 buffer that holds tensors of the given shapes; the padding between them is zero and stays zero.
#[derive(Debug)]
pub struct FlatTensors {
    pub flat: Tensor,
    /// The buffer's numbers, where it is on the CPU.
    numbers: Option<Floats>,
    shapes: Vec<Shape>,
}

impl FlatTensors {
    /// A zeroed buffer for `shapes`.
    pub fn zeros(shapes: &[Shape], device: Device) -> Result<Self> {
        let length = shapes.iter().map(Shape::padded).sum::<i64>();
        Self::over(Tensor::f_zeros([length], (Kind::Float, device))?, shapes.to_vec())
    }

    fn over(flat: Tensor, shapes: Vec<Shape>) -> Result<Self> {
        let numbers = if flat.device() == Device::Cpu { Some(Floats::of(&flat)?) } else { None };
        Ok(Self { flat, numbers, shapes })
    }

    /// The same tensors on `device`.
    pub fn to_device(self, device: Device) -> Result<Self> {
        Self::over(self.flat.f_to_device(device)?, self.shapes)
    }

    /// The same memory once more.
    pub fn share(&self) -> Result<Self> {
        Self::over(self.flat.shallow_clone(), self.shapes.clone())
    }

    pub fn shapes(&self) -> &[Shape] {
        &self.shapes
    }

    /// Hands the whole buffer to `look`; an error where it is not on the CPU.
    pub fn read<R>(&self, look: impl FnOnce(&[f32]) -> R) -> Result<R> {
        Ok(self.numbers.as_ref().context("a buffer on a GPU, expected one on the CPU")?.read(look))
    }

    /// Hands the whole buffer to `change`, to write to; an error where it is not on the CPU.
    pub fn write<R>(&mut self, change: impl FnOnce(&mut [f32]) -> R) -> Result<R> {
        Ok(self.numbers.as_mut().context("a buffer on a GPU, expected one on the CPU")?.write(change))
    }

    /// The tensors as views, in the order of the shapes.
    pub fn views(&self) -> Result<Vec<Tensor>, TchError> {
        let mut offset = 0;
        let mut views = Vec::with_capacity(self.shapes.len());
        for shape in &self.shapes {
            views.push(self.flat.f_narrow(0, offset, shape.numel())?.f_view(shape.size.as_slice())?);
            offset += shape.padded();
        }
        Ok(views)
    }

    /// The views with their names.
    pub fn named(&self) -> Result<Named, TchError> {
        Ok(self.shapes.iter().map(|shape| shape.name.clone()).zip(self.views()?).collect())
    }

    /// Copies of the tensors, with their names under `prefix`.
    pub fn copies(&self, prefix: &str) -> Result<Named> {
        let named = self.named()?.into_iter();
        named.map(|(name, view)| Ok((format!("{prefix}{name}"), safetensors::copy(&view.f_detach()?)?))).collect()
    }

    /// Copies the tensors of these names under `prefix` into the buffer; each must have its shape and dtype.
    pub fn load(&self, from: &Named, prefix: &str) -> Result<()> {
        let _no_grad = tch::no_grad_guard();
        for (name, mut view) in self.named()? {
            let name = format!("{prefix}{name}");
            let found = safetensors::find(from, &name)?;
            ensure!(found.size() == view.size(), "{name}: shape {:?}, expected {:?}", found.size(), view.size());
            ensure!(found.kind() == view.kind(), "{name}: {}, expected {}", dtype(found), dtype(&view));
            view.f_copy_(found)?;
        }
        Ok(())
    }

    /// Enters the views into `store` as trainable variables, which it returns: `fc1.weight` becomes `weight` under the path
    /// `fc1`.
    pub fn register(&self, store: &VarStore) -> Result<Vec<Tensor>, TchError> {
        let enter = |(name, view): (String, Tensor)| {
            let view = view.f_detach()?;
            let (path, leaf) = name.rsplit_once('.').unwrap_or(("", &name));
            // A VarStore's names have no points: the path is gone down part by part.
            let parts = path.split('.').filter(|part| !part.is_empty());
            Ok(parts.fold(store.root(), |path, part| path / part).add(leaf, view, true))
        };
        self.named()?.into_iter().map(enter).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_share_the_buffer_and_do_not_overlap() {
        let shapes = [Shape::new("a.weight", &[3, 2]), Shape::new("a.bias", &[3])];
        let tensors = FlatTensors::zeros(&shapes, Device::Cpu).unwrap();
        let views = tensors.views().unwrap();
        let _ = views[0].shallow_clone().fill_(1.0);
        let _ = views[1].shallow_clone().fill_(2.0);
        assert_eq!(f64::try_from(tensors.flat.sum(Kind::Float)).unwrap(), 6.0 + 6.0);
        assert_eq!(views[1].data_ptr() as usize % 64, 0);
    }
}
