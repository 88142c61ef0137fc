//! `fit(net, x, y, …)`: the training loop.

use super::Script;
use super::python::Code;

impl Script<'_> {
    pub(super) fn training(&self) -> String {
        let mut code = Code::default();
        let valid =
            if self.validates { format!(", {}", self.tensors(|name| format!("{name}_valid"))) } else { String::new() };
        code.line(0, format!("def fit(net, {}{valid}):", self.tensors(str::to_string)));
        code.line(1, "\"\"\"Trains the network; losses and learning rate of every epoch.\"\"\"");
        self.criterion(&mut code);
        self.optimizer(&mut code);
        let batches = self.batches(&mut code);
        let updates = if self.accumulates() { format!("math.ceil({batches} / ACCUMULATE)") } else { batches.clone() };
        self.scheduler(&updates, &mut code);
        self.valid_loader(&mut code);
        if self.plan.ema.is_some() {
            code.line(1, "ema = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(EMA_DECAY))");
        }
        code.line(1, "history = []");
        if self.plan.early_stop > 0 {
            code.line(1, "best_loss, best_epoch, best_state = math.inf, 0, None");
        }
        code.line(1, "for epoch in range(1, EPOCHS + 1):");
        self.epoch(&batches, &mut code);
        self.ended(&mut code);
        code.line(1, "return history");
        code.text()
    }

    fn valid_loader(&self, code: &mut Code) {
        let (Some(options), Some(size), true) = (self.plan.order.loader(), self.plan.valid_batch_size, self.validates)
        else {
            return;
        };
        let size = if size == 0 { "len(x_valid)" } else { "VALID_BATCH_SIZE" };
        let workers = if options.valid_persistent { ", num_workers=1, persistent_workers=True" } else { "" };
        let set = format!("TensorDataset({})", self.tensors(|name| format!("{name}_valid")));
        code.line(1, format!("valid_loader = DataLoader({set}, batch_size={size}{workers})"));
    }

    fn epoch(&self, batches: &str, code: &mut Code) {
        code.line(2, "lr = optimizer.param_groups[0][\"lr\"]");
        code.line(2, "net.train()");
        code.line(2, "total = 0.0");
        let depth = self.loop_over_batches(self.accumulates(), code);
        self.step(batches, depth, code);
        code.line(depth, "total += loss.item() * len(xb)");
        code.line(2, format!("row = {{\"loss\": total / {}, \"lr\": lr}}", self.seen()));
        if self.validates {
            self.validation(code);
        }
        let watched = if self.validates { "row[\"valid_loss\"]" } else { "row[\"loss\"]" };
        self.schedule_epoch(watched, code);
        code.line(2, "history.append(row)");
        let valid = if self.validates { "  valid loss {row['valid_loss']:.6f}" } else { "" };
        code.line(2, format!("print(f\"epoch {{epoch}}  loss {{row['loss']:.6f}}{valid}\")"));
        if self.plan.early_stop > 0 {
            let model = self.model();
            code.line(2, "if row[\"valid_loss\"] < best_loss:");
            code.line(3, "best_loss, best_epoch = row[\"valid_loss\"], epoch");
            code.line(3, format!("best_state = copy.deepcopy({model}.state_dict())"));
            code.line(2, "elif epoch - best_epoch >= PATIENCE:");
            code.line(3, "break");
        }
    }

    /// What a batch does to the weights.
    fn step(&self, batches: &str, depth: usize, code: &mut Code) {
        let (plan, accumulates) = (self.plan, self.accumulates());
        let arguments = self.tensors(|name| if name == "x" { "net(xb)".into() } else { format!("{name}b") });
        code.line(depth, format!("loss = criterion({arguments})"));
        let mut objective = "loss".to_string();
        if plan.l1 > 0.0 {
            code.line(depth, "weights = [layer.weight for layer in net if isinstance(layer, nn.Linear)]");
            objective += " + L1 * sum(weight.abs().sum() for weight in weights)";
        }
        if plan.accumulate > 1 {
            objective =
                if plan.l1 > 0.0 { format!("({objective}) / ACCUMULATE") } else { format!("{objective} / ACCUMULATE") };
        }
        if !accumulates {
            code.line(depth, "optimizer.zero_grad()");
        }
        if objective == "loss" {
            code.line(depth, "loss.backward()");
        } else {
            code.line(depth, format!("objective = {objective}"));
            code.line(depth, "objective.backward()");
        }
        let depth = if accumulates {
            code.line(depth, format!("if (index + 1) % ACCUMULATE == 0 or index + 1 == {batches}:"));
            depth + 1
        } else {
            depth
        };
        if plan.clip_grad.is_some() {
            code.line(depth, "nn.utils.clip_grad_norm_(net.parameters(), CLIP_GRAD)");
        }
        code.line(depth, "optimizer.step()");
        if accumulates {
            code.line(depth, "optimizer.zero_grad()");
        }
        if self.moves_each_update() {
            code.line(depth, "scheduler.step()");
        }
        if plan.ema.is_some() {
            code.line(depth, "ema.update_parameters(net)");
        }
    }

    /// What is validated and kept.
    fn model(&self) -> &'static str {
        if self.plan.ema.is_some() { "ema.module" } else { "net" }
    }

    fn validation(&self, code: &mut Code) {
        let model = self.model();
        code.line(2, format!("{model}.eval()"));
        code.line(2, "with torch.no_grad():");
        let Some(size) = self.plan.valid_batch_size else {
            let all =
                self.tensors(|name| if name == "x" { format!("{model}(x_valid)") } else { format!("{name}_valid") });
            code.line(3, format!("row[\"valid_loss\"] = criterion({all}).item()"));
            return;
        };
        let size = if size == 0 { "len(x_valid)" } else { "VALID_BATCH_SIZE" };
        let split = || self.tensors(|name| format!("{name}_valid.split({size})"));
        let over = if self.plan.order.loader().is_some() { "valid_loader".into() } else { format!("zip({})", split()) };
        code.line(3, "total = 0.0");
        code.line(3, format!("for {} in {over}:", self.tensors(|name| format!("{name}b"))));
        let batch = self.tensors(|name| if name == "x" { format!("{model}(xb)") } else { format!("{name}b") });
        code.line(4, format!("total += criterion({batch}).item() * len(xb)"));
        code.line(2, "row[\"valid_loss\"] = total / len(x_valid)");
    }

    /// The weights that are kept.
    fn ended(&self, code: &mut Code) {
        if self.plan.early_stop > 0 {
            code.line(1, "net.load_state_dict(best_state)");
        } else if self.plan.ema.is_some() {
            code.line(1, "net.load_state_dict(ema.module.state_dict())");
        }
    }
}
