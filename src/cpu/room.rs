//! Memory whose size a user's number decides is asked for before it is taken: what Rust cannot allocate ends the process. And what
//! was taken for a while is given back.
#![allow(unsafe_code, reason = "each block says why it holds")]

use super::limits;
use anyhow::{Result, ensure};

/// Refuses a `flag` (with its value) whose run would need `bytes`, where they cannot be had.
pub fn check(flag: &str, bytes: u128) -> Result<()> {
    // Where memory is promised beyond what there is, a promise is not enough.
    let there_is = installed().is_none_or(|all| bytes <= all);
    let had = usize::try_from(bytes).is_ok_and(|bytes| Vec::<u8>::new().try_reserve_exact(bytes).is_ok());
    let had = had && there_is;
    ensure!(had, "{flag}: needs {} of memory, which cannot be had; give a smaller number", shown(bytes));
    Ok(())
}

/// Gives memory that was freed back to the system. glibc keeps it by thread, and a table is read and made ready on several.
pub fn give_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: it takes a number of bytes to keep, reads and writes the allocator's own lists under their locks, and may be called
    // from any thread.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Tells the system that the file behind this memory, a whole mapping of it, is read and written a few bytes here and a few there:
/// it would read 128 KiB around each.
pub fn touch_at_random(numbers: &mut [f32]) {
    // SAFETY: the advice changes how pages are read, and nothing in the slice that it is given.
    unsafe {
        libc::madvise(numbers.as_mut_ptr().cast(), size_of_val(numbers), libc::MADV_RANDOM);
    }
}

/// The bytes of the machine's memory and swap, as Linux says.
fn installed() -> Option<u128> {
    let text = meminfo()?;
    Some(kilobytes(&text, "MemTotal:")? + kilobytes(&text, "SwapTotal:").unwrap_or(0))
}

/// The bytes that can be had now without taking them from other programs, and within the limits of a service or container, as
/// Linux says.
pub fn free() -> Option<u128> {
    let text = meminfo()?;
    let of_machine = kilobytes(&text, "MemAvailable:")? + kilobytes(&text, "SwapFree:").unwrap_or(0);
    Some(limits::left().map_or(of_machine, |left| left.min(of_machine)))
}

fn meminfo() -> Option<String> {
    std::fs::read_to_string("/proc/meminfo").ok()
}

/// The bytes of a line of it.
fn kilobytes(text: &str, name: &str) -> Option<u128> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse::<u128>().ok().map(|kilobytes| kilobytes << 10)
}

/// `32 GB`, `1.5 TB`: a size for people, in powers of 1,000.
pub fn shown(bytes: u128) -> String {
    let (mut size, mut unit) = (bytes as f64, "bytes");
    for larger in ["kB", "MB", "GB", "TB", "PB", "EB"] {
        if size < 1000.0 {
            break;
        }
        (size, unit) = (size / 1000.0, larger);
    }
    if size < 10.0 && unit != "bytes" { format!("{size:.1} {unit}") } else { format!("{size:.0} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_shown_in_its_unit() {
        for (bytes, text) in [
            (0, "0 bytes"),
            (999, "999 bytes"),
            (1500, "1.5 kB"),
            (32_000_000_000, "32 GB"),
            (4_000_020_000_064, "4.0 TB"),
            (1_u128 << 70, "1181 EB"),
        ] {
            assert_eq!(shown(bytes), text);
        }
    }

    #[test]
    fn what_cannot_be_had_is_refused_with_its_flag() {
        assert!(check("--samples 2", 80).is_ok());
        let error = check("--samples 4000000000", 1 << 62).unwrap_err().to_string();
        assert_eq!(error, "--samples 4000000000: needs 4.6 EB of memory, which cannot be had; give a smaller number");
        assert!(check("--samples 4000000000", u128::MAX).is_err());
    }
}
