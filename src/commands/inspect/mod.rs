//! `lockstep inspect MODEL` and `lockstep inspect DATA`.

mod model;
mod show;
mod table;

use super::print::Verdict;
use crate::cli::Inspect;
use anyhow::{Result, bail};

/// A file that ends in .pt is a model, as is the folder of a run; any other is a table.
pub(super) fn run(args: &Inspect) -> Result<Verdict> {
    let (shown, table) = (args.file.display(), &args.table);
    let of_run = args.file.join("model.pt").is_file();
    if !of_run && args.file.extension().is_none_or(|ending| !ending.eq_ignore_ascii_case("pt")) {
        return table::run(&args.file, table, args.printing);
    }
    let given = [("--target", table.target.is_some()), ("--save", table.save.is_some())];
    if let Some((flag, _)) = given.iter().find(|(_, given)| *given) {
        bail!("{flag}: {shown} is a model, {flag} is for a table");
    }
    model::run(&args.file, args.printing)
}
