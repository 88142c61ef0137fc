//! `lockstep completions`.

use crate::choices::names::named;
use clap::Args;

named! {
    /// What is written.
    pub enum Completions {
        Bash = "bash",
        Zsh = "zsh",
        Fish = "fish",
        /// The manual page.
        Man = "man",
    }
}

#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// bash, zsh or fish: what completes commands, flags and their values there; man: the manual page
    #[arg(value_name = "bash|zsh|fish|man")]
    pub to: Completions,
}
