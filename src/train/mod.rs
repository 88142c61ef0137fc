//! Training: the step and the loop. Nothing here prints; the loop reports through a callback.

pub mod exact;
