//! The optimizer, the schedule of its learning rate, and the average of the weights, inside `fit`.

use super::Script;
use super::python::{Code, float};
use crate::train::optim::OptimizerKind;
use crate::train::schedule::Schedule;

impl Script<'_> {
    pub(super) fn optimizer(&self, code: &mut Code) {
        let (plan, mut arguments) = (self.plan, vec!["net.parameters()".to_string(), "lr=LR".into()]);
        if plan.momentum > 0.0 {
            arguments.push("momentum=MOMENTUM".into());
        }
        if plan.nesterov {
            arguments.push("nesterov=True".into());
        }
        if plan.weight_decay.is_some() {
            arguments.push("weight_decay=WEIGHT_DECAY".into());
        }
        let class = match plan.optimizer {
            OptimizerKind::Adam => "Adam",
            OptimizerKind::AdamW => "AdamW",
            OptimizerKind::Sgd => "SGD",
        };
        code.line(1, format!("optimizer = torch.optim.{class}({})", arguments.join(", ")));
    }

    /// Makes `scheduler`. `updates`: the expression of how many an epoch has.
    pub(super) fn scheduler(&self, updates: &str, code: &mut Code) {
        let (epochs, warmup) = (self.plan.epochs, self.plan.warmup);
        let main = match self.plan.schedule {
            Schedule::Constant => None,
            Schedule::Step { step_size, gamma } => {
                let step_size = step_size.unwrap_or((epochs - warmup).div_ceil(3));
                Some(format!("StepLR(optimizer, step_size={step_size}, gamma={})", float(gamma)))
            }
            Schedule::Cosine { t_max, eta_min } => {
                let t_max = t_max.unwrap_or(epochs - warmup);
                Some(format!("CosineAnnealingLR(optimizer, T_max={t_max}, eta_min={})", float(eta_min)))
            }
            Schedule::OneCycle { pct_start, div_factor, final_div_factor, cycle_momentum } => {
                let all =
                    [("pct_start", pct_start), ("div_factor", div_factor), ("final_div_factor", final_div_factor)];
                let momentum = if cycle_momentum { "" } else { ", cycle_momentum=False" };
                let given = format!("max_lr=LR, total_steps=EPOCHS * {updates}, {}{momentum}", named(&all));
                Some(format!("OneCycleLR(\n        optimizer, {given})"))
            }
            Schedule::Plateau { factor, patience, threshold, cooldown, min_lr } => {
                let all = [("factor", factor), ("threshold", threshold), ("min_lr", min_lr)];
                let counts = format!("patience={patience}, cooldown={cooldown}");
                Some(format!("ReduceLROnPlateau(optimizer, {counts}, {})", named(&all)))
            }
        };
        let linear = format!("lr_scheduler.LinearLR(optimizer, total_iters={warmup})");
        let plateau = matches!(self.plan.schedule, Schedule::Plateau { .. });
        match main {
            None if warmup > 0 => code.line(1, format!("scheduler = {linear}")),
            None => {}
            Some(main) if warmup == 0 => code.line(1, format!("scheduler = lr_scheduler.{main}")),
            Some(main) => {
                code.line(1, format!("warmup = {linear}"));
                code.line(1, format!("scheduler = lr_scheduler.{main}"));
                // A plateau is stepped by a loss, which SequentialLR does not hand on.
                if !plateau {
                    let joined = format!("SequentialLR(optimizer, [warmup, scheduler], milestones=[{warmup}])");
                    code.line(1, format!("scheduler = lr_scheduler.{joined}"));
                }
            }
        }
    }

    /// Whether the rate moves after each update.
    pub(super) fn moves_each_update(&self) -> bool {
        matches!(self.plan.schedule, Schedule::OneCycle { .. })
    }

    /// After an epoch whose loss is `watched`.
    pub(super) fn schedule_epoch(&self, watched: &str, code: &mut Code) {
        let warmup = self.plan.warmup;
        match self.plan.schedule {
            Schedule::OneCycle { .. } => {}
            Schedule::Plateau { .. } if warmup > 0 => {
                code.line(2, format!("if epoch <= {warmup}:"));
                code.line(3, "warmup.step()");
                code.line(2, "else:");
                code.line(3, format!("scheduler.step({watched})"));
            }
            Schedule::Plateau { .. } => code.line(2, format!("scheduler.step({watched})")),
            Schedule::Constant if warmup == 0 => {}
            _ => code.line(2, "scheduler.step()"),
        }
    }
}

fn named(arguments: &[(&str, f64)]) -> String {
    arguments.iter().map(|(name, value)| format!("{name}={}", float(*value))).collect::<Vec<_>>().join(", ")
}
