//! `features(rows, train)`: gaps filled, numbers scaled, categories encoded, by what the training rows say.

use super::Script;
use super::python::{Code, float, list, text};
use crate::preprocess::categories::TRUTHS;
use crate::preprocess::choices::{ColumnChoice, Encode, Impute, Scale, Unseen};
use crate::preprocess::inputs::Category;
use std::collections::BTreeSet;

/// Columns that stand beside each other and are treated alike.
struct Alike<'a> {
    names: Vec<String>,
    fill: Option<&'a Impute>,
    scale: Scale,
}

impl Script<'_> {
    pub(super) fn features(&self) -> String {
        let mut code = Code::default();
        let width = self.fitted.pipeline.features().len();
        code.line(0, "def features(rows, train):");
        code.line(1, format!("\"\"\"What the network sees of all rows, [n, {width}]; its constants are those of the rows `train`.\"\"\""));
        code.line(1, "columns = []");
        self.numbers(&mut code);
        self.dates(&mut code);
        self.indicators(&mut code);
        self.fitted.pipeline.inputs.categories.iter().for_each(|category| self.category(category, &mut code));
        code.line(1, "return torch.tensor(np.stack(columns, axis=1), dtype=torch.float32)");
        code.text()
    }

    /// What takes the place of a gap in a column that has some.
    fn fill<'a>(&self, name: &str, choice: &'a ColumnChoice) -> Option<&'a Impute> {
        let filled = !matches!(choice.impute, Impute::Drop | Impute::Error);
        (filled && self.columns.has_gaps(name)).then_some(&choice.impute)
    }

    /// The columns in runs that one loop goes through: filling a column without gaps changes nothing.
    fn alike<'a>(&self, columns: impl Iterator<Item = (&'a String, &'a ColumnChoice)>) -> Vec<Alike<'a>> {
        let mut runs: Vec<Alike<'a>> = Vec::new();
        for (name, choice) in columns {
            let fill = self.fill(name, choice);
            match runs.last_mut() {
                Some(run)
                    if run.scale == choice.scale && (run.fill == fill || run.fill.is_none() || fill.is_none()) =>
                {
                    run.names.push(name.clone());
                    run.fill = run.fill.or(fill);
                }
                _ => runs.push(Alike { names: vec![name.clone()], fill, scale: choice.scale }),
            }
        }
        runs
    }

    fn numbers(&self, code: &mut Code) {
        let inputs = &self.fitted.pipeline.inputs;
        for run in self.alike(inputs.numbers.iter().map(|column| (&column.name, &column.choice))) {
            let all = run.names.len() == inputs.numbers.len();
            // The list of them all stands on top of the script.
            let names = if all { "NUMBERS".into() } else { list(&run.names).replace('\n', "\n    ") };
            code.line(1, format!("for name in {names}:"));
            code.line(2, "values = numbers(rows, name)");
            run.scaled(2, code);
        }
    }

    fn dates(&self, code: &mut Code) {
        for date in &self.fitted.pipeline.inputs.dates {
            let parts: Vec<String> = date.parts.iter().map(|part| part.to_string()).collect();
            code.line(1, format!("for part in {}:", list(&parts)));
            code.line(2, format!("values = np.array([date_part(row[{}], part) for row in rows])", text(&date.name)));
            let run = Alike { names: vec![], fill: self.fill(&date.name, &date.choice), scale: date.choice.scale };
            run.scaled(2, code);
        }
    }

    /// The function that takes a date apart, with the parts that are asked for.
    pub(super) fn date_part(&self) -> Option<String> {
        let dates = &self.fitted.pipeline.inputs.dates;
        let wanted: BTreeSet<String> = dates.iter().flat_map(|date| &date.parts).map(|part| part.to_string()).collect();
        let mut code = Code::default();
        code.line(0, "def date_part(cell, part):");
        code.line(1, "\"\"\"A number of a date, by the clock that wrote it.\"\"\"");
        if dates.iter().any(|date| self.columns.has_gaps(&date.name)) {
            code.line(1, "if is_missing(cell):");
            code.line(2, "return math.nan");
        }
        let cell = if self.reading.is_text() { "cell" } else { "str(cell)" };
        code.line(1, format!("time = datetime.fromisoformat({cell}.strip())"));
        code.line(1, "parts = {");
        for (name, value) in [
            ("year", "time.year"),
            ("month", "time.month"),
            ("day", "time.day"),
            ("weekday", "time.weekday()"),
            ("dayofyear", "time.timetuple().tm_yday"),
            ("hour", "time.hour"),
            ("minute", "time.minute"),
            // Days since 1970.
            ("timestamp", "(calendar.timegm(time.timetuple()) + time.microsecond / 1e6) / 86400"),
        ] {
            if wanted.contains(name) {
                code.line(2, format!("\"{name}\": {value},"));
            }
        }
        code.lines(1, &["}", "return float(parts[part])"]);
        (!dates.is_empty()).then(|| code.text())
    }

    /// A column of 0 and 1 for each that may have gaps.
    fn indicators(&self, code: &mut Code) {
        let inputs = &self.fitted.pipeline.inputs;
        let numbers = inputs.choices().take(inputs.numbers.len() + inputs.dates.len());
        for (name, _) in numbers.filter(|(_, choice)| choice.indicator) {
            code.line(
                1,
                match self.columns.has_gaps(name) {
                    true => format!("columns.append([float(is_missing(row[{}])) for row in rows])", text(name)),
                    // Others have none, and all the same a column.
                    false => "columns.append(np.zeros(len(rows)))".into(),
                },
            );
        }
    }

    fn category(&self, category: &Category, code: &mut Code) {
        let name = text(&category.name);
        let (cell, gaps) = (self.columns.text(&category.name, &name), self.columns.has_gaps(&category.name));
        let fill = self.fill(&category.name, &category.choice);
        let cell = if gaps { format!("None if is_missing(row[{name}]) else {cell}") } else { cell };
        code.line(1, format!("cells = [{cell} for row in rows]"));
        let truth = TRUTHS.iter().any(|pair| category.values.iter().all(|value| pair.contains(&value.as_str())));
        // Both truth values are known, however rare one of them is.
        let known = match (truth, gaps) {
            (true, _) => list(&category.values),
            (false, false) => "sorted({cells[i] for i in train})".into(),
            (false, true) => "sorted({cells[i] for i in train} - {None})".into(),
        };
        code.line(1, format!("known = {known}"));
        match fill {
            Some(Impute::Constant(value)) => {
                code.line(1, format!("cells = [{} if cell is None else cell for cell in cells]", text(value)));
            }
            Some(_) => {
                code.line(1, "counts = Counter(cells[i] for i in train)");
                code.line(1, "usual = max(known, key=counts.__getitem__)");
                code.line(1, "cells = [usual if cell is None else cell for cell in cells]");
            }
            None => {}
        }
        encode(category, gaps && fill.is_none(), code);
    }

    /// Whether rows are left out for their gaps, and by which columns.
    pub(super) fn dropping(&self) -> Vec<String> {
        let choices = self.fitted.pipeline.inputs.choices();
        let dropping = choices.filter(|(name, choice)| choice.impute == Impute::Drop && self.columns.has_gaps(name));
        dropping.map(|(name, _)| name.to_string()).collect()
    }

    pub(super) fn drops(&self) -> bool {
        !self.dropping().is_empty()
    }
}

impl Alike<'_> {
    /// `values` filled, scaled, and put to the others.
    fn scaled(&self, depth: usize, code: &mut Code) {
        let known = |of: &str| format!("{of}(present(values[train]))");
        let fill = self.fill.map(|fill| match fill {
            Impute::Median => known("median"),
            Impute::MostFrequent => known("most_frequent"),
            Impute::Constant(number) => number.parse().map_or(number.clone(), float),
            _ => known("mean"),
        });
        if let Some(fill) = fill {
            code.line(depth, format!("values = np.where(np.isnan(values), {fill}, values)"));
        }
        if self.scale == Scale::None {
            code.line(depth, "columns.append(values)");
        } else {
            code.line(depth, format!("center, scale = {}(values[train])", self.scale));
            code.line(depth, "columns.append((values - center) / scale)");
        }
    }
}

/// `cells` as numbers. `left_out`: some are None, in rows that are in no part.
fn encode(category: &Category, left_out: bool, code: &mut Code) {
    let (encode, unseen) = (category.choice.encode, category.choice.unseen);
    code.line(1, "codes = {name: code for code, name in enumerate(known)}");
    if encode == Encode::Onehot {
        code.line(1, "cells = np.array([codes.get(cell, -1) for cell in cells])");
        code.line(1, "columns.extend((cells == code).astype(float) for code in range(len(known)))");
        if unseen == Unseen::Other {
            code.line(1, "columns.append((cells == -1).astype(float))");
        }
        return;
    }
    let other = match unseen {
        Unseen::Ignore => Some("-1"),
        Unseen::Other => Some("len(known)"),
        Unseen::Error => left_out.then_some("math.nan"),
    };
    let code_of = other.map_or("codes[cell]".into(), |other| format!("codes.get(cell, {other})"));
    code.line(1, format!("columns.append([float({code_of}) for cell in cells])"));
}
