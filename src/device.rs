//! Where a program runs: `auto`, `cpu`, `cuda`, `cuda:N`. A device that was asked for and is absent is an error.

use anyhow::{Result, bail};
use std::path::Path;
use std::str::FromStr;
use tch::{Cuda, Device};

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
            _ => Err("expected auto, cpu, cuda or cuda:N".into()),
        }
    }
}

impl DeviceChoice {
    /// The device itself; `auto` is the first CUDA device when there is one, else the processor.
    pub fn resolve(self) -> Result<Device> {
        let count = if Cuda::is_available() { Cuda::device_count() as usize } else { 0 };
        match self {
            Self::Auto if count > 0 => Ok(Device::Cuda(0)),
            Self::Auto | Self::Cpu => Ok(Device::Cpu),
            Self::Cuda(index) if index < count => Ok(Device::Cuda(index)),
            Self::Cuda(index) if count > 0 => {
                bail!("device cuda:{index}: there are {count} CUDA devices, numbered from 0")
            }
            Self::Cuda(index) => bail!("device cuda:{index}: {}", why_no_cuda()),
        }
    }
}

/// Why CUDA cannot be used, and what to do.
fn why_no_cuda() -> &'static str {
    if !tch::utils::has_cuda() {
        "this lockstep is linked to a CPU build of libtorch; run `scripts/setup --cuda` and build again, or use --device cpu"
    } else if !Path::new("/proc/driver/nvidia/version").exists() {
        "CUDA build, no driver: /proc/driver/nvidia/version is missing; install the NVIDIA driver, or use --device cpu"
    } else {
        "CUDA build and driver, but no device is visible; look at CUDA_VISIBLE_DEVICES and nvidia-smi, or use --device cpu"
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
