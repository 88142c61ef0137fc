//! Which losses there are, as they are written.

use crate::choices::aliases;
use crate::choices::choice::{self, Choice};
use crate::choices::names::unknown;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Which loss.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum LossKind {
    /// `F.mse_loss`.
    Mse,
    /// `F.l1_loss`.
    Mae,
    /// `F.huber_loss`.
    Huber { delta: f64 },
    /// `F.cross_entropy` of logits `[n, classes]`.
    CrossEntropy { label_smoothing: f64 },
    /// `F.binary_cross_entropy_with_logits` of one logit a row.
    Bce,
}

impl LossKind {
    pub const NAMES: [&str; 5] = ["mse", "mae", "huber", "cross-entropy", "bce"];

    /// Whether the target is a class.
    pub fn is_classification(self) -> bool {
        matches!(self, Self::CrossEntropy { .. } | Self::Bce)
    }
}

impl fmt::Display for LossKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match self {
            Self::Mse => "mse".into(),
            Self::Mae => "mae".into(),
            Self::Bce => "bce".into(),
            Self::Huber { delta } => choice::show("huber", &[("delta", Some(delta))]),
            Self::CrossEntropy { label_smoothing: smoothing } => {
                choice::show("cross-entropy", &[("label_smoothing", (*smoothing != 0.0).then_some(smoothing as _))])
            }
        })
    }
}

impl FromStr for LossKind {
    type Err = String;

    /// `mse`, `mae`, `huber[:delta=1]`, `cross-entropy[:label_smoothing=0]`, `bce`.
    fn from_str(text: &str) -> Result<Self, String> {
        // XGBoost's names have colons too, behind which are no parameters.
        if aliases::value(text, &Self::NAMES).is_some() {
            return Err(unknown(text, &Self::NAMES));
        }
        let mut choice = Choice::parse(text)?;
        let kind = match choice.name.as_str() {
            "mse" => Self::Mse,
            "mae" => Self::Mae,
            "bce" => Self::Bce,
            "huber" => Self::Huber { delta: choice.number("delta", 1.0, |d| d > 0.0, "a number above 0")? },
            "cross-entropy" => Self::CrossEntropy {
                label_smoothing: choice.number("label_smoothing", 0.0, |s| (0.0..=1.0).contains(&s), "0 to 1")?,
            },
            name => return Err(unknown(name, &Self::NAMES)),
        };
        choice.finish()?;
        Ok(kind)
    }
}

crate::choices::names::as_text!(LossKind);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_reads_back_what_it_shows() {
        for (text, loss) in [
            ("mse", LossKind::Mse),
            ("mae", LossKind::Mae),
            ("huber:delta=0.3", LossKind::Huber { delta: 0.3 }),
            ("cross-entropy", LossKind::CrossEntropy { label_smoothing: 0.0 }),
            ("cross-entropy:label_smoothing=0.1", LossKind::CrossEntropy { label_smoothing: 0.1 }),
            ("bce", LossKind::Bce),
        ] {
            assert_eq!((text.parse(), loss.to_string().as_str()), (Ok(loss), text));
        }
        // torch.nn.HuberLoss().delta
        assert_eq!("huber".parse::<LossKind>().unwrap().to_string(), "huber:delta=1");
        assert_eq!("Cross_Entropy".parse(), Ok(LossKind::CrossEntropy { label_smoothing: 0.0 }));
        for (text, word) in
            [("rmse", "did you mean mse?"), ("huber:delta=0", "above 0"), ("mse:delta=1", "no parameters")]
        {
            assert!(text.parse::<LossKind>().unwrap_err().contains(word), "{text}");
        }
    }
}
