//! What a model's metrics are worth: a baseline that looks at no feature, a verdict in words, and what each feature adds.

mod baseline;
mod importance;
pub mod metrics;
pub mod per_class;
pub mod predict;
pub mod predictions;
mod spread;
mod verdict;

pub use baseline::{MeanBaseline, PriorBaseline};
pub use importance::{Importance, Shuffling, permutation_importance};
pub use spread::Spread;
pub use verdict::{Fit, OfClasses, PartScore, Told, Verdict, verdict};
