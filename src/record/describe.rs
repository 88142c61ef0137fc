//! What is written down of a tensor: a hash of its bytes, and four statistics.

use super::format::Number;
use crate::torch::named::dtype;
use anyhow::Result;
use blake2::digest::consts::U16;
use blake2::{Blake2b, Digest};
use std::collections::VecDeque;
use tch::{Device, Kind, Tensor};

/// Contents that are compared with what comes next: what one module gives, the next one takes.
const REMEMBERED: usize = 4;

/// A tensor in a record.
#[derive(Clone)]
pub(super) struct Description {
    pub(super) dtype: String,
    pub(super) shape: Vec<i64>,
    pub(super) hash: String,
    /// min, max, mean and 2-norm, in float64; of a tensor without elements none.
    pub(super) statistics: Option<[Number; 4]>,
}

/// Describes tensors that come one after the other.
#[derive(Default)]
pub(super) struct Describer {
    last: VecDeque<(Vec<u8>, Description)>,
}

impl Describer {
    /// Describes `tensor`, which is on the CPU and contiguous.
    pub(super) fn describe(&mut self, tensor: &Tensor) -> Result<Description> {
        let (dtype, shape) = (dtype(tensor), tensor.size());
        let mut bytes = vec![0; tensor.numel() * tensor.kind().elt_size_in_bytes()];
        tensor.f_copy_data_u8(&mut bytes, tensor.numel())?;
        let equal = |(content, known): &&(Vec<u8>, Description)| known.dtype == dtype && *content == bytes;
        if let Some((_, known)) = self.last.iter().find(equal) {
            return Ok(Description { shape, ..known.clone() });
        }
        let statistics = if bytes.is_empty() { None } else { Some(statistics(tensor, &bytes)?) };
        let description = Description { dtype, shape, hash: hash(&bytes), statistics };
        self.last.truncate(REMEMBERED - 1);
        self.last.push_front((bytes, description.clone()));
        Ok(description)
    }
}

/// Describes `tensor`, which is on the CPU and contiguous.
pub(super) fn describe(tensor: &Tensor) -> Result<Description> {
    Describer::default().describe(tensor)
}

/// The tensor where [`describe`] can read it; the memory is its own if the tensor's might change.
pub(super) fn settled(tensor: &Tensor) -> Result<Tensor> {
    Ok(tensor.f_detach()?.f_to_device(Device::Cpu)?.f_contiguous()?)
}

/// BLAKE2b of 128 bits, as 32 hexadecimal digits.
pub(super) fn hash(bytes: &[u8]) -> String {
    Blake2b::<U16>::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn statistics(tensor: &Tensor, bytes: &[u8]) -> Result<[Number; 4]> {
    if tensor.kind() == Kind::Float {
        return Ok(of(bytes.as_chunks().0.iter().map(|&four| f64::from(f32::from_le_bytes(four)))));
    }
    let wide = Vec::<f64>::try_from(tensor.f_view(-1)?.f_to_kind(Kind::Double)?)?;
    Ok(of(wide.into_iter()))
}

fn of(numbers: impl ExactSizeIterator<Item = f64>) -> [Number; 4] {
    let count = numbers.len() as f64;
    let (mut min, mut max, mut sum, mut squares) = (f64::INFINITY, f64::NEG_INFINITY, 0.0, 0.0);
    for value in numbers {
        // As torch has it: of numbers with a NaN among them, NaN is the least and the greatest.
        min = if value < min || value.is_nan() { value } else { min };
        max = if value > max || value.is_nan() { value } else { max };
        sum += value;
        squares += value * value;
    }
    [min, max, sum / count, squares.sqrt()].map(Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    // t = torch.tensor([[1.5, -2.0], [0.0, 4.0]])
    // hashlib.blake2b(t.numpy().tobytes(), digest_size=16).hexdigest(), t.min(), t.max(), t.double().mean(), t.norm()
    #[test]
    fn a_description_is_pythons() {
        let tensor = Tensor::from_slice(&[1.5_f32, -2.0, 0.0, 4.0]).view([2, 2]);
        let found = describe(&tensor).unwrap();
        assert_eq!((found.dtype.as_str(), found.shape), ("float32", vec![2, 2]));
        assert_eq!(found.hash, "1627411d51ac5cbf2552fedadbc6aa45");
        assert_eq!(found.statistics.unwrap().map(|Number(value)| value), [-2.0, 4.0, 0.875, 4.716990566028302]);
        assert!(describe(&Tensor::from_slice::<f32>(&[])).unwrap().statistics.is_none());
        let with_nan = describe(&Tensor::from_slice(&[1.0_f32, f32::NAN, 0.0])).unwrap().statistics.unwrap();
        assert!(with_nan.iter().all(|Number(value)| value.is_nan()));
    }
}
