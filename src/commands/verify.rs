//! `lockstep verify MODEL`: is the file whole, and does it still answer as it did when it was written?

use super::job::prepare;
use super::print::{Verdict, report};
use crate::checkpoint::ModelFile;
use crate::checkpoint::verify::{Finding, verify};
use crate::cli::Verify;
use crate::torch::conditions::{self, Conditions};
use anyhow::{Context, Result};
use serde_json::json;

pub(super) fn run(args: &Verify) -> Result<Verdict> {
    let shown = args.model.display().to_string();
    let file = ModelFile::read(&args.model)?;
    let device = prepare(&args.compute)?;
    let checkpoint = file.load(device).context(shown.clone())?;
    let findings = verify(&checkpoint, device)?;
    let holds = findings.iter().all(|finding| finding.holds);
    let lines: Vec<String> = findings.iter().map(line).collect();
    let verdict = if holds { "holds" } else { "does not hold" };
    let rows: Vec<_> = findings
        .iter()
        .map(|finding| json!({"check": finding.what, "found": finding.found, "holds": finding.holds}))
        .collect();
    let differences = match findings.iter().all(|finding| finding.equal) {
        true => vec![],
        false => Conditions::now(device, true)?.since(&checkpoint.manifest.conditions()),
    };
    let said = conditions::line(&differences).map_or(String::new(), |line| format!("\n{line}"));
    let text = format!("{}{said}\n{shown}: {verdict}", lines.join("\n"));
    let conditions = conditions::texts(&differences);
    report(args.printing, &text, &json!({"model": shown, "holds": holds, "checks": rows, "conditions": conditions}))?;
    Ok(if holds { Verdict::Holds } else { Verdict::DoesNotHold })
}

fn line(finding: &Finding) -> String {
    format!("{:<8} {:<12} {}", if finding.holds { "ok" } else { "BROKEN" }, finding.what, finding.found)
}
