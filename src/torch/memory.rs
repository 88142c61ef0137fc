//! libtorch's memory as slices.
#![allow(unsafe_code, reason = "each block says why it holds")]

use anyhow::{Result, ensure};
use tch::{Device, Kind, Tensor};

/// The numbers of a contiguous float32 tensor on the CPU. While the slice lives nothing may write to the tensor, nor to
/// another that shares its memory.
pub fn floats(tensor: &Tensor) -> Result<&[f32]> {
    check(tensor, Kind::Float)?;
    // SAFETY: `check` saw `numel` float32 numbers in a row at `data_ptr`, and the tensor, which is borrowed, keeps them.
    Ok(unsafe { slice(tensor.data_ptr().cast(), tensor.numel()) })
}

/// As [`floats`], of an int64 tensor.
pub fn integers(tensor: &Tensor) -> Result<&[i64]> {
    check(tensor, Kind::Int64)?;
    // SAFETY: as in `floats`.
    Ok(unsafe { slice(tensor.data_ptr().cast(), tensor.numel()) })
}

/// As [`floats`], to write to. While the slice lives nothing may use a tensor that shares its memory.
pub fn floats_mut(tensor: &mut Tensor) -> Result<&mut [f32]> {
    check(tensor, Kind::Float)?;
    if tensor.numel() == 0 {
        return Ok(&mut []);
    }
    // SAFETY: as in `floats`; `&mut` keeps this tensor from being used meanwhile.
    Ok(unsafe { std::slice::from_raw_parts_mut(tensor.data_ptr().cast(), tensor.numel()) })
}

/// # Safety
/// `length` values of `T` lie at `data` and stay as they are for `'a`; an empty slice may come with a null pointer.
unsafe fn slice<'a, T>(data: *const T, length: usize) -> &'a [T] {
    // SAFETY: the caller's, and an empty slice does not look at `data`.
    if length == 0 { &[] } else { unsafe { std::slice::from_raw_parts(data, length) } }
}

fn check(tensor: &Tensor, kind: Kind) -> Result<()> {
    ensure!(
        tensor.device() == Device::Cpu && tensor.kind() == kind && tensor.is_contiguous(),
        "a tensor of dtype {:?} on {:?}, expected {kind:?}, contiguous, on the CPU",
        tensor.kind(),
        tensor.device()
    );
    Ok(())
}
