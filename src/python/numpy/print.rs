//! How Python prints a float and how NumPy prints an array (`numpy/_core/arrayprint.py`, default print options).

/// Fractional digits at most.
const PRECISION: usize = 8;
/// Elements beyond which an array is printed by its corners.
const THRESHOLD: usize = 1000;
/// Rows and columns at each corner.
const EDGE: usize = 3;
/// Columns of a line.
const LINE_WIDTH: usize = 75;

/// `repr(float)`: the shortest digits that read back to the same value, with an exponent below 1e-4 and from 1e16 on.
pub fn repr(value: f64) -> String {
    if !value.is_finite() {
        return if value.is_nan() { "nan".into() } else { format!("{value}") };
    }
    let text = format!("{value:e}");
    let (digits, exponent) = split(&text);
    if value != 0.0 && !(-4..16).contains(&exponent) {
        return format!("{digits}e{}", signed(exponent, 2));
    }
    let text = format!("{value}");
    if text.contains('.') { text } else { text + ".0" }
}

/// `str(numpy.ndarray)` of a float64 array, row-major, of shape `[columns]` (`rows` is `None`) or `[rows, columns]`.
pub fn array(values: &[f64], rows: Option<usize>, columns: usize) -> String {
    let summary = values.len() > THRESHOLD;
    let shown_columns = shown(columns, summary);
    let lines: Vec<Vec<f64>> = shown(rows.unwrap_or(1), summary)
        .iter()
        .map(|row| shown_columns.iter().map(|column| values[row * columns + column]).collect())
        .collect();
    let form = Form::of(&lines.concat());
    let gap = |length: usize| summary && length > 2 * EDGE;
    let lines = lines.iter().map(|line| line_of(line, &form, gap(columns), usize::from(rows.is_some())));
    let mut lines: Vec<String> = lines.collect();
    let Some(rows) = rows else { return lines.concat() };
    if gap(rows) {
        lines.insert(EDGE, "...".into());
    }
    format!("[{}]", lines.join("\n "))
}

/// Indices of the rows or columns that are printed.
fn shown(length: usize, summary: bool) -> Vec<usize> {
    if summary && length > 2 * EDGE { (0..EDGE).chain(length - EDGE..length).collect() } else { (0..length).collect() }
}

/// One innermost row, wrapped at the line width; `depth` brackets stand before its own.
fn line_of(values: &[f64], form: &Form, gap: bool, depth: usize) -> String {
    let mut words: Vec<String> = values.iter().map(|&value| form.write(value)).collect();
    if gap {
        words.insert(EDGE, "...".into());
    }
    let indent = " ".repeat(depth + 1);
    let width = LINE_WIDTH - depth - 1;
    let mut text = String::new();
    let mut line = indent.clone();
    for (index, word) in words.iter().enumerate() {
        if line.len() + word.len() > width && line.len() > indent.len() {
            text += line.trim_end();
            text += "\n";
            line.clone_from(&indent);
        }
        line += word;
        if index + 1 < words.len() {
            line += " ";
        }
    }
    format!("[{}]", &(text + &line)[indent.len()..])
}

/// What the elements of one array have in common: with an exponent or without, and their widths.
struct Form {
    exponent: Option<usize>,
    left: usize,
    right: usize,
}

impl Form {
    /// Exponents from 1e8 on, below 1e-4, or where the largest is more than 1000 times the smallest.
    fn of(values: &[f64]) -> Self {
        let finite = || values.iter().copied().filter(|value| value.is_finite());
        let sizes = || finite().map(f64::abs).filter(|&size| size != 0.0);
        let (min, max) = (sizes().fold(f64::INFINITY, f64::min), sizes().fold(0.0, f64::max));
        let scientific = max >= 1e8 || (max > 0.0 && (min < 1e-4 || max / min > 1000.0));
        let mut form = Self { exponent: scientific.then_some(2), left: 0, right: 0 };
        for value in finite() {
            let (text, exponent) = if scientific { mantissa(value) } else { (fixed(value), 0) };
            let (left, right) = text.split_once('.').unwrap_or((&text, ""));
            form.left = form.left.max(left.len());
            form.right = form.right.max(right.len());
            form.exponent = form.exponent.map(|digits| digits.max(signed(exponent, 2).len() - 1));
        }
        let widest = values.iter().filter(|value| !value.is_finite()).map(|&value| word(value).len()).max();
        form.left = form.left.max(widest.unwrap_or(0).saturating_sub(form.tail()));
        form
    }

    /// Characters from the decimal point on.
    fn tail(&self) -> usize {
        1 + self.right + self.exponent.map_or(0, |digits| digits + 2)
    }

    fn write(&self, value: f64) -> String {
        if !value.is_finite() {
            return format!("{:>width$}", word(value), width = self.left + self.tail());
        }
        let (l, r) = (self.left, self.right);
        let Some(digits) = self.exponent else {
            let text = fixed(value);
            let (left, right) = text.split_once('.').unwrap_or((&text, ""));
            return format!("{left:>l$}.{right:<r$}");
        };
        let text = format!("{value:.r$e}");
        let (mantissa, exponent) = split(&text);
        // With no fraction at all NumPy still writes the point.
        let point = if r == 0 { "." } else { "" };
        format!("{:>width$}e{}", format!("{mantissa}{point}"), signed(exponent, digits), width = l + 1 + r)
    }
}

fn word(value: f64) -> String {
    if value.is_nan() { "nan".into() } else { format!("{value}") }
}

/// The shortest digits, or [`PRECISION`] fractional ones where those are fewer, without trailing zeros: `0.25`, `3.`.
fn fixed(value: f64) -> String {
    let text = format!("{value}");
    let fraction = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    trimmed(if fraction > PRECISION { format!("{value:.PRECISION$}") } else { text })
}

/// Mantissa, as [`fixed`] writes it, and exponent.
fn mantissa(value: f64) -> (String, i32) {
    let text = format!("{value:e}");
    let fraction = split(&text).0.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let text = if fraction > PRECISION { format!("{value:.PRECISION$e}") } else { text };
    let (digits, exponent) = split(&text);
    (trimmed(digits.into()), exponent)
}

/// `1.5e-7` as `1.5` and -7.
fn split(text: &str) -> (&str, i32) {
    let (digits, exponent) = text.split_once('e').unwrap_or((text, "0"));
    (digits, exponent.parse().unwrap_or(0))
}

fn trimmed(text: String) -> String {
    if text.contains('.') { text.trim_end_matches('0').into() } else { text + "." }
}

/// An exponent with its sign and `digits` digits at least: `-07`.
fn signed(exponent: i32, digits: usize) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{sign}{:0digits$}", exponent.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::{array, repr};

    // [repr(v) for v in (10.0, 0.1 + 0.2, 1e16, 1e15, 1.5e-5, 0.0001, -0.0, 5e-324, float("inf"))]
    #[test]
    fn floats_are_written_as_python_writes_them() {
        let values = [10.0, 0.1 + 0.2, 1e16, 1e15, 1.5e-5, 0.0001, -0.0, 5e-324, f64::INFINITY];
        let expected = "10.0 0.30000000000000004 1e+16 1000000000000000.0 1.5e-05 0.0001 -0.0 5e-324 inf";
        assert_eq!(values.map(repr).join(" "), expected);
    }

    // print(np.array(v)), print(np.array(v).reshape(-1, 1)) of these values
    #[test]
    fn digits_widths_and_exponents_are_numpys() {
        assert_eq!(array(&[0.1, -22.123456789, 3.0], None, 3), "[  0.1        -22.12345679   3.        ]");
        assert_eq!(array(&[1e-5, 2.5], Some(2), 1), "[[1.0e-05]\n [2.5e+00]]");
        assert_eq!(array(&[1e-300, -1.0], None, 2), "[ 1.e-300 -1.e+000]");
        assert_eq!(array(&[0.0], Some(1), 1), "[[0.]]");
        assert_eq!(array(&[f64::NAN, 1.0, f64::NEG_INFINITY], None, 3), "[ nan   1. -inf]");
    }

    // print(np.arange(20.) / 7), print((np.arange(24.) / 7).reshape(2, 12))
    #[test]
    fn long_rows_are_wrapped_as_numpy_wraps_them() {
        let sevenths = |n: u32| (0..n).map(|i| f64::from(i) / 7.0).collect::<Vec<_>>();
        assert_eq!(array(&sevenths(20), None, 20), FLAT);
        assert_eq!(array(&sevenths(24), Some(2), 12), ROWS);
    }

    // print(np.arange(1008.).reshape(112, 9)), print(np.arange(1002.)), print(np.arange(2000.).reshape(4, 500))
    #[test]
    fn above_a_thousand_elements_only_the_corners_are_printed() {
        let count = |n: u32| (0..n).map(f64::from).collect::<Vec<_>>();
        assert_eq!(array(&count(1008), Some(112), 9), CORNERS);
        assert_eq!(
            array(&count(1002), None, 1002),
            "[0.000e+00 1.000e+00 2.000e+00 ... 9.990e+02 1.000e+03 1.001e+03]"
        );
        assert_eq!(array(&count(2000), Some(4), 500), WIDE);
    }

    const FLAT: &str = "\
[0.         0.14285714 0.28571429 0.42857143 0.57142857 0.71428571
 0.85714286 1.         1.14285714 1.28571429 1.42857143 1.57142857
 1.71428571 1.85714286 2.         2.14285714 2.28571429 2.42857143
 2.57142857 2.71428571]";
    const ROWS: &str = "\
[[0.         0.14285714 0.28571429 0.42857143 0.57142857 0.71428571
  0.85714286 1.         1.14285714 1.28571429 1.42857143 1.57142857]
 [1.71428571 1.85714286 2.         2.14285714 2.28571429 2.42857143
  2.57142857 2.71428571 2.85714286 3.         3.14285714 3.28571429]]";
    const CORNERS: &str = "\
[[0.000e+00 1.000e+00 2.000e+00 ... 6.000e+00 7.000e+00 8.000e+00]
 [9.000e+00 1.000e+01 1.100e+01 ... 1.500e+01 1.600e+01 1.700e+01]
 [1.800e+01 1.900e+01 2.000e+01 ... 2.400e+01 2.500e+01 2.600e+01]
 ...
 [9.810e+02 9.820e+02 9.830e+02 ... 9.870e+02 9.880e+02 9.890e+02]
 [9.900e+02 9.910e+02 9.920e+02 ... 9.960e+02 9.970e+02 9.980e+02]
 [9.990e+02 1.000e+03 1.001e+03 ... 1.005e+03 1.006e+03 1.007e+03]]";
    const WIDE: &str = "\
[[0.000e+00 1.000e+00 2.000e+00 ... 4.970e+02 4.980e+02 4.990e+02]
 [5.000e+02 5.010e+02 5.020e+02 ... 9.970e+02 9.980e+02 9.990e+02]
 [1.000e+03 1.001e+03 1.002e+03 ... 1.497e+03 1.498e+03 1.499e+03]
 [1.500e+03 1.501e+03 1.502e+03 ... 1.997e+03 1.998e+03 1.999e+03]]";
}
