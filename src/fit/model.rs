//! The model file's module: preprocessing, network and answers, so that raw rows go in and labels come out.

use super::prepare::{self, Prepared};
use crate::model::mlp::Mlp;
use crate::model::script::{add_layers, torchscript_source};
use crate::preprocess::choices::Unseen;
use crate::preprocess::inputs::Category;
use crate::preprocess::target::Target;
use crate::torch::script::Module;
use anyhow::Result;
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
    add_texts(&module, prepared)?;
    module.define(CODES)?;
    module.define(&predict_table(&prepared.target))?;
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

/// What [`CODES`] and the labels look up, as attributes: were they constants in the code, libtorch would compare each with all
/// others, and with a hundred thousand categories that takes minutes.
fn add_texts(module: &Module, prepared: &Prepared) -> Result<()> {
    let categories = &prepared.pipeline.inputs.categories;
    let codes = |column: &Category| column.values.spelled().map(|(text, code)| (text, code as i64)).collect();
    let unseen = |column: &Category| match column.choice.unseen {
        Unseen::Error => -1,
        _ => column.values.len() as i64,
    };
    module.dictionaries("categories", &categories.iter().map(codes).collect::<Vec<_>>())?;
    module.integers("unseen", &categories.iter().map(unseen).collect::<Vec<_>>())?;
    module.texts("missing", &prepared.na)?;
    match &prepared.target {
        Target::Number { .. } => Ok(()),
        Target::Classes(classes) => module.texts("classes", classes),
    }
}

/// Text cells to the codes of the category columns; a cell is missing that is empty, or one of the words `missing`.
const CODES: &str = "def codes(self, strings: List[List[str]]) -> Tensor:
    categories = self.categories
    unseen = self.unseen
    missing = self.missing
    if len(categories) == 0:
        return torch.zeros([len(strings), 0])
    rows: List[List[float]] = []
    for row in strings:
        codes: List[float] = []
        for column in range(len(categories)):
            cell = row[column]
            code = float(\"nan\")
            if len(cell) > 0 and cell.strip() not in missing:
                if cell in categories[column]:
                    code = float(categories[column][cell])
                else:
                    code = float(unseen[column])
                    assert code >= 0.0, \"a category that the training rows did not have\"
            codes.append(code)
        rows.append(codes)
    return torch.tensor(rows)
";

fn predict_table(target: &Target) -> String {
    let (answer, last) = match target {
        Target::Number { .. } => ("Tensor", "    return self.predict(x)\n"),
        Target::Classes(_) => (
            "List[str]",
            "    names = self.classes\n    index = self.predict(x)\n    labels: List[str] = []\n    \
             for row in range(index.size(0)):\n        labels.append(names[int(index[row])])\n    return labels\n",
        ),
    };
    format!(
        "def predict_table(self, numbers: Tensor, strings: List[List[str]]) -> {answer}:\n    \
         x = torch.cat([torch.to(numbers, 7), torch.to(self.codes(strings), 7)], 1)\n{last}"
    )
}
