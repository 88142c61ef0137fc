//! `np.arange` of floats, without the array.

use anyhow::{Result, bail, ensure};

/// `np.arange(start, stop, step)`, element by element (`PyArray_ArangeObj`, `DOUBLE_fill`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Arange {
    start: f64,
    next: f64,
    len: u64,
}

impl Arange {
    /// `name` begins the names of the range's flags, such as `k`.
    pub fn new(name: &str, start: f64, stop: f64, step: f64) -> Result<Self> {
        ensure!(step != 0.0, "--{name}-step 0: the grid would never end; give a step that is not 0");
        let quotient = (stop - start) / step;
        let shown = || format!("--{name}-min {start}, --{name}-max {stop}, --{name}-step {step}");
        ensure!(quotient.is_finite(), "{}: the number of steps overflows; give a larger step", shown());
        // A quotient that underflows to 0 still holds its first element, unless it points away from `stop`.
        let count = match quotient == 0.0 && stop != start {
            true if quotient.is_sign_negative() => 0.0,
            true => 1.0,
            false => quotient.ceil(),
        };
        if count < 1.0 {
            bail!(
                "{}: the grid is empty; the step leads from the first value to the end, which is no part of it",
                shown()
            );
        }
        ensure!(count <= 9_007_199_254_740_992.0, "{}: {count} steps are too many; give a larger step", shown());
        Ok(Self { start, next: start + step, len: count as u64 })
    }

    /// Number of elements, one at least.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Never: a range without elements is an error of [`Arange::new`].
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Element `index`: NumPy writes the first two and goes on with their difference.
    pub fn get(&self, index: u64) -> f64 {
        match index {
            0 => self.start,
            1 => self.next,
            _ => self.start + index as f64 * (self.next - self.start),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Arange;

    fn elements(start: f64, stop: f64, step: f64) -> Vec<f64> {
        let range = Arange::new("k", start, stop, step).unwrap();
        (0..range.len()).map(|index| range.get(index)).collect()
    }

    // np.arange(-2, 2, 0.1)[[1, 20, 35, 39]], len(np.arange(-2, 2, 0.1))
    #[test]
    fn the_tutorials_grid_carries_numpys_rounding() {
        let k = elements(-2.0, 2.0, 0.1);
        assert_eq!(k.len(), 40);
        assert_eq!([k[1], k[20], k[35], k[39]], [-1.9, 1.7763568394002505e-15, 1.500000000000003, 1.9000000000000035]);
    }

    // np.arange(1, 0, -0.3); len(np.arange(1, 1.3, 0.1)), whose end is in it by rounding; np.arange(0, 5e-324, 10)
    #[test]
    fn lengths_are_numpys_at_the_edges() {
        assert_eq!(elements(1.0, 0.0, -0.3), [1.0, 0.7, 0.3999999999999999, 0.09999999999999987]);
        assert_eq!(elements(1.0, 1.3, 0.1).len(), 4);
        assert_eq!(elements(0.0, 5e-324, 10.0), [0.0]);
    }

    #[test]
    fn a_grid_without_elements_or_without_end_is_refused() {
        for (stop, step) in [(1.0, 0.0), (1.0, -0.1), (0.0, 0.1), (1e300, 1e-300), (1e17, 1.0), (-5e-324, 10.0)] {
            assert!(Arange::new("k", 0.0, stop, step).is_err(), "stop {stop}, step {step}");
        }
    }
}
