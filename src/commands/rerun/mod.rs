//! `lockstep rerun RUN-FOLDER`: the run again, from its summary alone, and whether it comes to the same bytes.

mod difference;
mod recorded;

use self::difference::{Compared, data_difference, folders, mixed, records};
use self::recorded::Record;
use super::print::{Verdict, report};
use crate::cli::{self, Command, Rerun};
use crate::torch::conditions::{self, Difference};
use anyhow::{Context, Result, anyhow, ensure};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Runs a parsed command, as the program itself does.
type Dispatch = fn(&Command) -> Result<Verdict>;

pub(super) fn run(args: &Rerun, dispatch: Dispatch) -> Result<Verdict> {
    let shown = args.folder.display().to_string();
    let record = Record::read(&args.folder).context("rerun")?;
    let data = data(args, &record)?;
    let (mut compared, mut conditions) = (Vec::new(), Vec::new());
    if let Some(difference) = mixed(&args.folder, &record)? {
        compared.push(Compared { what: "summary.json".into(), difference: Some(difference) });
    }
    if let Some(data) = &data
        && let Some(difference) = data_difference(&record, data)?
    {
        compared.push(Compared { what: "data".into(), difference: Some(difference) });
    }
    // Other data, or a summary that is not the model's, cannot come to the same: nothing is trained.
    if compared.is_empty() {
        (compared, conditions) = repeat(args, &record, data, dispatch)?;
    }
    tell(args, &shown, &compared, &conditions)
}

/// The table: where the run read it, or where it is now.
fn data(args: &Rerun, record: &Record) -> Result<Option<PathBuf>> {
    let Some(recorded) = record.data() else {
        ensure!(args.data.is_none(), "--data: this run of {} read no table", record.program);
        return Ok(None);
    };
    let data = args.data.clone().unwrap_or_else(|| recorded.into());
    let pattern = data.display().to_string().contains(['*', '?', '[']);
    ensure!(
        pattern || data.is_file(),
        "{}: the run read its table there, and it is not a file; name it with --data FILE",
        data.display()
    );
    Ok(Some(data))
}

/// The run again: what was compared, and what is otherwise now than when it was made.
fn repeat(
    args: &Rerun,
    record: &Record,
    data: Option<PathBuf>,
    dispatch: Dispatch,
) -> Result<(Vec<Compared>, Vec<Difference>)> {
    let out = tempfile::tempdir().context("a temporary folder: cannot make it; set TMPDIR")?;
    let arguments = record.arguments(&args.folder, data.as_deref(), out.path())?;
    let line = std::iter::once("lockstep".to_string()).chain(arguments);
    let cli = cli::parse(line).map_err(|error| {
        let text = error.render().to_string();
        anyhow!("summary.json: {}", text.lines().next().unwrap_or_default().trim_start_matches("error: "))
    })?;
    dispatch(&cli.command)?;
    let again = Record::read(out.path())?;
    let mut compared = records(record, &again);
    compared.extend(folders(&args.folder, out.path(), args.data.is_some())?);
    Ok((compared, again.conditions()?.since(&record.conditions()?)))
}

fn tell(args: &Rerun, shown: &str, compared: &[Compared], conditions: &[Difference]) -> Result<Verdict> {
    let equal = compared.iter().all(|one| one.difference.is_none() || !is_file(&one.what));
    // Where the bytes are equal, it does not matter how.
    let conditions = if equal { &[] } else { conditions };
    let lines: Vec<String> = compared.iter().map(line).chain(conditions::line(conditions)).collect();
    let verdict = if equal { "the same bytes" } else { "not the same bytes" };
    let first = compared.iter().find_map(|one| Some((&one.what, one.difference.as_ref()?)));
    let first = first.map(|(what, difference)| json!({"what": what, "difference": difference}));
    let rows: Vec<Value> = compared.iter().map(|one| json!({"what": one.what, "difference": one.difference})).collect();
    let object = json!({"run": shown, "equal": equal, "first_difference": first, "compared": rows,
                        "conditions": conditions::texts(conditions)});
    report(args.printing, &format!("{}\n{shown}: {verdict}", lines.join("\n")), &object)?;
    Ok(if equal { Verdict::Holds } else { Verdict::DoesNotHold })
}

/// Another version or processor is said, but it is the bytes that count.
fn is_file(what: &str) -> bool {
    what.contains('.') || what == "data"
}

fn line(one: &Compared) -> String {
    match &one.difference {
        None => format!("equal    {}", one.what),
        Some(difference) if !is_file(&one.what) => format!("note     {}: {difference}", one.what),
        Some(difference) => format!("DIFFERS  {}: {difference}", one.what),
    }
}
