//! `network(inputs)`, and the weights that it starts from.

use super::Script;
use super::python::{Code, float, list, text};
use crate::fit::initial;
use crate::model::activation::Activation;
use crate::model::loss::LossKind;
use crate::model::norm::Norm;
use crate::python::pickle::{Saved, is_torch_save};
use anyhow::{Context, Result};

/// What stands in a file of weights.
pub(super) enum Start {
    /// Of `torch.save`: the `state_dict()` itself, or what holds it under this name; whether it counts an average.
    Saved { under: Option<&'static str>, averaged: bool },
    /// A model.pt.
    Module,
    /// The names of a safetensors file, which has no order, in that of the network.
    Named(Vec<String>),
}

impl Start {
    pub(super) fn of(path: &std::path::Path) -> Result<Self> {
        let what = || format!("--init-from {}", path.display());
        let bytes = std::fs::read(path).with_context(|| format!("{}: cannot read", what()))?;
        if is_torch_save(&bytes) {
            let saved = Saved::read(&bytes).with_context(what)?;
            let root = saved.root();
            let holds = |name: &&&str| root.get(name).is_some_and(|item| item.entries().is_some());
            let under = initial::NESTED.iter().find(holds).copied();
            let state = under.and_then(|name| root.get(name)).unwrap_or(root);
            return Ok(Self::Saved { under, averaged: state.get("n_averaged").is_some() });
        }
        if bytes.starts_with(b"PK") {
            return Ok(Self::Module);
        }
        Ok(Self::Named(initial::names(&bytes).with_context(what)?))
    }
}

impl Script<'_> {
    pub(super) fn network(&self) -> String {
        let plan = self.plan;
        let mut code = Code::default();
        code.line(0, "def network(inputs):");
        code.line(1, "return nn.Sequential(");
        let mut inputs = "inputs".to_string();
        for units in &plan.hidden {
            code.line(2, format!("nn.Linear({inputs}, {units}),"));
            if plan.norm != Norm::None {
                code.line(2, format!("nn.{}({units}),", plan.norm.class()));
            }
            if plan.activation != Activation::Identity {
                code.line(2, format!("nn.{}(),", plan.activation.class()));
            }
            if plan.dropout > 0.0 {
                code.line(2, format!("nn.Dropout({}),", float(plan.dropout)));
            }
            inputs = units.to_string();
        }
        let outputs = if self.loss == LossKind::Bce { 1 } else { self.fitted.target.outputs() };
        code.line(2, format!("nn.Linear({inputs}, {outputs}),"));
        code.line(1, ")");
        code.text()
    }

    /// Loads the first weights into `net`.
    pub(super) fn start(&self, code: &mut Code) {
        let Some(start) = &self.start else { return };
        match start {
            Start::Saved { under, averaged } => {
                let under = under.map_or(String::new(), |name| format!("[{}]", text(name)));
                code.line(1, format!("start = torch.load(INIT_FROM){under}"));
                if *averaged {
                    code.line(1, "start.pop(\"n_averaged\")");
                }
                code.line(1, "start = start.values()");
            }
            Start::Module => {
                code.line(1, "start = torch.jit.load(INIT_FROM).state_dict()");
                let own = "not name.startswith(\"preprocess.\")";
                code.line(1, format!("start = [tensor for name, tensor in start.items() if {own}]"));
            }
            Start::Named(names) => {
                code.line(1, "start = read_safetensors(INIT_FROM)");
                let names = list(names).replace('\n', "\n    ");
                code.line(1, format!("start = [start[name] for name in {names}]"));
            }
        }
        code.line(1, "# Its modules may have other names: it is the order that counts.");
        code.line(1, "net.load_state_dict(dict(zip(net.state_dict(), start)))");
    }
}
