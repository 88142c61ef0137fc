//! Subnormal numbers, below 1.2e-38 in float32, taken to be zero: an Intel processor takes some 150 cycles for each operation on
//! one, and the moments and activations of a network that has learned its table are full of them.

#![allow(unsafe_code, reason = "each block says why it holds")]

/// Flush to zero what comes out, and take for zero what goes in (FTZ and DAZ of the control register).
#[cfg(target_arch = "x86_64")]
const FLUSH: u32 = 1 << 15 | 1 << 6;

/// Runs `work` with subnormal numbers taken to be zero in this thread.
pub fn flushed<T>(work: impl FnOnce() -> T) -> T {
    let _restored = Flush::begin();
    work()
}

/// Restores the thread's way when it is dropped, after a panic too.
struct Flush {
    #[cfg(target_arch = "x86_64")]
    before: u32,
}

#[cfg(target_arch = "x86_64")]
impl Flush {
    fn begin() -> Self {
        let before = control();
        set_control(before | FLUSH);
        Self { before }
    }
}

#[cfg(target_arch = "x86_64")]
impl Drop for Flush {
    fn drop(&mut self) {
        set_control(self.before);
    }
}

#[cfg(not(target_arch = "x86_64"))]
impl Flush {
    fn begin() -> Self {
        Self {}
    }
}

#[cfg(target_arch = "x86_64")]
fn control() -> u32 {
    let mut control = 0u32;
    // SAFETY: the instruction writes four bytes to the address, which are this variable's.
    unsafe { std::arch::asm!("stmxcsr [{}]", in(reg) &raw mut control, options(nostack, preserves_flags)) };
    control
}

#[cfg(target_arch = "x86_64")]
fn set_control(control: u32) {
    // SAFETY: the instruction reads four bytes from the address, which are this variable's; the value is one that the processor
    // gave, with FTZ and DAZ added, which every x86-64 processor has. The compiler takes it that both are off, so that what it
    // computes itself of numbers that it knows may have subnormals where the processor has zeros: a difference below 1.2e-38.
    unsafe { std::arch::asm!("ldmxcsr [{}]", in(reg) &raw const control, options(nostack, readonly, preserves_flags)) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hint::black_box;

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn subnormal_numbers_are_zero_inside_and_numbers_outside() {
        let half = || black_box(f32::MIN_POSITIVE) * black_box(0.5);
        let twice = || black_box(f32::from_bits(1)) * black_box(2.0);
        assert!(half() > 0.0 && twice() > 0.0);
        assert_eq!(flushed(|| (half(), twice())), (0.0, 0.0));
        assert!(half() > 0.0 && twice() > 0.0);
        assert!(std::panic::catch_unwind(|| flushed(|| panic!("inside"))).is_err());
        assert!(half() > 0.0, "restored after a panic");
    }
}
