//! The model file's module: preprocessing, network and answers, so that raw rows go in and labels come out.

use super::prepare::{self, Prepared};
use crate::model::mlp::Mlp;
use crate::model::script::{add_layers, torchscript_source};
use crate::preprocess::choices::Unseen;
use crate::preprocess::inputs::spelled;
use crate::preprocess::pipeline::Pipeline;
use crate::preprocess::target::Target;
use crate::torch::script::Module;
use anyhow::Result;
use std::fmt::Write;
use tch::Tensor;

/// `forward(x)`: raw matrix `[n, inputs]` to logits, or to the scaled value `[n, 1]`; `predict(x)`: class index `[n]`, or
/// the value in the target's units, float64 `[n]`; `predict_table(numbers, strings)`: the same from text, as labels.
pub fn module(prepared: &Prepared, net: &Mlp) -> Result<Module> {
    let module = Module::new("Model")?;
    let preprocess = module.child("preprocess", "Preprocess")?;
    if let Target::Number { center, scale } = prepared.target {
        preprocess.buffer("target_center", &Tensor::f_from_slice(&[center])?)?;
        preprocess.buffer("target_scale", &Tensor::f_from_slice(&[scale])?)?;
    }
    prepare::fill(&preprocess, &prepared.pipeline)?;
    add_layers(&module, net)?;
    module.define(&torchscript_source(&net.config, "network"))?;
    module.define("def forward(self, x):\n    return self.network(self.preprocess.forward(x))\n")?;
    module.define(predict(&prepared.target, net.config.outputs))?;
    module.define(&codes(&prepared.pipeline, &prepared.na)?)?;
    module.define(&predict_table(&prepared.target)?)?;
    Ok(module)
}

fn predict(target: &Target, outputs: i64) -> &'static str {
    match (target, outputs) {
        (Target::Number { .. }, _) => {
            "def predict(self, x):\n    value = torch.to(self.forward(x)[:, 0], 7)\n    \
             return value * self.preprocess.target_scale + self.preprocess.target_center\n"
        }
        (Target::Classes(_), 1) => {
            "def predict(self, x):\n    return torch.to(torch.gt(self.forward(x)[:, 0], 0), 4)\n"
        }
        (Target::Classes(_), _) => "def predict(self, x):\n    return torch.argmax(self.forward(x), 1)\n",
    }
}

/// Text cells to the codes of the category columns; a cell is missing that is empty, or one of the words `na`.
fn codes(pipeline: &Pipeline, na: &[String]) -> Result<String> {
    let mut known = Vec::new();
    let mut unseen = Vec::new();
    for column in &pipeline.inputs.categories {
        let pairs = spelled(&column.values).map(|(text, code)| format!("{}: {code}.0", literal(&text)));
        known.push(format!("{{{}}}", pairs.collect::<Vec<_>>().join(", ")));
        let refuse = column.choice.unseen == Unseen::Error;
        unseen.push(if refuse { "-1.0".into() } else { format!("{}.0", column.values.len()) });
    }
    let mut text = String::from("def codes(self, strings: List[List[str]]) -> Tensor:\n");
    if known.is_empty() {
        return Ok(text + "    return torch.zeros([len(strings), 0])\n");
    }
    writeln!(text, "    known = [{}]", known.join(", "))?;
    writeln!(text, "    unseen = [{}]", unseen.join(", "))?;
    let missing: Vec<String> = na.iter().map(|word| literal(word)).collect();
    writeln!(text, "    missing: List[str] = [{}]", missing.join(", "))?;
    text += "    rows: List[List[float]] = []
    for row in strings:
        codes: List[float] = []
        for column in range(len(known)):
            cell = row[column]
            code = float(\"nan\")
            if len(cell) > 0 and cell.strip() not in missing:
                if cell in known[column]:
                    code = known[column][cell]
                else:
                    code = unseen[column]
                    assert code >= 0.0, \"a category that the training rows did not have\"
            codes.append(code)
        rows.append(codes)
    return torch.tensor(rows)
";
    Ok(text)
}

fn predict_table(target: &Target) -> Result<String> {
    let (answer, last) = match target {
        Target::Number { .. } => ("Tensor", "    return self.predict(x)\n".to_string()),
        Target::Classes(classes) => {
            let names: Vec<String> = classes.iter().map(|class| literal(class)).collect();
            let text = format!(
                "    names = [{}]\n    index = self.predict(x)\n    labels: List[str] = []\n    \
                 for row in range(index.size(0)):\n        labels.append(names[int(index[row])])\n    return labels\n",
                names.join(", ")
            );
            ("List[str]", text)
        }
    };
    Ok(format!(
        "def predict_table(self, numbers: Tensor, strings: List[List[str]]) -> {answer}:\n    \
         x = torch.cat([torch.to(numbers, 7), torch.to(self.codes(strings), 7)], 1)\n{last}"
    ))
}

/// A text as a literal of TorchScript.
fn literal(text: &str) -> String {
    let escaped: String = text
        .chars()
        .map(|letter| match letter {
            '\\' => "\\\\".into(),
            '"' => "\\\"".into(),
            '\n' => "\\n".into(),
            // TorchScript's reader of literals does not know \r, but octal digits.
            '\r' => "\\015".into(),
            '\t' => "\\t".into(),
            other => other.to_string(),
        })
        .collect();
    format!("\"{escaped}\"")
}
