//! Which processor this is: libraries choose their kernels by it.

/// Linux' description of each processor, as the kernel words it.
const CPUINFO: &str = "/proc/cpuinfo";

/// The processor's name, as the kernel has it; none where the kernel names none, as on ARM.
pub fn model() -> Option<String> {
    named(&std::fs::read_to_string(CPUINFO).ok()?)
}

fn named(cpuinfo: &str) -> Option<String> {
    let value = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'))?.1.trim();
    (!value.is_empty()).then(|| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_processors_name_is_taken() {
        let two = "processor\t: 0\nmodel\t\t: 49\nmodel name\t: AMD EPYC 7B13\ncpu MHz\t\t: 2450\n\nprocessor\t: 1\nmodel name\t: X\n";
        assert_eq!(named(two).as_deref(), Some("AMD EPYC 7B13"));
        assert_eq!(named("processor\t: 0\nBogoMIPS\t: 243.75\nCPU part\t: 0xd40\n"), None);
        assert_eq!(named("model name\t: \n"), None);
    }
}
