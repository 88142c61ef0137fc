//! Where an axis has its ticks, and how they are written.

use super::Axis;

/// A tick: its value, and its label (empty for a minor one).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tick {
    pub value: f64,
    pub label: String,
}

/// The ticks of an axis that shows `range`: its own, or about `wanted` that suit the range.
pub(super) fn of(axis: &Axis, range: (f64, f64), wanted: usize) -> Vec<Tick> {
    let Some(own) = &axis.ticks else {
        return match axis.whole && !axis.log {
            true => whole(range.0, range.1, wanted),
            false => ticks(range.0, range.1, axis.log, wanted),
        };
    };
    let shown = own.iter().filter(|(value, _)| (range.0..=range.1).contains(value));
    shown.map(|(value, label)| Tick { value: *value, label: label.clone() }).collect()
}

/// Linear ticks at whole numbers.
fn whole(min: f64, max: f64, wanted: usize) -> Vec<Tick> {
    let mut ticks = linear(min, max, wanted.min((max - min).ceil() as usize));
    ticks.retain(|tick| tick.value.fract() == 0.0);
    for tick in &mut ticks {
        tick.label = tick.label.trim_end_matches(".0").into();
    }
    ticks
}

/// About `wanted` ticks of a linear scale.
pub(super) fn between(min: f64, max: f64, wanted: usize) -> Vec<Tick> {
    linear(min, max, wanted)
}

fn ticks(min: f64, max: f64, log: bool, wanted: usize) -> Vec<Tick> {
    if log { logarithmic(min, max, wanted) } else { linear(min, max, wanted) }
}

/// Multiples of 1, 2, 2.5 or 5 times a power of ten.
fn linear(min: f64, max: f64, wanted: usize) -> Vec<Tick> {
    let rough = (max - min) / wanted.max(2) as f64;
    let power = rough.log10().floor();
    let steps = [(1.0, 0), (2.0, 0), (2.5, 1), (5.0, 0), (10.0, 0)];
    let unit = 10_f64.powf(power);
    let (factor, extra) = steps.into_iter().find(|(factor, _)| factor * unit >= rough * 0.999).unwrap_or((10.0, 0));
    let step = factor * unit;
    let power = if factor == 10.0 { power + 1.0 } else { power };
    let (first, last) = ((min / step - 1e-9).ceil(), (max / step + 1e-9).floor());
    let largest = min.abs().max(max.abs());
    let plain = (1e-3..1e5).contains(&largest);
    let count = (last - first).max(-1.0) as usize;
    (0..=count)
        .map(|i| (first + i as f64) * step)
        .filter(|value| (min - step * 1e-6..=max + step * 1e-6).contains(value))
        .map(|value| {
            let value = if value.abs() < step * 1e-6 { 0.0 } else { value };
            let label =
                if plain { decimal(value, (extra as f64 - power).max(0.0) as usize) } else { scientific(value, step) };
            Tick { value, label }
        })
        .collect()
}

/// Powers of ten, thinned out where there are many; with 2 and 5 in between where there are few.
fn logarithmic(min: f64, max: f64, wanted: usize) -> Vec<Tick> {
    let (low, high) = (min.log10(), max.log10());
    let decades = high - low;
    if decades < 0.7 {
        return linear(min, max, wanted);
    }
    let rough = 0.8 * decades / wanted.max(2) as f64;
    let every = [1, 2, 3, 5, 10, 20, 50].into_iter().find(|&every| f64::from(every) >= rough).unwrap_or(100);
    let factors: &[f64] = match every {
        1 if decades < 2.0 => &[1.0, 2.0, 5.0],
        1 if decades < 7.0 => &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0],
        _ => &[1.0],
    };
    let mut ticks = Vec::new();
    for exponent in low.floor() as i32..=high.ceil() as i32 {
        for &factor in factors {
            let value = factor * 10_f64.powi(exponent);
            if value < min * (1.0 - 1e-9) || value > max * (1.0 + 1e-9) {
                continue;
            }
            let shown = factor == 1.0 && exponent.rem_euclid(every) == 0;
            if !shown && every > 3 {
                continue;
            }
            let label = match (shown, decades < 2.0) {
                (_, true) => short(value, exponent),
                (true, false) => power_of_ten(exponent),
                (false, false) => String::new(),
            };
            ticks.push(Tick { value, label });
        }
    }
    ticks
}

/// A value of a short logarithmic axis: plain where that is short, else with its power of ten.
fn short(value: f64, exponent: i32) -> String {
    if (-3..5).contains(&exponent) { decimal(value, (-exponent).max(0) as usize) } else { scientific(value, value) }
}

fn decimal(value: f64, digits: usize) -> String {
    minus(&format!("{value:.digits$}"))
}

/// `2.5×10⁶`, with the digits that `step` needs.
fn scientific(value: f64, step: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    let exponent = value.abs().log10().floor();
    let digits = (exponent - step.abs().log10().floor()).clamp(0.0, 6.0) as usize;
    let mantissa = format!("{:.digits$}", value / 10_f64.powf(exponent));
    let mantissa =
        if mantissa.contains('.') { mantissa.trim_end_matches('0').trim_end_matches('.') } else { &mantissa };
    let power = power_of_ten(exponent as i32);
    match mantissa {
        "1" => power,
        "-1" => format!("−{power}"),
        _ => minus(&format!("{mantissa}×{power}")),
    }
}

/// `10⁻³`; 1 and 10 as such.
fn power_of_ten(exponent: i32) -> String {
    match exponent {
        0 => return "1".into(),
        1 => return "10".into(),
        _ => {}
    }
    let digits = exponent.to_string();
    let superscript = digits.chars().map(|c| match c {
        '-' => '⁻',
        digit => ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'][digit.to_digit(10).unwrap_or(0) as usize],
    });
    std::iter::once('1').chain(std::iter::once('0')).chain(superscript).collect()
}

/// The typographic minus, as wide as a plus.
fn minus(text: &str) -> String {
    text.replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(min: f64, max: f64, log: bool, wanted: usize) -> Vec<String> {
        ticks(min, max, log, wanted).into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn linear_ticks_are_round_and_inside() {
        assert_eq!(labels(-0.04, 1.04, false, 6), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(-40.0, 1040.0, false, 5), ["0", "250", "500", "750", "1000"]);
        assert_eq!(labels(-1.5, 1.5, false, 6), ["−1.5", "−1.0", "−0.5", "0.0", "0.5", "1.0", "1.5"]);
        assert_eq!(labels(0.0, 5.0, false, 5), ["0", "1", "2", "3", "4", "5"]);
        assert_eq!(labels(0.0, 0.1, false, 4), ["0.000", "0.025", "0.050", "0.075", "0.100"]);
    }

    #[test]
    fn what_is_counted_has_whole_ticks() {
        let labels = |min, max, wanted| whole(min, max, wanted).into_iter().map(|tick| tick.label).collect::<Vec<_>>();
        assert_eq!(labels(0.9, 1.1, 8), ["1"]);
        assert_eq!(labels(0.96, 2.04, 8), ["1", "2"]);
        assert_eq!(labels(0.92, 3.08, 8), ["1", "2", "3"]);
        assert_eq!(labels(0.0, 12.0, 5), ["0", "5", "10"]);
        assert_eq!(labels(-40.0, 1040.0, 5), ["0", "250", "500", "750", "1000"]);
    }

    #[test]
    fn large_and_small_values_are_written_with_their_power() {
        assert_eq!(labels(0.0, 2e6, false, 4), ["0", "5×10⁵", "10⁶", "1.5×10⁶", "2×10⁶"]);
        assert_eq!(labels(-2e-5, 2e-5, false, 4), ["−2×10⁻⁵", "−10⁻⁵", "0", "10⁻⁵", "2×10⁻⁵"]);
    }

    #[test]
    fn logarithmic_ticks_are_powers_of_ten() {
        let shown: Vec<_> = labels(1e-3, 1e2, true, 6).into_iter().filter(|label| !label.is_empty()).collect();
        assert_eq!(shown, ["10⁻³", "10⁻²", "10⁻¹", "1", "10", "10²"]);
        assert_eq!(labels(0.9, 6.0, true, 6), ["1", "2", "5"]);
        assert_eq!(labels(1e-12, 1e12, true, 5), ["10⁻¹⁰", "10⁻⁵", "1", "10⁵", "10¹⁰"]);
    }
}
