//! Under-fit, over-fit, or neither: a verdict in words, from the numbers of the parts.
//!
//! Every part is measured by its error as a share of the baseline's error on the same rows: 1 - accuracy for classes,
//! 1 - R² for numbers (the share of the variance that is left).

use crate::choices::fixed::fixed;
use crate::evaluate::metrics::Metrics;
use serde::Serialize;

/// Under-fit: the training error is at least this share of the baseline's.
const UNDER: f64 = 0.8;
/// Over-fit: held-out rows have an error larger than the training rows' by more than this share of the baseline's…
const GAP: f64 = 0.1;
/// … and by more than this many standard errors of the difference.
const DEVIATIONS: f64 = 2.0;

/// One part's metrics, and the baseline's on the same rows.
#[derive(Debug, Clone, Copy)]
pub struct PartScore<'a> {
    pub rows: usize,
    pub metrics: &'a Metrics,
    pub baseline: &'a Metrics,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fit {
    Good,
    UnderFit,
    OverFit,
    Unknown,
}

/// The verdict, and the sentence that gives its reasons in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    pub fit: Fit,
    pub text: String,
}

/// Judges a model by its training rows against the validation rows, or the test rows where there are none of those.
pub fn verdict(train: PartScore<'_>, valid: Option<PartScore<'_>>, test: Option<PartScore<'_>>) -> Verdict {
    let measured = |part: Option<PartScore<'_>>, name| part.and_then(|part| Measured::of(&part, name));
    let Some(train) = Measured::of(&train, "training") else {
        let text = "Cannot be judged: on the training rows the score is undefined, or the baseline makes no error.";
        return Verdict { fit: Fit::Unknown, text: text.into() };
    };
    let (valid, test) = (measured(valid, "validation"), measured(test, "test"));
    let Some(held) = valid.as_ref().or(test.as_ref()) else {
        return alone(&train);
    };
    let gap = Gap::between(&train, held);
    let shown = format!("{} against {}", train.shown(), held.shown());
    let (fit, text) = if gap.matters(held) && held.share() >= 1.0 {
        let text =
            format!("Over-fits: {shown}, no better than the baseline's {}. {OVER_HELP}", fixed(held.baseline, 3));
        (Fit::OverFit, text)
    } else if gap.matters(held) {
        (Fit::OverFit, format!("Over-fits: {shown}. {OVER_HELP}"))
    } else if train.is_under() {
        (Fit::UnderFit, under(&train, &shown))
    } else {
        (Fit::Good, format!("Fits: {shown}, where the baseline has {}.{}", fixed(held.baseline, 3), gap.reserve()))
    };
    let hopeful = valid.as_ref().zip(test.as_ref()).and_then(|(valid, test)| hopeful(valid, test));
    Verdict { fit, text: text + &hopeful.unwrap_or_default() }
}

const OVER_HELP: &str =
    "More rows, dropout, weight decay, early stopping or fewer hidden units may bring the two together.";

/// No held-out rows to compare with.
fn alone(train: &Measured) -> Verdict {
    if train.is_under() {
        return Verdict { fit: Fit::UnderFit, text: under(train, &train.shown()) };
    }
    let text = format!("Cannot be judged: {}, but no other rows to compare with.", train.shown());
    Verdict { fit: Fit::Unknown, text }
}

fn under(train: &Measured, shown: &str) -> String {
    format!(
        "Under-fits: {shown}, hardly better than the baseline's {} on the training rows. More hidden units, more \
         epochs or a larger learning rate may help, unless the features say little about the target.",
        fixed(train.baseline, 3)
    )
}

/// A warning where the test rows do clearly worse than the validation rows, by which the model was chosen.
fn hopeful(valid: &Measured, test: &Measured) -> Option<String> {
    Gap::between(valid, test).matters(test).then(|| {
        format!(
            " The test rows do worse than the validation rows ({} against {}): expect the lower value.",
            fixed(test.score, 3),
            fixed(valid.score, 3)
        )
    })
}

/// A part's score, higher being better, 1 being perfect.
struct Measured {
    part: &'static str,
    measure: &'static str,
    rows: usize,
    score: f64,
    baseline: f64,
    /// The balanced accuracy as a share of what there is to gain, for classes.
    balanced: Option<f64>,
}

impl Measured {
    /// `None` where the score is undefined or the baseline leaves no error to improve on.
    fn of(part: &PartScore<'_>, name: &'static str) -> Option<Self> {
        let both = |metric| part.metrics.get(metric).zip(part.baseline.get(metric));
        let (measure, (score, baseline)) = match both("accuracy") {
            Some(accuracy) => ("accuracy", accuracy),
            None => ("R²", both("r2")?),
        };
        let balanced = both("balanced_accuracy").map(|(score, baseline)| (1.0 - score) / (1.0 - baseline));
        (baseline < 1.0).then_some(Self { part: name, measure, rows: part.rows, score, baseline, balanced })
    }

    fn error(&self) -> f64 {
        1.0 - self.score
    }

    /// The error as a share of the baseline's.
    fn share(&self) -> f64 {
        self.error() / (1.0 - self.baseline)
    }

    /// Where one class is rare the accuracy alone says little: a model that finds it is not under-fit.
    fn is_under(&self) -> bool {
        self.share() >= UNDER && self.balanced.is_none_or(|share| share >= UNDER)
    }

    /// The error's variance: of a share p, p (1 - p) / n; of a mean square of normal residuals, 2 / n of its square.
    fn variance(&self) -> f64 {
        let (error, rows) = (self.error(), self.rows.max(1) as f64);
        if self.measure == "accuracy" { error * (1.0 - error) / rows } else { 2.0 * error * error / rows }
    }

    fn shown(&self) -> String {
        let rows = if self.rows == 1 { "row" } else { "rows" };
        format!("{} {} on {} {} {rows}", self.measure, fixed(self.score, 3), self.rows, self.part)
    }
}

/// By how much the error of some rows exceeds that of others, and its standard error.
struct Gap {
    size: f64,
    deviation: f64,
}

impl Gap {
    fn between(better: &Measured, worse: &Measured) -> Self {
        Self { size: worse.error() - better.error(), deviation: (better.variance() + worse.variance()).sqrt() }
    }

    fn matters(&self, worse: &Measured) -> bool {
        self.size > GAP * (1.0 - worse.baseline) && self.size > DEVIATIONS * self.deviation
    }

    /// Where rows are few, a verdict says how little it knows.
    fn reserve(&self) -> String {
        let noise = DEVIATIONS * self.deviation;
        let few = noise > GAP && self.size <= noise;
        if few { format!(" With so few rows, a gap of up to {noise:.2} could be chance.") } else { String::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(accuracy: f64, balanced: f64) -> Metrics {
        Metrics(vec![("accuracy", Some(accuracy)), ("balanced_accuracy", Some(balanced))])
    }

    fn numbers(r2: Option<f64>) -> Metrics {
        Metrics(vec![("r2", r2)])
    }

    /// Accuracies of the three parts over an even two-class baseline.
    fn judge(rows: usize, train: f64, valid: Option<f64>, test: Option<f64>) -> Verdict {
        let baseline = classes(0.5, 0.5);
        let [train, valid, test] = [Some(train), valid, test].map(|score| score.map(|score| classes(score, score)));
        let part = |metrics| PartScore { rows, metrics, baseline: &baseline };
        verdict(part(train.as_ref().unwrap()), valid.as_ref().map(part), test.as_ref().map(part))
    }

    fn judge_r2(rows: usize, train: f64, valid: f64) -> Fit {
        let (baseline, train, valid) = (numbers(Some(0.0)), numbers(Some(train)), numbers(Some(valid)));
        let part = |metrics| PartScore { rows, metrics, baseline: &baseline };
        verdict(part(&train), Some(part(&valid)), None).fit
    }

    #[test]
    fn a_gap_is_over_fitting_only_where_it_is_more_than_chance() {
        assert_eq!(judge(1000, 1.0, Some(0.8), None).fit, Fit::OverFit);
        assert_eq!(judge(1000, 0.95, Some(0.94), None).fit, Fit::Good);
        let few = judge(12, 0.95, Some(0.8), None);
        assert_eq!(few.fit, Fit::Good);
        assert!(few.text.contains("could be chance"), "{}", few.text);
        assert_eq!((judge_r2(1000, 0.95, 0.6), judge_r2(1000, 0.9, 0.88)), (Fit::OverFit, Fit::Good));
    }

    #[test]
    fn a_score_near_the_baselines_is_under_fitting() {
        assert_eq!(judge(1000, 0.55, Some(0.54), None).fit, Fit::UnderFit);
        assert_eq!(judge(1000, 0.55, None, None).fit, Fit::UnderFit);
        assert_eq!(judge_r2(1000, 0.1, 0.08), Fit::UnderFit);
    }

    #[test]
    fn finding_a_rare_class_is_not_under_fitting() {
        let (baseline, found, missed) = (classes(0.95, 0.5), classes(0.955, 0.8), classes(0.955, 0.52));
        let fit = |metrics| {
            let part = PartScore { rows: 5000, metrics, baseline: &baseline };
            verdict(part, Some(part), None).fit
        };
        assert_eq!((fit(&found), fit(&missed)), (Fit::Good, Fit::UnderFit));
    }

    #[test]
    fn the_words_give_the_numbers() {
        let over = judge(1000, 1.0, Some(0.45), None).text;
        for part in ["accuracy 1.000 on 1000 training rows", "0.450 on 1000 validation rows", "no better", "0.500"] {
            assert!(over.contains(part), "{over}");
        }
        let test = judge(1000, 0.95, Some(0.94), Some(0.7));
        assert!(test.fit == Fit::Good && test.text.contains("0.700 against 0.940"), "{}", test.text);
        assert!(judge(1000, 1.0, None, Some(0.8)).text.contains("1000 test rows"));
    }

    #[test]
    fn without_a_comparison_there_is_no_verdict() {
        assert_eq!(judge(1000, 0.95, None, None).fit, Fit::Unknown);
        let (perfect, one_row) = (classes(1.0, 1.0), numbers(None));
        for metrics in [&perfect, &one_row] {
            assert_eq!(verdict(PartScore { rows: 1, metrics, baseline: metrics }, None, None).fit, Fit::Unknown);
        }
    }
}
