//! `target(rows, train)`: what the network is to say, and what each row weighs.

use super::Script;
use super::columns::Cell;
use super::python::{Code, text};
use crate::model::loss::LossKind;
use crate::preprocess::choices::TargetScale;
use crate::preprocess::target::Target;

impl Script<'_> {
    /// The class of `row`, in the type by which classes are sorted.
    pub(super) fn label(&self) -> String {
        match self.columns.cell(&self.plan.target) {
            Cell::Whole => "int(row[TARGET])".into(),
            Cell::WholeFloat => "int(float(row[TARGET]))".into(),
            _ => self.columns.text(&self.plan.target, "TARGET"),
        }
    }

    pub(super) fn target(&self) -> String {
        let mut code = Code::default();
        code.line(0, "def target(rows, train):");
        match &self.fitted.target {
            Target::Number { .. } if self.plan.target_scale == TargetScale::None => {
                code.line(1, "\"\"\"The target of all rows, as it stands in the table.\"\"\"");
                code.line(1, "return torch.tensor(numbers(rows, TARGET), dtype=torch.float32).unsqueeze(1)");
            }
            Target::Number { .. } => {
                code.line(1, "\"\"\"The target of all rows, scaled by the rows `train` as the features are.\"\"\"");
                code.line(1, "values = numbers(rows, TARGET)");
                code.line(1, "center, scale = standard(values[train])");
                code.line(1, "return torch.tensor((values - center) / scale, dtype=torch.float32).unsqueeze(1)");
            }
            Target::Classes(classes) => self.classes(&mut code, classes),
        }
        code.text()
    }

    fn classes(&self, code: &mut Code, classes: &[String]) {
        code.line(1, "\"\"\"The class of each row, by its place among those of the rows `train`.\"\"\"");
        code.line(1, format!("labels = [{} for row in rows]", self.label()));
        let text = self.columns.cell(&self.plan.target) == Cell::Text;
        let whole = |class: &String| class.parse::<i64>().is_ok_and(|number| number.to_string() == *class);
        // Texts that are whole numbers, which the types of a table may make of them, are sorted by value.
        let key = if text && classes.iter().all(whole) { ", key=int" } else { "" };
        code.line(1, format!("classes = sorted({{labels[i] for i in train}}{key})"));
        code.line(1, "codes = {name: code for code, name in enumerate(classes)}");
        // A row that was left out may have a class that no training row has.
        if self.drops() {
            code.line(1, "codes = [codes.get(label, -1) for label in labels]");
        } else {
            code.line(1, "codes = [codes[label] for label in labels]");
        }
        match self.loss {
            LossKind::Bce => code.line(1, "return torch.tensor(codes, dtype=torch.float32).unsqueeze(1)"),
            _ => code.line(1, "return torch.tensor(codes)"),
        }
    }

    /// The line that makes `w`, if rows have weights.
    pub(super) fn weights(&self) -> Option<String> {
        let name = self.plan.sample_weight.as_deref()?;
        Some(format!("w = torch.tensor(numbers(rows, {}), dtype=torch.float32)", text(name)))
    }
}
