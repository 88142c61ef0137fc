//! What stands on top of the script: what it is, its imports, its settings.

use super::Script;
use super::python::{float, list, mentions, text};

/// The modules of the standard library, and what is taken from modules.
const MODULES: [&str; 8] = ["argparse", "calendar", "copy", "csv", "gzip", "json", "math", "sys"];
const TAKEN: [(&str, &[&str]); 2] = [("collections", &["Counter"]), ("datetime", &["datetime", "timezone"])];
const OTHERS: [(&str, &str); 3] =
    [("np", "import numpy as np"), ("polars", "import polars"), ("torch", "import torch")];
const OTHERS_TAKEN: [(&str, &[&str]); 5] = [
    ("sklearn.model_selection", &["train_test_split"]),
    ("torch", &["nn"]),
    ("torch.optim", &["lr_scheduler"]),
    ("torch.optim.swa_utils", &["AveragedModel", "get_ema_multi_avg_fn"]),
    ("torch.utils.data", &["DataLoader", "TensorDataset", "WeightedRandomSampler"]),
];

impl Script<'_> {
    /// All of it, as far as `body` needs it.
    pub(super) fn header(&self, body: &str) -> String {
        let constants = self.constants().into_iter().filter(|(name, _)| mentions(body, name));
        let constants: Vec<String> = constants.map(|(name, value)| format!("{name} = {value}")).collect();
        format!("{}\n{}\n\n{}", self.about(body), imports(body), constants.join("\n"))
    }

    fn about(&self, body: &str) -> String {
        let mut needed = vec!["Python 3.11 or newer", "numpy"];
        needed.extend(mentions(body, "train_test_split").then_some("scikit-learn"));
        needed.extend(mentions(body, "polars").then_some("polars"));
        let plain = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
        let run = self.training.run.map_or(String::new(), |(folder, libtorch)| {
            format!("\nThe run in {} had libtorch {libtorch}.", plain(folder))
        });
        let file = plain(self.training.file);
        format!(
            "\"\"\"Trains the network of `lockstep fit` in plain PyTorch, to the same losses and weights, bit for bit.

    python {file}                       trains
    python {file} --check RUN-FOLDER    trains; ends with 1 unless every loss and weight is that of the run

Needs {} and torch. The bits depend on torch's version, the processor and THREADS.{run}
Written by lockstep {}.
\"\"\"",
            needed.join(", "),
            env!("CARGO_PKG_VERSION")
        )
    }

    /// Everything that may be a setting of the script.
    fn constants(&self) -> Vec<(&'static str, String)> {
        let plan = self.plan;
        let path = |path: &std::path::Path| text(&path.display().to_string());
        let optional = |value: Option<f64>| float(value.unwrap_or_default());
        let numbers: Vec<String> =
            self.fitted.pipeline.inputs.numbers.iter().map(|number| number.name.clone()).collect();
        let mut missing: Vec<String> = plan.na.clone();
        missing.sort();
        vec![
            ("DATA", path(self.training.data)),
            ("VALID", plan.valid.as_deref().map_or(String::new(), path)),
            ("COLUMNS", self.reading.columns().unwrap_or_default()),
            ("TARGET", text(&plan.target)),
            ("NUMBERS", list(&numbers)),
            // Cells that mean "missing", whatever blanks are around them.
            ("MISSING", list(&missing).replace('[', "{").replace(']', "}")),
            ("SEED", self.training.seed.to_string()),
            ("THREADS", self.training.threads.to_string()),
            ("INIT_FROM", plan.init_from.as_deref().map_or(String::new(), path)),
            ("EPOCHS", plan.epochs.to_string()),
            ("BATCH_SIZE", plan.batch_size.to_string()),
            ("VALID_BATCH_SIZE", plan.valid_batch_size.unwrap_or_default().to_string()),
            ("ACCUMULATE", plan.accumulate.to_string()),
            ("LR", float(plan.lr)),
            ("MOMENTUM", float(plan.momentum)),
            ("WEIGHT_DECAY", optional(plan.weight_decay)),
            ("L1", float(plan.l1)),
            ("CLIP_GRAD", optional(plan.clip_grad)),
            ("EMA_DECAY", optional(plan.ema)),
            ("PATIENCE", plan.early_stop.to_string()),
        ]
    }
}

/// The imports of what `body` mentions.
fn imports(body: &str) -> String {
    let taken = |(module, names): &(&str, &[&str])| {
        let names: Vec<&str> = names.iter().copied().filter(|name| mentions(body, name)).collect();
        (!names.is_empty()).then(|| format!("from {module} import {}", names.join(", ")))
    };
    let modules = MODULES.iter().filter(|module| body.contains(&format!("{module}.")));
    let standard = modules.map(|module| format!("import {module}")).chain(TAKEN.iter().filter_map(taken));
    let others = OTHERS.iter().filter(|(word, _)| mentions(body, word)).map(|(_, line)| line.to_string());
    let others: Vec<String> = others.chain(OTHERS_TAKEN.iter().filter_map(taken)).collect();
    format!("{}\n\n{}", standard.collect::<Vec<_>>().join("\n"), others.join("\n"))
}
