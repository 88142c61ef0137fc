//! Which rows a batch has: loops over a `DataLoader`, over `torch.randperm`, or over slices, inside `fit`.

use super::Script;
use super::python::Code;
use crate::python::dataloader::{LoaderOptions, Sampler};
use crate::train::order_kind::OrderKind;

/// The tensors of a row, by their names in the script: `x, y`, and `w` where rows have weights.
pub(super) fn each(names: &[&str], weighted: bool, of: impl Fn(&str) -> String) -> String {
    let count = if weighted { 3 } else { 2 };
    names[..count].iter().map(|name| of(name)).collect::<Vec<_>>().join(", ")
}

const WHOLE: [&str; 3] = ["x", "y", "w"];

impl Script<'_> {
    pub(super) fn tensors(&self, of: impl Fn(&str) -> String) -> String {
        each(&WHOLE, self.plan.sample_weight.is_some(), of)
    }

    /// Whether an epoch is one batch, by no loader.
    fn is_full(&self) -> bool {
        self.plan.batch_size == 0 && self.plan.order.loader().is_none()
    }

    /// Makes `loader`, or what else the loop needs; gives the expression of how many batches an epoch has.
    pub(super) fn batches(&self, code: &mut Code) -> String {
        let drop_last = self.plan.drop_last;
        if let Some(options) = self.plan.order.loader() {
            self.loader(options, code);
            if drop_last {
                code.line(1, format!("seen = len(loader) * {}", self.batch_size()));
            }
            return "len(loader)".into();
        }
        if self.is_full() {
            return "1".into();
        }
        if drop_last {
            code.line(1, "seen = len(x) // BATCH_SIZE * BATCH_SIZE  # a last batch that is short is left out");
            return "(seen // BATCH_SIZE)".into();
        }
        "math.ceil(len(x) / BATCH_SIZE)".into()
    }

    fn batch_size(&self) -> &'static str {
        if self.plan.batch_size == 0 { "len(x)" } else { "BATCH_SIZE" }
    }

    fn loader(&self, options: LoaderOptions, code: &mut Code) {
        let mut arguments = vec![format!("batch_size={}", self.batch_size())];
        let generator = options.generator.map(|seed| format!("torch.Generator().manual_seed({seed})"));
        if let Some(generator) = &generator {
            code.line(1, format!("generator = {generator}"));
        }
        let own = if generator.is_some() { ", generator=generator" } else { "" };
        match options.sampler {
            Sampler::Random => arguments.push("shuffle=True".into()),
            Sampler::Sequential => {}
            Sampler::Balanced => {
                code.line(1, "classes = y.flatten().long().numpy()");
                code.line(1, "row_weights = 1 / np.bincount(classes)[classes]");
                code.line(1, format!("sampler = WeightedRandomSampler(row_weights, len(y){own})"));
                arguments.push("sampler=sampler".into());
            }
        }
        if self.plan.drop_last {
            arguments.push("drop_last=True".into());
        }
        if generator.is_some() {
            arguments.push("generator=generator".into());
        }
        if options.persistent {
            arguments.push("num_workers=1, persistent_workers=True".into());
        }
        let set = format!("TensorDataset({})", self.tensors(str::to_string));
        code.line(1, format!("loader = DataLoader({set}, {})", arguments.join(", ")));
    }

    /// The heads of the loop over the batches, at depth 2, and the lines that take a batch; gives the depth of the loop's body.
    /// `numbered`: the batch is to have its `index`.
    pub(super) fn loop_over_batches(&self, numbered: bool, code: &mut Code) -> usize {
        let batch = self.tensors(|name| format!("{name}b"));
        if self.is_full() {
            // One batch: all rows as they stand.
            code.line(2, format!("for {batch} in [({})]:", self.tensors(str::to_string)));
            return 3;
        }
        let seen = if self.plan.drop_last { "[:seen]" } else { "" };
        let (item, over) = match self.plan.order {
            OrderKind::DataLoader(_) => (batch.clone(), "loader".to_string()),
            OrderKind::Randperm => ("rows".into(), format!("torch.randperm(len(x)){seen}.split(BATCH_SIZE)")),
            OrderKind::Sequential => {
                let split = self.tensors(|name| format!("{name}{seen}.split(BATCH_SIZE)"));
                (batch.clone(), format!("zip({split})"))
            }
        };
        let item_of = |item: &str| if item.contains(',') { format!("({item})") } else { item.to_string() };
        match numbered {
            true => code.line(2, format!("for index, {} in enumerate({over}):", item_of(&item))),
            false => code.line(2, format!("for {item} in {over}:")),
        }
        if self.plan.order == OrderKind::Randperm {
            code.line(3, format!("{batch} = {}", self.tensors(|name| format!("{name}[rows]"))));
        }
        3
    }

    /// The rows that an epoch sees.
    pub(super) fn seen(&self) -> &'static str {
        if self.plan.drop_last && !self.is_full() { "seen" } else { "len(x)" }
    }

    /// Whether an update comes after several batches.
    pub(super) fn accumulates(&self) -> bool {
        self.plan.accumulate > 1 && !self.is_full()
    }
}
