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

#[cfg(test)]
mod tests {
    use super::fixed;

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
