//! What plain PyTorch code cannot say, or not to the same bits.

use crate::fit::settings::FitPlan;
use anyhow::{Result, ensure};

/// Refuses settings that no script can be written of; each message begins with the setting's flag. `engine` trained the run, or
/// would train it.
pub(super) fn check(plan: &FitPlan, engine: &str) -> Result<()> {
    ensure!(
        engine != "fused",
        "--engine fused: its bits are its own, PyTorch has none to compare; train with --engine exact, and write the script of that"
    );
    ensure!(
        plan.schema.is_none(),
        "--schema: a script reads a table by its own types; name the columns with --target, --categorical and --drop instead"
    );
    ensure!(
        plan.date_format.is_empty(),
        "--date-format: a script reads ISO 8601; write the table's dates so, as 2024-02-29"
    );
    ensure!(plan.comment.is_empty(), "--comment: Python's csv knows no comments; take these lines out of the table");
    ensure!(plan.escape == "none", "--escape: a script reads quotes that are doubled; write the table so");
    let marks = plan.decimal == "." && plan.thousands == "none";
    ensure!(marks, "--decimal, --thousands: a script reads numbers as 1234.5; write the table so");
    Ok(())
}
