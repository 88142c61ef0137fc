//! One part's score as a verdict weighs it: an error beside the baseline's on the same rows, and how sure it is.

use super::{OfClasses, PartScore};
use crate::choices::fixed::fixed;

/// Under-fit: the training error is at least this share of the baseline's.
const UNDER: f64 = 0.8;
/// Where probabilities of a rare class are told apart this well, they are not under-fit, however small the gain in log loss.
const TELLS_APART: f64 = 0.7;
/// From this share of the most frequent class on, always saying it is right so often that the accuracy says little.
const RARE: f64 = 0.75;
/// Diverged: so many times the error of what has learnt nothing.
const DIVERGED: f64 = 2.0;
/// Over-fit: held-out rows have an error larger than the training rows' by more than this share of the baseline's…
const GAP: f64 = 0.1;
/// … and by more than this many standard errors of the difference.
const DEVIATIONS: f64 = 2.0;

/// The score that a verdict is given by.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    Accuracy,
    /// The classes were weighted: each counts alike, and probabilities are not the table's.
    BalancedAccuracy,
    /// One class is so frequent that accuracy, and the class that is predicted, say little.
    LogLoss,
    R2,
}

impl Measure {
    /// The one that imbalance cannot fool.
    pub fn of(train: &PartScore<'_>, weighted: bool) -> Self {
        match train.baseline.get("accuracy") {
            None => Self::R2,
            Some(_) if weighted => Self::BalancedAccuracy,
            Some(frequent) if frequent >= RARE => Self::LogLoss,
            Some(_) => Self::Accuracy,
        }
    }

    /// As metrics call it, and as people do.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Accuracy => ("accuracy", "accuracy"),
            Self::BalancedAccuracy => ("balanced_accuracy", "balanced accuracy"),
            Self::LogLoss => ("log_loss", "log loss"),
            Self::R2 => ("r2", "R²"),
        }
    }
}

/// A part's score and the baseline's.
pub struct Measured<'a> {
    name: &'static str,
    measure: Measure,
    part: PartScore<'a>,
    score: f64,
    baseline: f64,
}

impl<'a> Measured<'a> {
    /// `None` where the score is undefined or the baseline leaves no error to improve on.
    pub fn of(part: PartScore<'a>, name: &'static str, measure: Measure) -> Option<Self> {
        let get = measure.names().0;
        let (score, baseline) = part.metrics.get(get).zip(part.baseline.get(get))?;
        let measured = Self { name, measure, part, score, baseline };
        (measured.error_of(baseline) > 0.0).then_some(measured)
    }

    fn error_of(&self, score: f64) -> f64 {
        if self.measure == Measure::LogLoss { score } else { 1.0 - score }
    }

    fn error(&self) -> f64 {
        self.error_of(self.score)
    }

    /// The error as a share of the baseline's.
    fn share(&self) -> f64 {
        self.error() / self.error_of(self.baseline)
    }

    pub fn loses_to_baseline(&self) -> bool {
        self.share() >= 1.0
    }

    /// Whether hardly more was learnt than the baseline knows. Where one class is rare the accuracy alone says little: a model that
    /// finds it is not under-fit.
    pub fn is_under(&self) -> bool {
        let both = |name| self.part.metrics.get(name).zip(self.part.baseline.get(name));
        let finds = both("balanced_accuracy").is_some_and(|(score, base)| (1.0 - score) < UNDER * (1.0 - base));
        let ranks = self.part.metrics.get("roc_auc").is_some_and(|area| area >= TELLS_APART);
        let other = if self.measure == Measure::LogLoss { finds || ranks } else { finds };
        self.share() >= UNDER && (!other || self.loses_to_baseline())
    }

    /// Whether the training went astray: no network that has learnt nothing yet errs so much.
    pub fn diverged(&self) -> bool {
        match &self.part.classes {
            None => self.share() > DIVERGED,
            Some(classes) => {
                let nothing = |baseline: f64| baseline.max((classes.count as f64).ln());
                let both = self.part.metrics.get("log_loss").zip(self.part.baseline.get("log_loss"));
                both.is_some_and(|(loss, baseline)| loss > DIVERGED * nothing(baseline))
            }
        }
    }

    /// The variance of the error: of a share p, p (1 - p) / n; of a mean square of normal residuals, 2 / n of its square; else as
    /// the rows have it.
    fn variance(&self) -> f64 {
        let (error, rows) = (self.error(), self.part.rows.max(1) as f64);
        let of_classes = |of: fn(&OfClasses) -> f64| self.part.classes.as_ref().map_or(0.0, of).powi(2);
        match self.measure {
            Measure::Accuracy => error * (1.0 - error) / rows,
            Measure::BalancedAccuracy => of_classes(|classes| classes.balanced_accuracy),
            Measure::LogLoss => of_classes(|classes| classes.log_loss),
            Measure::R2 => 2.0 * error * error / rows,
        }
    }

    /// `accuracy 0.953 on 300 test rows`
    pub fn shown(&self) -> String {
        let rows = if self.part.rows == 1 { "row" } else { "rows" };
        format!("{} {} on {} {} {rows}", self.measure.names().1, number(self.score), self.part.rows, self.name)
    }

    pub fn score(&self) -> String {
        number(self.score)
    }

    pub fn baseline(&self) -> String {
        number(self.baseline)
    }

    /// What is to be known of the accuracy where it is below that of always saying the most frequent class, and the verdict does
    /// not go by it.
    pub fn accuracy_below(&self) -> Option<String> {
        let (score, baseline) = self.part.metrics.get("accuracy").zip(self.part.baseline.get("accuracy"))?;
        (self.measure != Measure::Accuracy && score < baseline).then(|| {
            format!(" Always saying the most frequent class is right more often ({baseline:.3} against {score:.3}).")
        })
    }
}

/// Three decimals, or three digits of what is large. Less than nothing by a hair is nothing.
fn number(value: f64) -> String {
    match value {
        -0.0005..0.0 => fixed(0.0, 3),
        _ if value.abs() < 1000.0 => fixed(value, 3),
        _ => format!("{value:.2e}"),
    }
}

/// By how much the error of some rows exceeds that of others, and its standard error.
pub struct Gap {
    size: f64,
    deviation: f64,
    /// The baseline's error on the worse rows.
    unit: f64,
}

impl Gap {
    pub fn between(better: &Measured<'_>, worse: &Measured<'_>) -> Self {
        let deviation = (better.variance() + worse.variance()).sqrt();
        Self { size: worse.error() - better.error(), deviation, unit: worse.error_of(worse.baseline) }
    }

    pub fn matters(&self) -> bool {
        self.size > GAP * self.unit && self.size > DEVIATIONS * self.deviation
    }

    /// Where rows are few, a verdict says how little it knows.
    pub fn reserve(&self) -> String {
        let noise = DEVIATIONS * self.deviation;
        let few = noise > GAP * self.unit && self.size <= noise;
        if few { format!(" With so few rows, a gap of up to {noise:.2} could be chance.") } else { String::new() }
    }
}
