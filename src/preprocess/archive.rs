//! The pipeline as a TorchScript file, written without libtorch: a zip with the code of one class and a pickle of its buffers, as
//! `torch.jit.save` lays them out (`torch/csrc/jit/docs/serialization.md` in PyTorch's source).

use super::pipeline::Pipeline;
use crate::torch::archive::{self, Files};
use anyhow::{Context, Result};
use std::fmt::Write;

/// The format of TorchScript's files since PyTorch 1.6, in which dividing whole numbers gives a fraction.
const VERSION: &[u8] = b"4\n";

impl Pipeline {
    /// The bytes of a file that `torch.jit.load` opens as a module with `forward` and with the constants as buffers.
    pub fn archive(&self) -> Result<Vec<u8>> {
        let constants = self.constants();
        let mut files = Files::from([
            ("version".into(), VERSION.to_vec()),
            ("byteorder".into(), b"little".to_vec()),
            ("constants.pkl".into(), b"\x80\x02).".to_vec()),
            ("code/__torch__.py".into(), self.class(&constants)?.into_bytes()),
            ("data.pkl".into(), pickle(&constants)?),
        ]);
        for (key, (_, values)) in constants.iter().enumerate() {
            files.insert(format!("data/{key}"), values.iter().flat_map(|value| value.to_le_bytes()).collect());
        }
        archive::write(&files)
    }

    /// The class in the form that TorchScript has in a file: typed, two blanks a step.
    fn class(&self, constants: &[(String, Vec<f64>)]) -> Result<String> {
        let names: String = constants.iter().map(|(name, _)| format!("{name:?}, ")).collect();
        let mut text =
            format!("class Preprocess(Module):\n  __parameters__ = []\n  __buffers__ = [{names}]\n  training : bool\n");
        for (name, _) in constants {
            writeln!(text, "  {name} : Tensor")?;
        }
        let source = self.source()?;
        let body = source.split_once('\n').context("a method without a body")?.1;
        text += "  def forward(self: __torch__.Preprocess,\n    x: Tensor) -> Tensor:\n";
        text += body;
        Ok(text)
    }
}

/// The module: an object of the class with its attributes, each buffer a view of `data/<key>`.
fn pickle(constants: &[(String, Vec<f64>)]) -> Result<Vec<u8>> {
    let mut bytes = b"\x80\x02c__torch__\nPreprocess\n)\x81}(".to_vec();
    text(&mut bytes, "training")?;
    bytes.push(0x89);
    for (key, (name, values)) in constants.iter().enumerate() {
        let count = i32::try_from(values.len()).context("too many constants")?.to_le_bytes();
        text(&mut bytes, name)?;
        bytes.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
        text(&mut bytes, "storage")?;
        bytes.extend(b"ctorch\nDoubleStorage\n");
        text(&mut bytes, &key.to_string())?;
        text(&mut bytes, "cpu")?;
        // How many are stored; then from where, the shape, the strides, no gradient, no hooks.
        bytes.extend(
            [b"J".as_slice(), &count, b"tQK\x00(J", &count, b"t(K\x01t\x89ccollections\nOrderedDict\n)RtR"].concat(),
        );
    }
    bytes.extend(b"ub.");
    Ok(bytes)
}

fn text(bytes: &mut Vec<u8>, text: &str) -> Result<()> {
    bytes.push(b'X');
    bytes.extend(u32::try_from(text.len())?.to_le_bytes());
    bytes.extend(text.as_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::choices::{ColumnChoice, Encode, Impute, Unseen};
    use super::super::dates::{Date, DatePart};
    use super::super::inputs::{Category, Inputs, Number};
    use super::super::tensors;
    use super::*;
    use crate::torch::script::Module;
    use tch::{Device, Kind};

    /// Two number columns, a time with every part, three categories, gaps in each.
    fn pipeline(raw: &[Vec<f64>]) -> Pipeline {
        let filled = ColumnChoice { impute: Impute::Mean, indicator: true, ..ColumnChoice::default() };
        let numbers = ["a", "b"].map(|name| Number { name: name.into(), choice: filled.clone() }).to_vec();
        let parts = DatePart::NAMES.iter().map(|name| name.parse().unwrap()).collect();
        let dates = vec![Date { name: "t".into(), parts, choice: filled }];
        let category = |name: &str, encode, unseen| Category {
            name: name.into(),
            values: ["x", "y", "z"].map(Into::into).to_vec().into(),
            choice: ColumnChoice { impute: Impute::MostFrequent, encode, unseen, ..ColumnChoice::default() },
        };
        let categories = vec![
            category("onehot", Encode::Onehot, Unseen::Other),
            category("label", Encode::Label, Unseen::Ignore),
            category("plain", Encode::Label, Unseen::Error),
        ];
        Pipeline::fit(&Inputs { numbers, dates, categories }, |index| Ok(raw[index].clone())).unwrap()
    }

    fn raw() -> Vec<Vec<f64>> {
        let gaps = |column: usize, of: &dyn Fn(usize) -> f64| {
            (0..500).map(|row| if (row * 7 + column).is_multiple_of(11) { f64::NAN } else { of(row) }).collect()
        };
        vec![
            gaps(0, &|row| (row as f64 * 0.37).sin() * 1e6),
            gaps(1, &|row| 1e-7 / (row + 1) as f64),
            gaps(2, &|row| row as f64 * 7_654_321.0 - 2e9),
            gaps(3, &|row| (row % 4) as f64),
            gaps(4, &|row| (row % 4) as f64),
            gaps(5, &|row| (row % 3) as f64),
        ]
    }

    // libtorch's own answers, from the module that goes into model files and from the file written here.
    #[test]
    fn the_file_and_what_is_computed_without_libtorch_are_the_modules_answers_to_the_bit() {
        let raw = raw();
        let pipeline = pipeline(&raw);
        let x = tensors::from_columns(&raw, Kind::Double, Device::Cpu).unwrap();
        let module = Module::new("Preprocess").unwrap();
        pipeline.buffers().unwrap().iter().for_each(|(name, buffer)| module.buffer(name, buffer).unwrap());
        module.define(&pipeline.source().unwrap()).unwrap();
        let written = Module::load(&pipeline.archive().unwrap(), Device::Cpu).unwrap();
        let applied = pipeline.apply(&raw);
        for module in [module, written] {
            let y = module.call("forward", &x).unwrap();
            assert_eq!(y.size(), [500, applied.len() as i64]);
            for (index, column) in applied.iter().enumerate() {
                let expected = Vec::<f32>::try_from(y.select(1, index as i64).contiguous()).unwrap();
                let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
                assert_eq!(bits(column), bits(&expected), "feature {index}");
            }
        }
    }
}
