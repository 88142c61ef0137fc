//! `lockstep diff A B`.

mod text;

use super::print::{Verdict, report};
use crate::cli::{Diff, DiffFlags, Printing};
use crate::record::difference::{Difference, compare};
use crate::record::{Record, picture};
use crate::runs::files;
use anyhow::{Result, ensure};
use std::path::Path;

pub(super) fn run(args: &Diff) -> Result<Verdict> {
    of(&args.a, &args.b, &args.shown, args.printing)
}

/// Compares two records and says where they part.
pub(super) fn of(a: &Path, b: &Path, flags: &DiffFlags, printing: Printing) -> Result<Verdict> {
    let (mut one, mut other) = (Record::open(a)?, Record::open(b)?);
    let mut honest = flags.honest.iter().map(|path| Record::open(path)).collect::<Result<Vec<_>>>()?;
    let found = compare(&mut one, &mut other, &mut honest)?;
    let (compared, _) = found.tally.totals();
    let (a, b) = (a.display().to_string(), b.display().to_string());
    ensure!(
        compared > 0,
        "{a} and {b}: no tensor is in both, expected two records of one training; are the layers alike?"
    );
    if let Some(file) = &flags.picture {
        files::write(file, &picture::figure(&found).png()?)?;
    }
    report(printing, &text::of(&found, [&a, &b]), &text::json(&found, [&a, &b]))?;
    Ok(if equal(&found) { Verdict::Holds } else { Verdict::DoesNotHold })
}

fn equal(found: &Difference) -> bool {
    found.first.is_none() && found.steps[0] == found.steps[1]
}
