//! libtorch's errors as people are shown them: what went wrong, without the C++ stack that follows it.

use crate::cpu::room::shown;
use anyhow::Error;

/// Where libtorch's backtrace begins: `c10::Error` announces it, a failed allocation starts with its first frame.
const BACKTRACES: [&str; 2] = ["Exception raised from", "frame #0:"];

/// How the text of an error begins that is no more than the way to a failed allocation.
const WAYS: [&str; 4] = [
    "Internal torch error: ",
    "The following operation failed in the TorchScript interpreter",
    "[enforce fail at",
    "CUDA out of memory",
];

/// `error` and its causes on one line, without a backtrace of libtorch.
pub fn one_line(error: &Error) -> String {
    let text = format!("{error:#}");
    if let Some(line) = no_memory(&text) {
        return line;
    }
    let end = BACKTRACES.iter().filter_map(|start| text.find(start)).min().unwrap_or(text.len());
    text[..end].lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Whether libtorch could not have the memory that it asked for.
pub fn is_no_memory(error: &Error) -> bool {
    no_memory(&format!("{error:#}")).is_some()
}

/// What was at work, and how much memory it asked for at once, where the text is that of a failed allocation.
fn no_memory(text: &str) -> Option<String> {
    let asked = if let Some((_, rest)) = text.split_once("can't allocate memory: you tried to allocate ") {
        shown(rest.split(' ').next()?.parse().ok()?)
    } else {
        let (_, rest) = text.split_once("CUDA out of memory. Tried to allocate ")?;
        rest.split_once(". ").map_or(rest, |(size, _)| size).to_string()
    };
    let begin = WAYS.iter().filter_map(|way| text.find(way)).min().unwrap_or(0);
    let before: Vec<&str> = text[..begin].lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    Some(format!(
        "{}{}not enough memory: {asked} were asked for at once",
        before.join(" "),
        if begin > 0 { " " } else { "" }
    ))
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
        assert_eq!(shown(allocation), "model: not enough memory: 4.5 PB were asked for at once");
        assert_eq!(shown(shapes), "model: mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)");
        assert_eq!(shown("a.csv: no rows"), "model: a.csv: no rows");
        assert_eq!(shown("two\n\n  lines"), "model: two lines");
    }

    // torch.jit.load of a module whose forward is torch.empty([1 << 45]); torch.empty(1 << 45, device="cuda").
    #[test]
    fn no_memory_is_said_in_one_way_wherever_it_was_asked_for() {
        let script = "The following operation failed in the TorchScript interpreter.\n\
                      Traceback of TorchScript (most recent call last):\n  File \"<string>\", line 2, in forward\n\
                      RuntimeError: [enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate \
                      memory: you tried to allocate 140737488355328 bytes. Error code 12 (Cannot allocate memory)";
        let cuda = "CUDA out of memory. Tried to allocate 131072.00 GiB. GPU 0 has a total capacity of 79.11 GiB";
        let error = |text: &'static str| anyhow!("Internal torch error: {text}").context("m.pt");
        for (text, size) in [(script, "141 TB"), (cuda, "131072.00 GiB")] {
            assert_eq!(one_line(&error(text)), format!("m.pt: not enough memory: {size} were asked for at once"));
            assert!(is_no_memory(&error(text)));
        }
        assert!(!is_no_memory(&anyhow!("a.csv: no rows")));
    }

    #[test]
    fn more_memory_than_there_is_is_one_line() {
        let error = Tensor::f_empty([1 << 50], (Kind::Float, Device::Cpu)).context("model").unwrap_err();
        let shown = one_line(&error);
        assert!(shown.starts_with("model: ") && shown.contains("not enough memory: 4.5 PB"), "{shown}");
        assert!(!shown.contains("frame #") && !shown.contains('\n') && shown.len() < 300, "{shown}");
    }
}
