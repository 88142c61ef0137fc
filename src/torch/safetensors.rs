//! Named tensors as safetensors bytes, and back.

use crate::choices::names::absent;
use anyhow::{Context, Result, anyhow, bail};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use tch::{Device, Kind, Tensor};

/// Tensors under the names that Python gives them, in order.
pub type Named = Vec<(String, Tensor)>;

const DTYPES: [(Kind, Dtype); 4] =
    [(Kind::Float, Dtype::F32), (Kind::Double, Dtype::F64), (Kind::Int64, Dtype::I64), (Kind::Uint8, Dtype::U8)];

/// The bytes of a safetensors file; tensors of any device, of dtype float32, float64, int64 or uint8.
pub fn to_bytes(tensors: &[(String, Tensor)]) -> Result<Vec<u8>> {
    let mut parts = Vec::with_capacity(tensors.len());
    for (name, tensor) in tensors {
        let Some((_, dtype)) = DTYPES.iter().find(|(kind, _)| *kind == tensor.kind()) else {
            bail!("tensor {name}: dtype {:?} is not one that a safetensors file of ours holds", tensor.kind());
        };
        let tensor = tensor.f_detach()?.f_to_device(Device::Cpu)?.f_contiguous()?;
        let mut bytes = vec![0; tensor.numel() * tensor.kind().elt_size_in_bytes()];
        tensor.f_copy_data_u8(&mut bytes, tensor.numel())?;
        parts.push((name, *dtype, tensor.size().iter().map(|&n| n as usize).collect::<Vec<_>>(), bytes));
    }
    let views: Result<Vec<_>, _> = parts
        .iter()
        .map(|(name, dtype, size, bytes)| Ok((name, TensorView::new(*dtype, size.clone(), bytes)?)))
        .collect();
    let views = views.map_err(|error: safetensors::SafeTensorError| error)?;
    Ok(safetensors::serialize(views, None)?)
}

/// The tensors of a safetensors file, on the CPU, in the order of their names.
pub fn from_bytes(bytes: &[u8]) -> Result<Named> {
    let file =
        SafeTensors::deserialize(bytes).map_err(|_| anyhow!("damaged: not the tensors of a safetensors file"))?;
    let mut tensors = Vec::with_capacity(file.len());
    for (name, view) in file.iter() {
        let Some((kind, _)) = DTYPES.iter().find(|(_, dtype)| *dtype == view.dtype()) else {
            bail!("tensor {name}: dtype {}, expected F32, F64, I64 or U8", view.dtype());
        };
        let size: Vec<i64> = view.shape().iter().map(|&n| n as i64).collect();
        tensors.push((name.to_string(), Tensor::f_from_data_size(view.data(), &size, *kind)?));
    }
    tensors.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(tensors)
}

/// The names of the tensors in a safetensors file, without libtorch.
pub fn names(bytes: &[u8]) -> Result<Vec<String>> {
    let file =
        SafeTensors::deserialize(bytes).map_err(|_| anyhow!("damaged: not the tensors of a safetensors file"))?;
    Ok(file.names().into_iter().map(|name| name.to_string()).collect())
}

/// The tensor called `name`.
pub fn find<'a>(tensors: &'a [(String, Tensor)], name: &str) -> Result<&'a Tensor> {
    tensors.iter().find(|(other, _)| other == name).map(|(_, tensor)| tensor).with_context(|| {
        let names: Vec<&str> = tensors.iter().map(|(name, _)| name.as_str()).collect();
        format!("no tensor {}", absent(name, &names))
    })
}

/// The same values in memory of their own.
pub fn copy(tensor: &Tensor) -> Result<Tensor, tch::TchError> {
    let mut copy = tensor.f_empty_like()?;
    copy.f_copy_(tensor)?;
    Ok(copy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tensors_of_every_dtype_come_back_to_the_bit() {
        let tensors = vec![
            ("a".to_string(), Tensor::from_slice(&[1.5_f32, f32::MIN_POSITIVE, -0.0]).view([3, 1])),
            ("b".to_string(), Tensor::from_slice(&[0.1_f64, 5e-324])),
            ("c".to_string(), Tensor::from_slice(&[i64::MIN, 7])),
            ("d".to_string(), Tensor::from_slice(&[0_u8, 255])),
            ("e".to_string(), Tensor::from_slice(&[1.0_f32; 6]).view([2, 3]).tr()),
        ];
        for ((name, tensor), (found, back)) in tensors.iter().zip(from_bytes(&to_bytes(&tensors).unwrap()).unwrap()) {
            assert_eq!((name, tensor.size(), tensor.kind()), (&found, back.size(), back.kind()));
            assert!(tensor.equal(&back), "{name}");
        }
    }

    // safetensors.torch.save({"w": torch.tensor([[1.5], [-2.0]])}): the header's length, the header, the numbers.
    #[test]
    fn the_bytes_are_those_of_the_format() {
        let header = br#"{"w":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}}"#;
        let file = [&(header.len() as u64).to_le_bytes(), &header[..], &[0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0]].concat();
        let w = Tensor::from_slice(&[1.5_f32, -2.0]).view([2, 1]);
        assert_eq!(to_bytes(&[("w".to_string(), w.shallow_clone())]).unwrap(), file);
        let (name, read) = from_bytes(&file).unwrap().remove(0);
        assert_eq!((name.as_str(), read.size(), read.kind()), ("w", vec![2, 1], w.kind()));
        assert!(read.equal(&w));
    }

    #[test]
    fn bytes_that_are_no_safetensors_are_an_error() {
        assert!(from_bytes(b"").is_err());
        assert!(from_bytes(&[255; 64]).is_err());
    }
}
