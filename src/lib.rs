//! lockstep trains a PyTorch tutorial's networks, and a network on the user's own table, in lockstep with Python: the same seed,
//! the same bits.
//!
//! The rooms stand in the order in which data flows. A file imports only from its own room and from rooms below
//! (`tests/it/house.rs` holds it to that). Only `commands` and `cli` know clap or indicatif, and only `commands` prints. polars
//! ends at `preprocess`, where tensors begin; C++ stays in `torch`, and `unsafe` there and in `cpu`.
//!
//! | word | what is meant |
//! |---|---|
//! | run, run folder | one call of a command that trains, and the folder that its files are put into in one step |
//! | program | one of the tutorial's five: exhaustive, descent, two-layer, boston, moons |
//! | table, part | the user's rows; those of them that train, validate or test |
//! | `FitSettings`, `FitPlan` | what `fit` was told; the same after it was checked, which is all that the rest takes |
//! | `FittedPreprocessing` | what the training rows decide: fill values, centres, scales, categories |
//! | `Prepared` | a table as tensors: what the network sees, and the labels |
//! | `Labels`, `Predictions` | what is to be predicted (`y_true`), and what the model says (`y_pred`, with probabilities) |
//! | `Task` | a network, a loss, settings and rows: everything that a training is given |
//! | `Session` | a training that runs, the one loop under every command |
//! | `Engine` | what computes losses and gradients: `exact` in Python's order of operations, `fused` at the processor's speed |
//! | `Observer` | whoever is told of each epoch, and may have the state saved or the training ended |
//! | `Snapshot` | the state of a training after an epoch, from which it goes on to the same bits |
//! | `Resumption` | an earlier run's snapshot and settings, with what may differ now |
//! | `FlatTensors` | all parameters as views into one buffer, so that an update is one sweep |
//! | checkpoint, `model.pt` | a TorchScript file with the network, a manifest, the state, and rows to check it by |
//! | `Manifest`, `Provenance` | what a model file says of itself; on what data and under what conditions it was made |
//! | `Conditions` | what bits depend on beside settings, seed and data: processor, libtorch, threads, variables |
//! | series | the checkpoints that a running training leaves in its folder |
//! | baseline, verdict | a prediction that looks at no feature; what the scores say beside it, in words |
//! | `Location` | the file and row of the user's that an error names |
//! | record | what a training computed, step by step, written while it ran, here or under Python |
//! | trace | what one of the tutorial's programs computed, to be compared bit by bit |

pub mod commands; // one verb, one file; the job, what it prints, the observer on the command line
pub mod cli; // clap: flags only
pub mod tune; // the search of fit's settings: space, trials, journal, results
pub mod fit; // a network on the user's table: settings, division, preparation, training, summary, report
pub mod tutorial; // the five programs, and the five demonstrations of what the tutorial explains
pub mod report; // pictures of an evaluation, loss curves, the page
pub mod evaluate; // metrics, predictions, baseline, verdict, importance
pub mod checkpoint; // the model file: manifest, code, series, resumption, verification
pub mod preprocess; // from columns to tensors: imputing, scaling, encoding, dates, splits
pub mod data; // tables: reading, storing, writing, schema, profile; the tutorial's data sets
pub mod train; // the session, its engines, optimizers, schedules and snapshots
pub mod model; // networks: parameters, initialisation, activations, losses, TorchScript source
pub mod record; // what a training did, step by step: writer, reader, first difference, likely causes
pub mod runs; // the run folder: files whole or absent, what the run before left, history, TensorBoard events
pub mod python; // what is Python's, number for number: random, NumPy, pickle, traces
pub mod torch; // what is libtorch's: the C++ bridge, memory, safetensors, devices, what bits depend on
pub mod cpu; // the processor's model, threads, their pool, vectors, room in memory
pub mod plot; // figures to PNG
pub mod choices; // fixed names, name:key=value, other libraries' names, "did you mean"; numbers in tables
