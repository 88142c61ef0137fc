//! libtorch's memory as slices, each for as long as a closure runs.
#![allow(unsafe_code, reason = "each block says why it holds")]

use anyhow::{Result, ensure};
use std::marker::PhantomData;
use tch::{Device, Kind, Tensor};

/// The numbers of a contiguous tensor on the CPU, checked once.
///
/// tch lets any handle write to the memory that tensors share, so a slice that outlived a call could change under its
/// reader. Here a slice lives as long as the closure that takes it; the closure must not use a tensor that shares the memory.
#[derive(Debug)]
pub struct Numbers<T> {
    /// With sizes of its own, so that no other handle can resize it.
    tensor: Tensor,
    length: usize,
    kind: PhantomData<T>,
}

/// float32.
pub type Floats = Numbers<f32>;
/// float64.
pub type Doubles = Numbers<f64>;
/// int64.
pub type Integers = Numbers<i64>;

/// A number that tensors hold.
pub trait Number: Copy {
    const KIND: Kind;
}

impl Number for f32 {
    const KIND: Kind = Kind::Float;
}

impl Number for f64 {
    const KIND: Kind = Kind::Double;
}

impl Number for i64 {
    const KIND: Kind = Kind::Int64;
}

impl<T: Number> Numbers<T> {
    /// Those of `tensor`, whose memory is shared, not copied.
    pub fn of(tensor: &Tensor) -> Result<Self> {
        ensure!(
            tensor.device() == Device::Cpu && tensor.kind() == T::KIND && tensor.is_contiguous(),
            "a tensor of dtype {:?} on {:?}, expected {:?}, contiguous, on the CPU",
            tensor.kind(),
            tensor.device(),
            T::KIND
        );
        Ok(Self { tensor: tensor.f_detach()?, length: tensor.numel(), kind: PhantomData })
    }

    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether the numbers stand at this address.
    pub fn starts_at(&self, address: *mut std::ffi::c_void) -> bool {
        self.tensor.data_ptr() == address
    }

    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Hands the numbers to `look`.
    pub fn read<R>(&self, look: impl FnOnce(&[T]) -> R) -> R {
        if self.length == 0 {
            return look(&[]);
        }
        // SAFETY: `of` saw `length` numbers of this kind in a row; this tensor's own sizes and its share of the storage keep
        // them there. The slice cannot leave the closure, in which nothing writes to the tensor.
        look(unsafe { std::slice::from_raw_parts(self.tensor.data_ptr().cast(), self.length) })
    }

    /// Hands the numbers to `change`, to write to.
    pub fn write<R>(&mut self, change: impl FnOnce(&mut [T]) -> R) -> R {
        if self.length == 0 {
            return change(&mut []);
        }
        // SAFETY: as in `read`; and in the closure nothing else uses the memory.
        change(unsafe { std::slice::from_raw_parts_mut(self.tensor.data_ptr().cast(), self.length) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_stands_in_the_tensor() {
        let tensor = Tensor::from_slice(&[1.0_f32, 2.0]);
        let mut numbers = Floats::of(&tensor).unwrap();
        numbers.write(|numbers| numbers[1] = 5.0);
        assert_eq!(Vec::<f32>::try_from(&tensor).unwrap(), [1.0, 5.0]);
        assert_eq!(numbers.read(<[f32]>::to_vec), [1.0, 5.0]);
        assert!(Integers::of(&Tensor::from_slice(&[0_i64; 0])).unwrap().read(<[i64]>::is_empty));
    }

    #[test]
    fn a_tensor_that_is_none_of_this_kind_in_a_row_is_refused() {
        let matrix = Tensor::from_slice(&[1.0_f32, 2.0, 3.0, 4.0]).view([2, 2]);
        assert!(Floats::of(&matrix.tr()).unwrap_err().to_string().contains("contiguous"));
        assert!(Integers::of(&matrix).unwrap_err().to_string().contains("expected Int64"));
    }
}
