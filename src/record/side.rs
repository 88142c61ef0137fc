//! One of two records at the step where they part.

use super::format::{Event, Kind, Model, Phase, Place};
use super::names::Names;
use super::numbers::Tensor;
use super::reader::{Record, Step};
use anyhow::Result;

/// A record, with the step in question, the one before it, and the first.
pub struct Side<'a> {
    pub record: &'a Record,
    pub now: &'a Step,
    pub before: Option<&'a Step>,
    pub first: &'a Step,
    /// What its tensors are called in the first record; none: it is the first.
    pub names: Option<&'a Names>,
}

/// Which step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    Now,
    Before,
    First,
}

impl<'a> Side<'a> {
    fn step(&self, when: When) -> Option<&'a Step> {
        match when {
            When::Now => Some(self.now),
            When::Before => self.before,
            When::First => Some(self.first),
        }
    }

    fn place(&self, event: &Event) -> Place {
        self.names.map_or_else(|| event.place(), |names| names.place(event))
    }

    /// The events of a step under `test`, with their places.
    pub fn all(&self, when: When, test: impl Fn(&Event) -> bool) -> Vec<(Place, &'a Event)> {
        let events = self.step(when).into_iter().flat_map(|step| &step.events);
        events.filter(|event| test(event)).map(|event| (self.place(event), event)).collect()
    }

    pub fn find(&self, when: When, place: &Place) -> Option<&'a Event> {
        self.step(when)?.events.iter().find(|event| self.place(event) == *place)
    }

    /// The values of the tensor at a place, where they were kept.
    pub fn values(&self, when: When, place: &Place) -> Result<Option<Tensor>> {
        self.find(when, place).map_or(Ok(None), |event| self.record.values(event))
    }

    /// The gradient of a parameter as the optimizer got it.
    pub fn gradient(&self, when: When, path: &str) -> Option<&'a Event> {
        let of = |kind| self.all(when, |event| event.kind == kind).into_iter().rfind(|(place, _)| place.path == path);
        of(Kind::Clipped).or_else(|| of(Kind::Gradient)).map(|(_, event)| event)
    }

    /// A parameter as it was before this step.
    pub fn parameter_before(&self, path: &str) -> Option<&'a Event> {
        let place = |phase| Place { phase, kind: Kind::Parameter, path: path.into(), call: 0, index: 0 };
        match self.before {
            Some(_) => self.find(When::Before, &place(Phase::Update)),
            None => self.find(When::First, &place(Phase::Start)),
        }
    }

    pub fn model(&self) -> Option<&'a Model> {
        self.record.models.first()
    }

    /// The name of its file.
    pub fn name(&self) -> String {
        self.record.path().display().to_string()
    }
}
