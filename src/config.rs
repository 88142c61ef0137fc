//! Plain settings of each program; `Default` is the tutorial's values.

use serde::{Deserialize, Serialize};

/// `run moons`: `make_moons(200, noise=0.2)`, `Net` with 100 hidden units, Adam(lr=0.01), 1000 epochs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MoonsConfig {
    pub samples: usize,
    pub noise: f64,
    pub hidden: i64,
    pub lr: f64,
    pub epochs: usize,
}

impl Default for MoonsConfig {
    fn default() -> Self {
        Self { samples: 200, noise: 0.2, hidden: 100, lr: 0.01, epochs: 1000 }
    }
}
