//! Names that settings of `fit` alone take.

use crate::choices::names::named;

named! {
    /// What is predicted.
    pub enum Task {
        /// A class where the target is text, a truth value, or whole numbers of at most 10 values; else a number.
        Auto = "auto",
        Regression = "regression",
        Classification = "classification",
    }
}

named! {
    /// How the classes weigh in the loss.
    pub enum ClassWeight {
        None = "none",
        /// `n / (classes · count)`, as scikit-learn's `class_weight="balanced"`.
        Balanced = "balanced",
    }
}

named! {
    /// Where the losses of each epoch go.
    pub enum Log {
        /// `history.csv`, which is always written.
        Csv = "csv",
        /// An event file besides, written while the training runs.
        Tensorboard = "tensorboard",
    }
}
