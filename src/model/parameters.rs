//! All parameters of a network as views into one buffer, so that an optimizer step is one sweep.

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
    shapes: Vec<Shape>,
}

impl FlatTensors {
    /// A zeroed buffer for `shapes`.
    pub fn zeros(shapes: &[Shape], device: Device) -> Result<Self, TchError> {
        let length = shapes.iter().map(Shape::padded).sum::<i64>();
        Ok(Self { flat: Tensor::f_zeros([length], (Kind::Float, device))?, shapes: shapes.to_vec() })
    }

    pub fn shapes(&self) -> &[Shape] {
        &self.shapes
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
    pub fn named(&self) -> Result<Vec<(String, Tensor)>, TchError> {
        Ok(self.shapes.iter().map(|shape| shape.name.clone()).zip(self.views()?).collect())
    }

    /// Enters the views into `store` as trainable variables: `fc1.weight` becomes `weight` under the path `fc1`.
    pub fn register(&self, store: &VarStore) -> Result<(), TchError> {
        for (name, view) in self.named()? {
            let (path, leaf) = name.rsplit_once('.').unwrap_or(("", &name));
            let place = if path.is_empty() { store.root() } else { store.root() / path };
            let _ = place.add(leaf, view, true);
        }
        Ok(())
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
