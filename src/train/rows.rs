//! In which order the training rows are seen.

use super::order_kind::OrderKind;
use super::task::Part;
use crate::python::dataloader::Loader;
use crate::torch::generator;
use anyhow::{Context, Result};
use tch::{Kind, Tensor};

/// The rows of a training part, epoch by epoch.
#[derive(Debug)]
pub(super) struct Rows {
    count: i64,
    /// Whether all rows are one batch.
    full: bool,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Randperm,
    Sequential,
    Loader(Box<Loader>),
}

impl Rows {
    pub(super) fn new(kind: OrderKind, part: &Part<'_>, full: bool) -> Result<Self> {
        let classes = Some(part.y).filter(|y| y.kind() == Kind::Int64);
        let source = match kind {
            OrderKind::Randperm => Source::Randperm,
            OrderKind::Sequential => Source::Sequential,
            OrderKind::DataLoader(options) => {
                let loader = Loader::new(options, part.rows(), classes);
                Source::Loader(Box::new(loader.with_context(|| format!("--order {kind}"))?))
            }
        };
        Ok(Self { count: part.rows(), full, source })
    }

    /// The rows of an epoch in their order, int64 on the device of the part `part`; none: all of them, as they stand.
    pub(super) fn epoch(&mut self, part: &Part<'_>) -> Result<Option<Tensor>> {
        let order = generator::drawn(|| self.order())?;
        Ok(order.map(|order| order.f_to_device(part.x.device())).transpose()?)
    }

    fn order(&mut self) -> Result<Option<Tensor>> {
        let order = match &mut self.source {
            Source::Sequential => return Ok(None),
            Source::Randperm if self.full => return Ok(None),
            Source::Randperm => Tensor::f_randperm(self.count, (Kind::Int64, tch::Device::Cpu))?,
            Source::Loader(loader) => match loader.epoch()? {
                Some(order) => order,
                // A loader copies the rows of a batch, also where they stand in a row.
                None => Tensor::f_arange(self.count, (Kind::Int64, tch::Device::Cpu))?,
            },
        };
        Ok(Some(order))
    }

    /// The state of a loader's own generator, if there is one.
    pub(super) fn generator(&self) -> Option<Vec<u8>> {
        if let Source::Loader(loader) = &self.source { loader.generator().map(<[u8]>::to_vec) } else { None }
    }

    /// Goes on behind `epochs` epochs, with the state that [`Rows::generator`] gave then.
    pub(super) fn go_on(&mut self, epochs: usize, generator: Option<Vec<u8>>) {
        if let Source::Loader(loader) = &mut self.source {
            loader.go_on(epochs, generator);
        }
    }
}
