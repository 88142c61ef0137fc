//! `divide(rows)`: which rows are trained on and which are validated with.

use super::Script;
use super::python::{Code, float, text};

impl Script<'_> {
    /// The function; it is there in every script.
    pub(super) fn divide(&self) -> String {
        let mut code = Code::default();
        code.line(0, "def divide(rows):");
        code.line(1, format!("\"\"\"{}\"\"\"", self.division()));
        let plan = self.plan;
        if let Some(name) = &plan.split_column {
            code.line(1, format!("parts = [row[{}] for row in rows]", text(name)));
            for part in ["train", "valid"] {
                if part == "train" || self.divides_valid() {
                    code.line(
                        1,
                        format!("{part} = np.array([i for i, part in enumerate(parts) if part == \"{part}\"])"),
                    );
                }
            }
        } else if plan.split_time.is_some() {
            self.by_time(&mut code);
        } else if plan.group.is_some() {
            self.by_group(&mut code);
        } else if plan.stratify {
            self.stratified(&mut code);
        } else if plan.shares()[0] == 1.0 && !plan.order.is_default() {
            code.line(1, "train = np.arange(len(rows))");
        } else {
            code.line(1, "n = len(rows)");
            self.counts(&mut code);
            code.line(1, "order = np.random.RandomState(SEED).permutation(n)");
            self.taken(&mut code, |range| format!("order[{range}]"));
        }
        self.returned(&mut code);
        code.text()
    }

    fn division(&self) -> String {
        let what = if self.divides_valid() && self.plan.folds == 0 {
            "training and the validation rows"
        } else {
            "training rows"
        };
        let how = match self.plan {
            plan if plan.split_column.is_some() => "as a column says",
            plan if plan.split_time.is_some() => "the oldest rows first",
            plan if plan.group.is_some() => "whole groups, drawn at random",
            plan if plan.stratify => "each class in its share, as scikit-learn draws them",
            plan if plan.shares()[0] == 1.0 && !plan.order.is_default() => "all of them, as they stand",
            _ => "drawn at random",
        };
        format!("The {what}: {how}.")
    }

    /// Whether DATA itself has validation rows.
    pub(super) fn divides_valid(&self) -> bool {
        if self.plan.split_column.is_some() { self.column_has_valid } else { self.plan.shares()[1] > 0.0 }
    }

    /// `n_test` and `n_valid`, of those parts that have a share of the `n`.
    fn counts(&self, code: &mut Code) {
        let shares = self.plan.shares();
        if shares[1] + shares[2] > 0.0 {
            code.line(1, "# Rounded up; 0.2 of 15 is 3, though float64 makes it a hair more.");
        }
        for (name, share) in [("n_test", shares[2]), ("n_valid", shares[1])] {
            if share > 0.0 {
                code.line(1, format!("{name} = math.ceil({} * n - 1e-9)", float(share)));
            }
        }
    }

    /// `train` and `valid` as ranges of an order whose first rows are the test part, the next the validation part.
    fn taken(&self, code: &mut Code, rows: impl Fn(&str) -> String) {
        let shares = self.plan.shares();
        let (before, valid) = match (shares[2] > 0.0, shares[1] > 0.0) {
            (true, true) => ("n_test + n_valid:", Some("n_test:n_test + n_valid")),
            (true, false) => ("n_test:", None),
            (false, true) => ("n_valid:", Some(":n_valid")),
            (false, false) => (":", None),
        };
        code.line(1, format!("train = {}", rows(before)));
        if let Some(valid) = valid {
            code.line(1, format!("valid = {}", rows(valid)));
        }
    }

    fn by_time(&self, code: &mut Code) {
        let name = self.plan.split_time.as_deref().unwrap_or_default();
        let time = if self.columns.is_number(name) { "float" } else { "moment" };
        code.line(1, "n = len(rows)");
        self.counts(code);
        code.line(1, format!("times = [{time}(row[{}]) for row in rows]", text(name)));
        let shares = self.plan.shares();
        // sorted() leaves equal times in the table's order.
        code.line(1, "order = np.array(sorted(range(n), key=times.__getitem__))");
        let (train, valid) = match (shares[2] > 0.0, shares[1] > 0.0) {
            (true, true) => (":n - n_test - n_valid", Some("n - n_test - n_valid:n - n_test")),
            (true, false) => (":n - n_test", None),
            (false, true) => (":n - n_valid", Some("n - n_valid:")),
            (false, false) => (":", None),
        };
        code.line(1, format!("train = order[{train}]"));
        if let Some(valid) = valid {
            code.line(1, format!("valid = order[{valid}]"));
        }
    }

    fn by_group(&self, code: &mut Code) {
        let name = self.plan.group.as_deref().unwrap_or_default();
        let quoted = text(name);
        let cell = match self.columns.is_number(name) {
            true => format!("float(row[{quoted}])"),
            false => self.columns.text(name, &quoted),
        };
        code.line(1, format!("groups = np.unique([{cell} for row in rows], return_inverse=True)[1]"));
        code.line(1, "n = groups.max() + 1");
        self.counts(code);
        code.line(1, "order = np.random.RandomState(SEED).permutation(n)");
        self.taken(code, |range| format!("np.flatnonzero(np.isin(groups, order[{range}]))"));
    }

    fn stratified(&self, code: &mut Code) {
        let shares = self.plan.shares();
        code.line(1, "n = len(rows)");
        self.counts(code);
        code.line(1, format!("classes = np.array([{} for row in rows])", self.label()));
        let split = |code: &mut Code, to: &str, of: &str, count: &str, classes: &str| {
            let call = format!("train_test_split({of}, test_size={count}, stratify={classes}, random_state=SEED)");
            code.line(1, format!("{to} = {call}"));
        };
        if shares[2] > 0.0 {
            split(code, "train, _", "np.arange(n)", "n_test", "classes");
        } else {
            code.line(1, "train = np.arange(n)");
        }
        if shares[1] > 0.0 {
            split(code, "train, valid", "train", "n_valid", "classes[train]");
        }
    }

    fn returned(&self, code: &mut Code) {
        let both = self.divides_valid();
        if self.plan.folds > 0 {
            code.line(1, "# The folds score the settings; the model is then trained on all rows but the test rows.");
            code.line(1, if both { "return np.sort(np.concatenate([train, valid]))" } else { "return np.sort(train)" });
        } else {
            code.line(1, if both { "return train, valid" } else { "return train" });
        }
    }
}
