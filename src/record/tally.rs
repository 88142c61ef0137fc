//! What was compared: how often each tensor was equal, and by how much it was not.

use super::format::{Kind, Phase, Place};
use std::collections::BTreeMap;

/// One tensor at one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    Equal,
    /// By so many ULPs at most, where the values were kept.
    Differs(Option<u64>),
}

/// A tensor over the steps.
#[derive(Debug, Clone)]
pub struct Row {
    pub phase: Phase,
    pub kind: Kind,
    pub path: String,
    pub marks: Vec<(u64, Mark)>,
}

/// Everything that was compared, in the order in which it first came.
#[derive(Debug, Default)]
pub struct Tally {
    pub rows: Vec<Row>,
    places: BTreeMap<(Phase, Kind, String), usize>,
    /// Tensors that were equal before the first difference, by kind, in the order in which they first came.
    pub before: Vec<(Phase, Kind, u64)>,
    /// Tensors that only the first, only the second record has, by kind.
    pub alone: [BTreeMap<(Phase, Kind), u64>; 2],
}

impl Row {
    pub fn equal(&self) -> usize {
        self.marks.iter().filter(|(_, mark)| *mark == Mark::Equal).count()
    }

    /// The first step at which it differs.
    pub fn first(&self) -> Option<u64> {
        self.marks.iter().find(|(_, mark)| *mark != Mark::Equal).map(|(step, _)| *step)
    }

    pub fn max_ulps(&self) -> Option<u64> {
        self.marks.iter().filter_map(|(_, mark)| if let Mark::Differs(ulps) = mark { *ulps } else { None }).max()
    }
}

impl Tally {
    /// `before`: nothing has differed so far.
    pub(super) fn see(&mut self, place: &Place, step: u64, equal: bool, ulps: Option<u64>, before: bool) {
        let Place { phase, kind, path, .. } = place;
        let rows = &mut self.rows;
        let row = *self.places.entry((*phase, *kind, path.clone())).or_insert_with(|| {
            rows.push(Row { phase: *phase, kind: *kind, path: path.clone(), marks: vec![] });
            rows.len() - 1
        });
        let mark = if equal { Mark::Equal } else { Mark::Differs(ulps) };
        rows[row].marks.push((step, mark));
        if equal && before {
            match self.before.iter_mut().find(|(p, k, _)| p == phase && k == kind) {
                Some((.., count)) => *count += 1,
                None => self.before.push((*phase, *kind, 1)),
            }
        }
    }

    pub(super) fn alone(&mut self, side: usize, place: &Place) {
        *self.alone[side].entry((place.phase, place.kind)).or_default() += 1;
    }

    /// Tensors compared in all, and those of them that are equal.
    pub fn totals(&self) -> (usize, usize) {
        let compared = self.rows.iter().map(|row| row.marks.len()).sum();
        (compared, self.rows.iter().map(Row::equal).sum())
    }
}
