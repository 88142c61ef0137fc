//! Where a program runs: `auto`, `cpu`, `cuda`, `cuda:N`. A device that was asked for and is absent is an error.

use crate::choices::names::unknown;
use crate::torch::libtorch;
use anyhow::{Result, bail};
use std::path::Path;
use std::str::FromStr;
use tch::{Cuda, Device};

/// One of them is there where an NVIDIA driver is: on Linux, in a container, in WSL.
const DRIVERS: [&str; 3] = ["/proc/driver/nvidia/version", "/dev/nvidiactl", "/dev/dxg"];

/// The values of `--device`.
pub const NAMES: [&str; 4] = ["auto", "cpu", "cuda", "cuda:N"];

/// What `--device` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceChoice {
    Auto,
    Cpu,
    Cuda(usize),
}

impl FromStr for DeviceChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.strip_prefix("cuda:").map(str::parse)) {
            ("auto", _) => Ok(Self::Auto),
            ("cpu", _) => Ok(Self::Cpu),
            ("cuda", _) => Ok(Self::Cuda(0)),
            (_, Some(Ok(index))) => Ok(Self::Cuda(index)),
            _ => Err(unknown(text, &NAMES)),
        }
    }
}

impl DeviceChoice {
    /// The device itself; `auto` is the first CUDA device when there is one, else the processor.
    pub fn resolve(self) -> Result<Device> {
        if self == Self::Cpu {
            return Ok(Device::Cpu);
        }
        match (self, CudaState::look()?) {
            (Self::Cuda(index), CudaState::Ready(count)) if index >= count => {
                bail!("--device cuda:{index}: there are {count} CUDA devices, numbered from 0")
            }
            (Self::Cuda(index), CudaState::Ready(_)) => Ok(Device::Cuda(index)),
            (Self::Cuda(index), state) => {
                bail!("--device cuda:{index}: {}; {}, or use --device cpu", state.found(), state.remedy())
            }
            (_, CudaState::Ready(_)) => Ok(Device::Cuda(0)),
            _ => Ok(Device::Cpu),
        }
    }
}

/// Whether CUDA can be used, and if not, why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CudaState {
    /// So many devices.
    Ready(usize),
    /// libtorch has no CUDA part; `driver`: an NVIDIA driver is there all the same.
    CpuBuild {
        driver: bool,
    },
    /// libtorch has a CUDA part, but the loader refuses it: its words.
    Broken(String),
    NoDriver,
    NoDevice,
}

impl CudaState {
    pub fn look() -> Result<Self> {
        let driver = DRIVERS.iter().any(|file| Path::new(file).exists());
        if !libtorch::load()?.has_cuda() {
            return Ok(Self::CpuBuild { driver });
        }
        if !driver {
            return Ok(Self::NoDriver);
        }
        if let Err(why) = libtorch::load_cuda()? {
            return Ok(Self::Broken(why));
        }
        let count = if Cuda::is_available() { Cuda::device_count() as usize } else { 0 };
        Ok(if count > 0 { Self::Ready(count) } else { Self::NoDevice })
    }

    /// What was found, in words.
    pub fn found(&self) -> String {
        match self {
            Self::Ready(count) => format!("{count} devices"),
            Self::CpuBuild { driver: false } => "libtorch is a CPU build".into(),
            Self::CpuBuild { driver: true } => "an NVIDIA driver is here, but libtorch is a CPU build".into(),
            Self::Broken(why) => format!("{}: {why}", libtorch::CUDA_PART),
            Self::NoDriver => format!("CUDA build, no driver: {} is missing", DRIVERS[0]),
            Self::NoDevice => "CUDA build and driver, but no device is visible".into(),
        }
    }

    /// What makes CUDA usable.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Ready(_) => "nothing to mend",
            Self::CpuBuild { .. } => {
                "run `scripts/setup --cuda && cargo build --release`, or let LIBTORCH name a CUDA build"
            }
            Self::Broken(_) => {
                "see that the CUDA libraries of torch's wheel are whole: `pip install --force-reinstall torch`"
            }
            Self::NoDriver => "install the NVIDIA driver",
            Self::NoDevice => "look at CUDA_VISIBLE_DEVICES and `nvidia-smi`",
        }
    }
}

/// `cpu` or `cuda:N`, as PyTorch prints it.
pub fn name(device: Device) -> String {
    match device {
        Device::Cuda(index) => format!("cuda:{index}"),
        _ => "cpu".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn device_names_are_pytorchs() {
        assert_eq!("cuda:3".parse(), Ok(DeviceChoice::Cuda(3)));
        assert_eq!("cuda".parse(), Ok(DeviceChoice::Cuda(0)));
        assert!("tpu".parse::<DeviceChoice>().is_err());
        assert!("cuda:x".parse::<DeviceChoice>().is_err());
    }
}
