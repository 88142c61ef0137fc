//! Kernels of our own: compiled while the program runs, for the card that is there, and started on libtorch's tensors.
//!
//! Both libraries are looked for only then: NVRTC, which lies beside libtorch's own CUDA libraries, and the driver.

mod driver;
#[cfg(test)]
pub mod emulated;
mod library;
mod nvrtc;

use anyhow::{Context, Result, ensure};
use tch::{Device, Tensor};

/// What a kernel is given.
#[derive(Debug, Clone, Copy)]
pub enum Argument<'a> {
    /// Where a contiguous tensor's numbers are.
    Numbers(&'a Tensor),
    /// A pointer to nothing.
    Nothing,
    Int(i32),
    Long(i64),
    Real(f32),
}

impl<'a> From<Option<&'a Tensor>> for Argument<'a> {
    fn from(tensor: Option<&'a Tensor>) -> Self {
        tensor.map_or(Self::Nothing, Self::Numbers)
    }
}

/// One call of a kernel.
#[derive(Debug, Clone, Copy)]
pub struct Launch<'a> {
    pub kernel: &'static str,
    pub blocks: u32,
    pub threads: u32,
    /// Bytes of shared memory that a block is given.
    pub shared: usize,
    pub arguments: &'a [Argument<'a>],
}

/// A compiled source.
pub enum Program {
    Card(driver::Module),
    #[cfg(test)]
    Processor(emulated::Library),
}

impl Program {
    /// Compiles `source` for the card `device`. An error is one line, which says what is missing.
    pub fn compile(source: &str, device: Device) -> Result<Self> {
        let Device::Cuda(index) = device else { anyhow::bail!("{device:?} is no CUDA device") };
        let compile = || {
            let card = driver::Card::new(index)?;
            let code = nvrtc::compile(source, card.capability)?;
            card.load(&code)
        };
        let module = compile().with_context(|| format!("kernels for cuda:{index} (--engine exact needs none)"))?;
        Ok(Self::Card(module))
    }

    /// Starts a kernel in the order of libtorch's own on the same card; it is not waited for.
    pub fn launch(&self, launch: &Launch<'_>) -> Result<()> {
        let values = launch.arguments.iter().map(Argument::value).collect::<Result<Vec<u64>>>()?;
        match self {
            Self::Card(module) => module.launch(launch, &values),
            #[cfg(test)]
            Self::Processor(library) => library.launch(launch, &values),
        }
    }
}

/// The most bytes of shared memory that a block on `device` can be given.
pub fn shared_memory(device: Device) -> Result<usize> {
    match device {
        Device::Cuda(index) => Ok(driver::Card::new(index)?.shared),
        _ => Ok(usize::MAX),
    }
}

/// Whether there is a runtime compiler; the error says where it was looked for.
#[cfg(test)]
pub fn can_compile() -> Result<()> {
    library::compiler().map(drop)
}

/// What a card of this compute capability would be given: 90 stands for 9.0.
#[cfg(test)]
pub fn machine_code(source: &str, capability: i32) -> Result<Vec<u8>> {
    nvrtc::compile(source, capability)
}

impl Argument<'_> {
    /// Its bytes, the lowest first, as a kernel's parameter has them.
    fn value(&self) -> Result<u64> {
        Ok(match *self {
            Self::Numbers(tensor) => {
                ensure!(tensor.is_contiguous(), "a tensor with gaps, expected a contiguous one");
                tensor.data_ptr() as u64
            }
            Self::Nothing => 0,
            Self::Int(value) => u64::from(value.cast_unsigned()),
            Self::Long(value) => value.cast_unsigned(),
            Self::Real(value) => u64::from(value.to_bits()),
        })
    }
}
