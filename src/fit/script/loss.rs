//! The loss inside `fit`.

use super::Script;
use super::python::{Code, float};
use crate::fit::settings::ClassWeight;
use crate::model::loss::LossKind;

impl Script<'_> {
    /// Makes `criterion(output, target)`, with the rows' weights as a third argument where there are some.
    pub(super) fn criterion(&self, code: &mut Code) {
        let by_class = self.plan.class_weight == ClassWeight::Balanced;
        let by_row = self.plan.sample_weight.is_some();
        // A mean weighted by class is CrossEntropyLoss's own, and not BCEWithLogitsLoss's.
        let by_hand = by_class && self.loss == LossKind::Bce;
        if by_class {
            let classes = if self.loss == LossKind::Bce { "y.flatten().long()" } else { "y" };
            code.line(1, format!("counts = np.bincount({classes})"));
            code.line(1, "class_weight = torch.tensor(len(y) / (len(counts) * counts), dtype=torch.float32)");
        }
        if !by_hand && !by_row {
            code.line(1, format!("criterion = {}", self.class(false)));
            return;
        }
        code.line(1, format!("losses = {}", self.class(true)));
        code.line(0, "");
        let weight = if by_row { ", weight" } else { "" };
        code.line(1, format!("def criterion(output, target{weight}):"));
        match (by_hand, by_row) {
            (true, true) => code.line(2, "loss = class_weight[target.long()] * losses(output, target)"),
            _ => code.line(2, "loss = losses(output, target)"),
        }
        code.line(
            2,
            if by_row { "weight = weight.reshape(loss.shape)" } else { "weight = class_weight[target.long()]" },
        );
        code.line(2, "return (weight * loss).sum() / weight.sum()");
        code.line(0, "");
    }

    fn class(&self, by_row: bool) -> String {
        let mut arguments = Vec::new();
        let by_class = self.plan.class_weight == ClassWeight::Balanced;
        let class = match self.loss {
            LossKind::Mse => "MSELoss",
            LossKind::Mae => "L1Loss",
            LossKind::Huber { delta } => {
                arguments.push(format!("delta={}", float(delta)));
                "HuberLoss"
            }
            LossKind::Bce => "BCEWithLogitsLoss",
            LossKind::CrossEntropy { label_smoothing } => {
                if by_class {
                    arguments.push("weight=class_weight".into());
                }
                if label_smoothing > 0.0 {
                    arguments.push(format!("label_smoothing={}", float(label_smoothing)));
                }
                "CrossEntropyLoss"
            }
        };
        if by_row {
            arguments.push("reduction=\"none\"".into());
        }
        format!("nn.{class}({})", arguments.join(", "))
    }
}
