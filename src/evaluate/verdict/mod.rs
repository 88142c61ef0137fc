//! Under-fit, over-fit, diverged, or neither: a verdict in words, from the numbers of the parts.
//!
//! Every part is measured by its error as a share of the baseline's error on the same rows: 1 - accuracy for classes, or what
//! imbalance cannot fool where one of them is frequent ([`Measure`]); 1 - R² for numbers (the share of the variance that is left).

mod measured;

use crate::evaluate::metrics::Metrics;
use measured::{Gap, Measure, Measured};
use serde::Serialize;

/// One part's metrics, and the baseline's on the same rows.
#[derive(Debug, Clone, Copy)]
pub struct PartScore<'a> {
    pub rows: usize,
    pub metrics: &'a Metrics,
    pub baseline: &'a Metrics,
    /// Of a classifier.
    pub classes: Option<OfClasses>,
}

/// How many classes there are, and the standard errors of two scores of some rows.
#[derive(Debug, Clone, Copy)]
pub struct OfClasses {
    pub count: usize,
    pub balanced_accuracy: f64,
    pub log_loss: f64,
}

/// What the training was told: no advice repeats it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Told {
    /// Classes were weighted.
    pub weighted: bool,
    pub dropout: bool,
    pub weight_decay: bool,
    pub early_stop: bool,
    /// Whether it ended before the last epoch.
    pub stopped_early: bool,
    pub clip_grad: bool,
    pub lr: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fit {
    Good,
    UnderFit,
    OverFit,
    /// The training led away from any answer.
    Diverged,
    Unknown,
}

/// The verdict, and the sentence that gives its reasons in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    pub fit: Fit,
    pub text: String,
}

/// Judges a model by its training rows against the validation rows, or the test rows where there are none of those.
pub fn verdict<'a>(
    told: &Told,
    train: PartScore<'a>,
    valid: Option<PartScore<'a>>,
    test: Option<PartScore<'a>>,
) -> Verdict {
    let measure = Measure::of(&train, told.weighted);
    let measured = |part: Option<_>, name| part.and_then(|part| Measured::of(part, name, measure));
    let Some(train) = Measured::of(train, "training", measure) else {
        let text = "Cannot be judged: on the training rows the score is undefined, or the baseline makes no error.";
        return Verdict { fit: Fit::Unknown, text: text.into() };
    };
    if train.diverged() {
        return Verdict { fit: Fit::Diverged, text: diverged(told, &train) };
    }
    let (valid, test) = (measured(valid, "validation"), measured(test, "test"));
    let Some(held) = valid.as_ref().or(test.as_ref()) else {
        return alone(told, &train);
    };
    let (fit, text) = compared(told, &train, held);
    let below = if fit == Fit::Good { held.accuracy_below() } else { None };
    let hopeful = valid.as_ref().zip(test.as_ref()).and_then(|(valid, test)| hopeful(valid, test));
    Verdict { fit, text: text + &below.unwrap_or_default() + &hopeful.unwrap_or_default() }
}

/// The training rows against others.
fn compared(told: &Told, train: &Measured<'_>, held: &Measured<'_>) -> (Fit, String) {
    let gap = Gap::between(train, held);
    let shown = format!("{} against {}", train.shown(), held.shown());
    if !train.is_under() && held.loses_to_baseline() {
        let text =
            format!("Over-fits: {shown}, no better than the baseline's {}. {}", held.baseline(), over_help(told));
        (Fit::OverFit, text + &gap.reserve())
    } else if gap.matters() {
        (Fit::OverFit, format!("Over-fits: {shown}. {}", over_help(told)))
    } else if train.is_under() {
        (Fit::UnderFit, under(told, train, &shown))
    } else {
        (Fit::Good, format!("Fits: {shown}, where the baseline has {}.{}", held.baseline(), gap.reserve()))
    }
}

/// What is not used yet against over-fitting.
fn over_help(told: &Told) -> String {
    let ways = [("dropout", told.dropout), ("weight decay", told.weight_decay), ("early stopping", told.early_stop)];
    let ways = ways.into_iter().filter(|(_, used)| !used).map(|(way, _)| way);
    let ways: Vec<&str> = ["more rows"].into_iter().chain(ways).collect();
    let ways = format!("{} or fewer hidden units may bring the two together.", ways.join(", "));
    format!("M{}", &ways[1..])
}

/// No held-out rows to compare with.
fn alone(told: &Told, train: &Measured<'_>) -> Verdict {
    if train.is_under() {
        return Verdict { fit: Fit::UnderFit, text: under(told, train, &train.shown()) };
    }
    let text = format!("Cannot be judged: {}, but no other rows to compare with.", train.shown());
    Verdict { fit: Fit::Unknown, text }
}

fn under(told: &Told, train: &Measured<'_>, shown: &str) -> String {
    let better = if train.loses_to_baseline() { "no better" } else { "hardly better" };
    // Whoever was stopped early would be stopped again.
    let help = if told.stopped_early {
        "More hidden units, or another learning rate or more patience in early stopping,"
    } else {
        "More hidden units, more epochs or a larger learning rate"
    };
    format!(
        "Under-fits: {shown}, {better} than the baseline's {} on the training rows. {help} may help, unless the features \
         say little about the target.",
        train.baseline()
    )
}

fn diverged(told: &Told, train: &Measured<'_>) -> String {
    let clip = if told.clip_grad { "" } else { ", or --clip-grad," };
    format!(
        "Diverged: {}, where the baseline has {}: the steps were too large. A smaller learning rate than {}{clip} may help.",
        train.shown(),
        train.baseline(),
        told.lr
    )
}

/// A warning where the test rows do clearly worse than the validation rows, by which the model was chosen.
fn hopeful(valid: &Measured<'_>, test: &Measured<'_>) -> Option<String> {
    Gap::between(valid, test).matters().then(|| {
        format!(
            " The test rows do worse than the validation rows ({} against {}): expect what they show.",
            test.score(),
            valid.score()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(accuracy: f64, balanced: f64) -> Metrics {
        Metrics(vec![("accuracy", Some(accuracy)), ("balanced_accuracy", Some(balanced))])
    }

    /// Of a rare class, with how well it is told apart.
    fn rare(accuracy: f64, balanced: f64, area: f64, log_loss: f64) -> Metrics {
        let more = [("roc_auc", Some(area)), ("log_loss", Some(log_loss))];
        Metrics(classes(accuracy, balanced).0.into_iter().chain(more).collect())
    }

    const TWO: Option<OfClasses> = Some(OfClasses { count: 2, balanced_accuracy: 0.01, log_loss: 0.001 });

    fn numbers(r2: Option<f64>) -> Metrics {
        Metrics(vec![("r2", r2)])
    }

    /// Accuracies of the three parts over an even two-class baseline.
    fn judge(rows: usize, train: f64, valid: Option<f64>, test: Option<f64>) -> Verdict {
        let baseline = classes(0.5, 0.5);
        let [train, valid, test] = [Some(train), valid, test].map(|score| score.map(|score| classes(score, score)));
        let part = |metrics| PartScore { rows, metrics, baseline: &baseline, classes: None };
        verdict(&Told::default(), part(train.as_ref().unwrap()), valid.as_ref().map(part), test.as_ref().map(part))
    }

    fn judge_r2(rows: usize, train: f64, valid: f64) -> Fit {
        let (baseline, train, valid) = (numbers(Some(0.0)), numbers(Some(train)), numbers(Some(valid)));
        let part = |metrics| PartScore { rows, metrics, baseline: &baseline, classes: None };
        verdict(&Told::default(), part(&train), Some(part(&valid)), None).fit
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

    /// The verdict on training and validation rows that score `train` and `valid`.
    fn of_rare(told: &Told, train: &Metrics, valid: &Metrics, baseline: &Metrics) -> Verdict {
        let part = |metrics| PartScore { rows: 5000, metrics, baseline, classes: TWO };
        verdict(told, part(train), Some(part(valid)), None)
    }

    #[test]
    fn finding_a_rare_class_is_not_under_fitting() {
        let baseline = rare(0.95, 0.5, 0.5, 0.199);
        let fit = |metrics: &Metrics| of_rare(&Told::default(), metrics, metrics, &baseline).fit;
        let (found, missed) = (rare(0.955, 0.8, 0.9, 0.12), rare(0.955, 0.52, 0.55, 0.195));
        assert_eq!((fit(&found), fit(&missed)), (Fit::Good, Fit::UnderFit));
        // A click log: nothing is predicted but the frequent class, and yet the probabilities tell clicks apart.
        assert_eq!(fit(&rare(0.95, 0.5, 0.72, 0.185)), Fit::Good);
    }

    #[test]
    fn what_loses_to_the_baseline_is_not_praised() {
        // Clicks of 3.5 %: the accuracy is the baseline's on either part, and the log loss of the validation rows is above it.
        let baseline = rare(0.965, 0.5, 0.5, 0.152);
        let found =
            of_rare(&Told::default(), &rare(0.965, 0.5, 0.63, 0.148), &rare(0.965, 0.5, 0.55, 0.168), &baseline);
        assert_eq!(found.fit, Fit::OverFit, "{}", found.text);
        assert!(found.text.contains("log loss 0.148 on 5000 training rows against log loss 0.168"), "{}", found.text);
        // Weighted classes are right less often, and find each class more often: both are said.
        let told = Told { weighted: true, ..Told::default() };
        let weighted = rare(0.837, 0.71, 0.8, 0.5);
        let found = of_rare(&told, &weighted, &weighted, &rare(0.882, 0.2, 0.5, 0.4));
        assert!(found.fit == Fit::Good && found.text.starts_with("Fits: balanced accuracy 0.710"), "{}", found.text);
        assert!(found.text.contains("right more often (0.882 against 0.837)"), "{}", found.text);
        assert_eq!(judge(1000, 0.8, Some(0.5), None).fit, Fit::OverFit);
    }

    #[test]
    fn a_divergence_is_seen_and_no_larger_learning_rate_advised() {
        let (baseline, train) = (numbers(Some(0.0)), numbers(Some(-2_487_264.345)));
        let part = |metrics| PartScore { rows: 1000, metrics, baseline: &baseline, classes: None };
        let found = verdict(&Told { lr: 100.0, ..Told::default() }, part(&train), Some(part(&train)), None);
        assert_eq!(found.fit, Fit::Diverged);
        assert!(
            found.text.contains("R² -2.49e6 on 1000 training rows") && found.text.contains("smaller"),
            "{}",
            found.text
        );
        // Two classes, each sure and each wrong; and a network that has learnt nothing yet.
        let baseline = rare(0.95, 0.5, 0.5, 0.199);
        let fit = |loss| {
            let metrics = rare(0.5, 0.5, 0.5, loss);
            of_rare(&Told::default(), &metrics, &metrics, &baseline).fit
        };
        assert_eq!((fit(9.0), fit(0.693)), (Fit::Diverged, Fit::UnderFit));
    }

    #[test]
    fn no_advice_repeats_what_was_given() {
        let (baseline, train, valid) = (classes(0.5, 0.5), classes(1.0, 1.0), classes(0.7, 0.7));
        let part = |metrics| PartScore { rows: 1000, metrics, baseline: &baseline, classes: None };
        let text = |told: &Told| verdict(told, part(&train), Some(part(&valid)), None).text;
        assert!(text(&Told::default()).ends_with(
            "More rows, dropout, weight decay, early stopping or fewer hidden units may bring the two together."
        ));
        let told = Told { early_stop: true, dropout: true, weight_decay: true, ..Told::default() };
        assert!(
            text(&told).ends_with("More rows or fewer hidden units may bring the two together."),
            "{}",
            text(&told)
        );
        let stopped = Told { stopped_early: true, ..Told::default() };
        let poor = classes(0.52, 0.52);
        let text = verdict(&stopped, part(&poor), Some(part(&poor)), None).text;
        assert!(text.starts_with("Under-fits") && !text.contains("epochs"), "{text}");
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
            assert_eq!(
                verdict(&Told::default(), PartScore { rows: 1, metrics, baseline: metrics, classes: None }, None, None)
                    .fit,
                Fit::Unknown
            );
        }
    }
}
