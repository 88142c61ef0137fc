//! The values of a recorded tensor.

use anyhow::{Result, bail};
use safetensors::tensor::Dtype;

/// Values of a tensor, row-major.
#[derive(Debug, Clone, PartialEq)]
pub enum Tensor {
    Float32(Vec<f32>),
    Float64(Vec<f64>),
    Int64(Vec<i64>),
    /// Of another dtype, as float64 where that is exact.
    Other(Vec<f64>),
}

impl Tensor {
    pub(super) fn of(dtype: Dtype, bytes: &[u8]) -> Result<Self> {
        fn numbers<const N: usize, T>(bytes: &[u8], read: impl Fn([u8; N]) -> T) -> Vec<T> {
            bytes.as_chunks::<N>().0.iter().map(|&chunk| read(chunk)).collect()
        }
        Ok(match dtype {
            Dtype::F32 => Self::Float32(numbers(bytes, f32::from_le_bytes)),
            Dtype::F64 => Self::Float64(numbers(bytes, f64::from_le_bytes)),
            Dtype::I64 => Self::Int64(numbers(bytes, i64::from_le_bytes)),
            Dtype::I32 => Self::Other(numbers(bytes, |four| i32::from_le_bytes(four).into())),
            Dtype::I16 => Self::Other(numbers(bytes, |two| i16::from_le_bytes(two).into())),
            Dtype::I8 => Self::Other(numbers(bytes, |one| i8::from_le_bytes(one).into())),
            Dtype::U8 | Dtype::BOOL => Self::Other(bytes.iter().map(|&byte| byte.into()).collect()),
            Dtype::BF16 => Self::Other(numbers(bytes, |[low, high]| f32::from_le_bytes([0, 0, low, high]).into())),
            Dtype::F16 => Self::Other(numbers(bytes, |two| half(u16::from_le_bytes(two)))),
            other => bail!("values of dtype {other}, which is none of a record's"),
        })
    }

    /// float64, exact but for integers beyond 2⁵³.
    pub fn wide(&self) -> Vec<f64> {
        match self {
            Self::Float32(values) => values.iter().map(|&value| value.into()).collect(),
            Self::Int64(values) => values.iter().map(|&value| value as f64).collect(),
            Self::Float64(values) | Self::Other(values) => values.clone(),
        }
    }

    pub fn is_float32(&self) -> bool {
        matches!(self, Self::Float32(_))
    }
}

/// An IEEE half-precision number.
fn half(bits: u16) -> f64 {
    let (sign, exponent, mantissa) = (bits >> 15, i32::from(bits >> 10 & 31), f64::from(bits & 1023));
    let size = match exponent {
        0 => mantissa * 2_f64.powi(-24),
        31 if mantissa == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        exponent => (1024.0 + mantissa) * 2_f64.powi(exponent - 25),
    };
    if sign == 1 { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_precision_is_read() {
        let read = [0x3C00, 0xC000, 0x0001, 0x7BFF, 0xFC00].map(half);
        assert_eq!(read, [1.0, -2.0, 2_f64.powi(-24), 65504.0, f64::NEG_INFINITY]);
        assert!(half(0x7E00).is_nan());
    }
}
