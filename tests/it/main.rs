//! lockstep as a user runs it: each test starts the program in a folder of its own, and holds what it prints and leaves against
//! Python, paper or another run. One binary, so that polars and libtorch are linked once; a module for each verb.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

// What trains.
mod batches;
mod categories;
mod cuda;
mod engine;
mod fit;
mod importance;
mod init_from;
mod interrupt;
mod pictures;
mod folder;
mod resume;
mod resume_fit;
mod run_boston;
mod run_descent;
mod run_exhaustive;
mod run_moons;
mod run_two_layer;
mod runs;
mod show;
mod tables;
mod live;
mod threads;
mod tune;
mod usual;

// What reads a table, and what is wrong with one.
mod data;
mod preprocess;
mod reading;
mod table_errors;

// What reads a model or a run.
mod compare;
mod conditions;
mod diff;
mod doctor;
mod formats;
mod inspect;
mod predict;
mod rerun;
mod script;
mod verify;

// What was wrong once, what a refusal says, and the order of the source itself.
mod house;
mod start;
mod record;
mod record_programs;
mod regression;
mod words;
