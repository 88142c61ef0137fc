//! lockstep trains a PyTorch tutorial's networks in lockstep with Python: the same seed, the same bits.
//!
//! Data flows one way: `cli` → `commands` → `data` → `preprocess` → `model` → `train` → `evaluate` → `checkpoint`,
//! `plot`, `report`, `compare`. Only `cli`, `commands` and `progress` know clap or indicatif, or print. polars stops at
//! `preprocess::tensors`; C++ stays in `torchscript`, and `unsafe` there and in `raw`.

pub mod checkpoint;
pub mod choices;
pub mod cli;
pub mod commands;
pub mod cpu;
pub mod data;
pub mod evaluate;
pub mod fit;
pub mod model;
pub mod plot;
pub mod preprocess;
pub mod python;
pub mod report;
pub mod runs;
pub mod torch;
pub mod train;
pub mod tune;
pub mod tutorial;
