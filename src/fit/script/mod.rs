//! The plain PyTorch program that trains what `fit` trains, to the same losses and weights, bit for bit.
//!
//! Its functions are made one file each, of what is asked for alone, so that a plain fit is a short script; what several of them call
//! stands in `helpers.py`. `tests/it/script.rs` runs scripts beside the fits that they are of.

mod batches;
mod columns;
mod divide;
mod features;
mod header;
mod loss;
mod network;
mod python;
mod refuse;
mod table;
mod target;
mod training;
mod update;

use self::columns::Columns;
use self::network::Start;
use self::python::{Code, mentions};
use self::table::{Reading, reading};
use crate::fit::divide::Divided;
use crate::fit::prepare::FittedPreprocessing;
use crate::fit::settings::FitPlan;
use crate::fit::train::loss_kind;
use crate::model::loss::LossKind;
use anyhow::Result;
use std::path::Path;

/// Functions that are put into a script which calls them.
const HELPERS: &str = include_str!("helpers.py");

/// What is known of the training beside its settings.
pub struct Training<'a> {
    /// The file that the script is written to.
    pub file: &'a str,
    pub data: &'a Path,
    pub seed: u32,
    pub threads: i32,
    /// What trained it, or would.
    pub engine: &'a str,
    /// The folder of the run, and the version of libtorch there.
    pub run: Option<(&'a str, &'a str)>,
}

/// A script in the making.
struct Script<'a> {
    plan: &'a FitPlan,
    training: &'a Training<'a>,
    fitted: &'a FittedPreprocessing,
    reading: Reading,
    columns: Columns,
    loss: LossKind,
    start: Option<Start>,
    /// Whether there are validation rows.
    validates: bool,
    /// Whether `--split-column` names some of the table's rows so.
    column_has_valid: bool,
    without_target: bool,
}

/// The script of a training.
///
/// # Errors
/// A setting or a table of which no script can be written, by its flag.
pub fn program(
    plan: &FitPlan,
    training: &Training<'_>,
    divided: &Divided<'_>,
    fitted: &FittedPreprocessing,
) -> Result<String> {
    refuse::check(plan, training.engine)?;
    let reading = reading(training.data, plan)?;
    for other in [&plan.valid, &plan.test].into_iter().flatten() {
        table::same(other, &reading, plan)?;
    }
    let script = Script {
        columns: Columns::of(divided, fitted, plan, &reading)?,
        loss: loss_kind(plan, &fitted.target)?,
        start: plan.init_from.as_deref().map(Start::of).transpose()?,
        validates: !fitted.parts[1].rows.is_empty(),
        column_has_valid: plan.split_column.is_some() && !fitted.parts[1].rows.is_empty(),
        without_target: divided.without_target > 0,
        plan,
        training,
        fitted,
        reading,
    };
    Ok(script.write())
}

impl Script<'_> {
    fn write(&self) -> String {
        let functions = [
            Some(self.reading.function(self.without_target)),
            Some(self.divide()),
            self.numbers_function(),
            self.date_part(),
            Some(self.features()),
            Some(self.target()),
            Some(self.network()),
            Some(self.training()),
            Some(self.main()),
        ];
        let mut functions: Vec<String> = functions.into_iter().flatten().map(|text| text.trim_end().into()).collect();
        let (statistics, checking) = helpers(&functions.join("\n"));
        let last = functions.len() - 1;
        functions.splice(last..last, checking);
        functions.splice(1..1, statistics);
        if mentions(&functions.join("\n"), "is_missing") {
            functions.insert(0, self.reading.missing().trim_end().into());
        }
        let body = format!("{}\n\n\nif __name__ == \"__main__\":\n    main()\n", functions.join("\n\n\n"));
        format!("{}\n\n\n{body}", self.header(&body))
    }

    /// `numbers(rows, name)`.
    fn numbers_function(&self) -> Option<String> {
        let inputs = &self.fitted.pipeline.inputs;
        let regression = !self.fitted.target.is_classification();
        if inputs.numbers.is_empty() && !regression && self.plan.sample_weight.is_none() {
            return None;
        }
        let gaps = inputs.numbers.iter().any(|number| self.columns.has_gaps(&number.name));
        let cell = if gaps { "math.nan if is_missing(row[name]) else float(row[name])" } else { "float(row[name])" };
        let mut code = Code::default();
        code.line(0, "def numbers(rows, name):");
        code.line(1, format!("return np.array([{cell} for row in rows])"));
        Some(code.text())
    }

    fn main(&self) -> String {
        let mut code = Code::default();
        code.line(0, "def main():");
        code.line(1, "parser = argparse.ArgumentParser(description=\"Trains a network as lockstep fit does.\")");
        code.line(
            1,
            "parser.add_argument(\"--check\", metavar=\"RUN-FOLDER\", help=\"compare with what lockstep left there\")",
        );
        code.line(1, "arguments = parser.parse_args()");
        code.line(1, "torch.set_num_threads(THREADS)");
        self.rows(&mut code);
        code.line(1, "x, y = features(rows, train), target(rows, train)");
        self.weights().iter().for_each(|line| code.line(1, line));
        code.line(1, "torch.manual_seed(SEED)");
        code.line(1, "net = network(x.shape[1])");
        self.start(&mut code);
        let train = self.tensors(|name| format!("{name}[train]"));
        let valid =
            if self.validates { format!(", {}", self.tensors(|name| format!("{name}[valid]"))) } else { String::new() };
        code.line(1, format!("history = fit(net, {train}{valid})"));
        code.line(1, "if arguments.check:");
        code.line(2, "difference = check(arguments.check, history, net)");
        code.line(2, "if difference:");
        code.line(3, "sys.exit(f\"not the bits of {arguments.check}: {difference}\")");
        code.line(2, "print(f\"the bits of {arguments.check}: every loss and every weight\")");
        code.text()
    }

    /// `rows`, `train` and `valid`.
    fn rows(&self, code: &mut Code) {
        let both = self.divides_valid() && self.plan.folds == 0;
        code.line(1, "rows = read(DATA)");
        code.line(1, if both { "train, valid = divide(rows)" } else { "train = divide(rows)" });
        if self.plan.valid.is_some() {
            code.line(1, "own = len(rows)");
            code.line(1, "rows += read(VALID)");
            code.line(1, "valid = np.arange(own, len(rows))");
        }
        let dropping = self.dropping();
        if dropping.is_empty() {
            return;
        }
        code.line(1, "# A row with a gap in one of these is left out.");
        let names = python::list(&dropping).replace('\n', "\n    ");
        code.line(1, format!("gaps = np.array([any(is_missing(row[name]) for name in {names}) for row in rows])"));
        code.line(1, "train = train[~gaps[train]]");
        if self.validates {
            code.line(1, "valid = valid[~gaps[valid]]");
        }
    }
}

/// The helpers that `text` calls, and those that these call, in the order of their file: what a table is prepared with, and from
/// `read_safetensors` on what a run is compared with.
fn helpers(text: &str) -> (Vec<String>, Vec<String>) {
    let all: Vec<&str> = HELPERS.trim_end().split("\n\n\n").collect();
    let name = |helper: &str| helper[4..].split('(').next().unwrap_or_default().to_string();
    let mut chosen = vec![false; all.len()];
    let mut text = text.to_string();
    loop {
        let next = (0..all.len()).find(|&index| !chosen[index] && mentions(&text, &name(all[index])));
        let Some(next) = next else { break };
        chosen[next] = true;
        text += all[next];
    }
    let chosen = all.iter().zip(chosen).filter(|(_, chosen)| *chosen).map(|(helper, _)| helper.to_string());
    chosen.partition(|helper| !["read_safetensors", "check"].contains(&name(helper).as_str()))
}
