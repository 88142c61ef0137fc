//! libtorch's errors as people are shown them: what went wrong, without the C++ stack that follows it.

use anyhow::Error;

/// Where libtorch's backtrace begins: `c10::Error` announces it, a failed allocation starts with its first frame.
const BACKTRACES: [&str; 2] = ["Exception raised from", "frame #0:"];

/// `error` and its causes on one line, without a backtrace of libtorch.
pub fn one_line(error: &Error) -> String {
    let text = format!("{error:#}");
    let end = BACKTRACES.iter().filter_map(|start| text.find(start)).min().unwrap_or(text.len());
    text[..end].lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::{Context, anyhow};
    use tch::{Device, Kind, Tensor};

    #[test]
    fn a_backtrace_is_cut_wherever_it_begins() {
        // torch 2.12: torch.empty(1 << 50), and torch.zeros(2, 3) @ torch.zeros(2, 3) through at::mm.
        let allocation = "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you \
                          tried to allocate 4503599627370496 bytes. Error code 12 (Cannot allocate memory)\n\
                          frame #0: c10::ThrowEnforceNotMet(char const*, int, char const*) + 0x52 (0x7f libc10.so)\n\
                          frame #1: <unknown function> + 0x2d";
        let shapes = "mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)\n\
                      Exception raised from meta at LinearAlgebra.cpp:199 (most recent call first):\n\
                      frame #0: c10::Error::Error(c10::SourceLocation, std::string) + 0x88 (0x7f libc10.so)";
        let shown = |text: &'static str| one_line(&anyhow!(text).context("model"));
        assert!(shown(allocation).ends_with("4503599627370496 bytes. Error code 12 (Cannot allocate memory)"));
        assert_eq!(shown(shapes), "model: mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)");
        assert_eq!(shown("a.csv: no rows"), "model: a.csv: no rows");
        assert_eq!(shown("two\n\n  lines"), "model: two lines");
    }

    #[test]
    fn more_memory_than_there_is_is_one_line() {
        let error = Tensor::f_empty([1 << 50], (Kind::Float, Device::Cpu)).context("model").unwrap_err();
        let shown = one_line(&error);
        assert!(shown.starts_with("model: ") && shown.contains("can't allocate memory"), "{shown}");
        assert!(!shown.contains("frame #") && !shown.contains('\n') && shown.len() < 300, "{shown}");
    }
}
