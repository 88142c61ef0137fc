//! polars trusts what a file says of itself, and panics where that is wrong: here a panic is an error like others.

use anyhow::{Result, anyhow};
use polars::prelude::{PolarsError, PolarsResult};
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Readers at work. polars' own threads panic too, so this is not a thread's own count.
static READING: AtomicUsize = AtomicUsize::new(0);
static QUIET: Once = Once::new();

/// Runs `read`, which reads the table `shown`, and turns a panic inside polars into an error.
///
/// # Errors
/// polars' error on one line, or what it panicked with.
pub fn caught<T>(shown: &str, read: impl FnOnce() -> PolarsResult<T>) -> Result<T> {
    QUIET.call_once(|| {
        let hook = take_hook();
        set_hook(Box::new(move |panic| {
            if READING.load(Ordering::Relaxed) == 0 {
                hook(panic);
            }
        }));
    });
    READING.fetch_add(1, Ordering::Relaxed);
    let result = catch_unwind(AssertUnwindSafe(read));
    READING.fetch_sub(1, Ordering::Relaxed);
    match result {
        Ok(result) => result.map_err(|error| anyhow!("{shown}: {}", reason(&error))),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
            let text = text.lines().next().unwrap_or_default();
            Err(anyhow!("{shown}: cannot be read: {text}; is the file whole, and every whole number below 2^63?"))
        }
    }
}

/// What polars says is wrong: its first line, after which comes advice for its own callers.
pub fn reason(error: &PolarsError) -> String {
    let text = error.to_string();
    text.lines().find(|line| !line.trim().is_empty()).unwrap_or("cannot be read as a table").trim().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use polars::prelude::polars_bail;

    #[test]
    fn a_panic_is_an_error_of_one_line() {
        let error = caught("t.csv", || -> PolarsResult<()> { panic!("index {} of\nthe offsets", 7) }).unwrap_err();
        assert!(error.to_string().starts_with("t.csv: cannot be read: index 7 of; is the file whole"), "{error}");
        let error = caught("t.csv", || -> PolarsResult<()> { polars_bail!(ComputeError: "why") }).unwrap_err();
        assert_eq!(error.to_string(), "t.csv: why");
        assert_eq!(caught("t.csv", || Ok(1)).unwrap(), 1);
    }
}
