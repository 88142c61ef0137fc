//! Numbers in tables and legends, which have room for some twelve characters.

/// Values from here on, and those that would round to 0, are shown by their exponent.
const LARGE: f64 = 1e6;

/// `value` with so many decimals, or as `2.78e15` where that would be too long or show nothing.
pub fn fixed(value: f64, decimals: usize) -> String {
    let smallest = 0.5 * 10_f64.powi(-(decimals as i32));
    let size = value.abs();
    if value != 0.0 && value.is_finite() && (size >= LARGE || size < smallest) {
        return format!("{value:.2e}");
    }
    format!("{value:.decimals$}")
}

/// `value` with four digits that say something, whatever its size: a loss falls through powers of ten.
pub fn digits(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 || !value.is_finite() {
        return fixed(value, 3);
    }
    if !(1e-3..LARGE).contains(&size) {
        return format!("{value:.3e}");
    }
    let decimals = (3.0 - size.log10().floor()).max(0.0) as usize;
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::{digits, fixed};

    #[test]
    fn a_loss_keeps_its_digits_however_small_it_is() {
        for (value, text) in [
            (0.0, "0.000"),
            (0.712_347, "0.7123"),
            (12.345_67, "12.35"),
            (2_345.678, "2346"),
            (0.001_234_5, "0.001234"),
            (0.000_000_123_4, "1.234e-7"),
            (-1.5e8, "-1.500e8"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(digits(value), text);
        }
    }

    #[test]
    fn what_has_no_room_or_would_be_nothing_is_shown_by_its_exponent() {
        for (value, text) in [
            (0.0, "0.0000"),
            (0.12345, "0.1235"),
            (-12.5, "-12.5000"),
            (999_999.25, "999999.2500"),
            (1e6, "1.00e6"),
            (2.7834e15, "2.78e15"),
            (-2.7834e15, "-2.78e15"),
            (0.00005, "0.0001"),
            (0.000049, "4.90e-5"),
            (-1e-300, "-1.00e-300"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(fixed(value, 4), text);
        }
        assert_eq!((fixed(0.0004, 3), fixed(0.0006, 3)), ("4.00e-4".into(), "0.001".into()));
    }
}
