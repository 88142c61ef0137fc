//! The rows of a batch, and how some of them are copied into a tile, transposed. The table is row-major: the features
//! of a row lie side by side. In a tile a panel of rows is feature-major: the values of one feature in all rows of the
//! panel lie side by side, so that each lane of a vector register works on a row of its own.

use super::plan::Plan;
use crate::model::loss::Loss;
use crate::torch::memory::{Floats, Integers, Number, Numbers};
use crate::train::features::{Coded, Features};
use crate::train::task::Part;
use anyhow::Result;
use std::ops::Range;
use tch::Kind;

/// What the network is to answer.
#[derive(Debug, Clone, Copy)]
pub enum Targets<'a> {
    /// Class indices `[n]`.
    Classes(&'a [i64]),
    /// Values `[n, outputs]`.
    Values(&'a [f32]),
}

impl Targets<'_> {
    fn len(&self, plan: &Plan) -> usize {
        match self {
            Self::Classes(classes) => classes.len(),
            Self::Values(values) => values.len() / plan.outputs().max(1),
        }
    }
}

/// Rows to work on, borrowed from the tensors; they are copied only one tile at a time.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// `[n, columns]`.
    pub x: &'a [f32],
    /// `[n, blocks]`, where the plan has codes.
    pub codes: Option<&'a [i64]>,
    pub y: Targets<'a>,
    /// Weight of each row.
    pub weight: Option<&'a [f32]>,
    /// Weight of each class.
    pub class_weight: Option<&'a [f32]>,
    /// The numbers of the batch's rows, in their order; without it the batch is all rows.
    pub index: Option<&'a [i64]>,
    /// What `dropout::draw` gave for the batch.
    pub masks: Option<&'a [f32]>,
}

/// A part's tensors, within reach of the engine.
pub struct PartRows {
    x: Floats,
    codes: Option<Integers>,
    y: PartTarget,
    weight: Option<Floats>,
    class_weight: Option<Floats>,
}

enum PartTarget {
    Classes(Integers),
    Values(Floats),
}

impl PartTarget {
    fn read<R>(&self, look: impl FnOnce(Targets<'_>) -> R) -> R {
        match self {
            Self::Classes(classes) => classes.read(|classes| look(Targets::Classes(classes))),
            Self::Values(values) => values.read(|values| look(Targets::Values(values))),
        }
    }
}

impl PartRows {
    /// All rows of a part, which must be of float32, or of int64 for classes, on the CPU.
    pub fn of(part: &Part<'_>, loss: &Loss) -> Result<Self> {
        let y = match part.y.kind() {
            Kind::Int64 => PartTarget::Classes(Integers::of(part.y)?),
            _ => PartTarget::Values(Floats::of(part.y)?),
        };
        let weight = part.weight.map(Floats::of).transpose()?;
        let class_weight = loss.class_weight().map(Floats::of).transpose()?;
        let (x, codes) = match part.x {
            Features::Dense(x) => (x, None),
            Features::Coded(Coded { rest, codes, .. }) => (rest, Some(Integers::of(codes)?)),
        };
        Ok(Self { x: Floats::of(x)?, codes, y, weight, class_weight })
    }

    /// Hands the rows to `look`: only those whose numbers stand in a part of an order, as they stand there, or all.
    pub fn read<R>(&self, index: Option<(&Integers, Range<usize>)>, look: impl FnOnce(Rows<'_>) -> R) -> R {
        let (index, part) = index.unzip();
        self.x.read(|x| {
            optional(self.weight.as_ref(), |weight| {
                optional(self.class_weight.as_ref(), |class_weight| {
                    optional(index, |index| {
                        let index = index.zip(part).map(|(index, part)| &index[part]);
                        optional(self.codes.as_ref(), |codes| {
                            self.y.read(|y| look(Rows { x, codes, y, weight, class_weight, index, masks: None }))
                        })
                    })
                })
            })
        })
    }
}

/// As [`Numbers::read`], of numbers that may not be there.
pub(super) fn optional<T: Number, R>(numbers: Option<&Numbers<T>>, look: impl FnOnce(Option<&[T]>) -> R) -> R {
    match numbers {
        Some(numbers) => numbers.read(|numbers| look(Some(numbers))),
        None => look(None),
    }
}

impl Rows<'_> {
    /// The number of rows in the batch.
    pub fn len(&self, plan: &Plan) -> usize {
        self.index.map_or_else(|| self.y.len(plan), <[i64]>::len)
    }

    /// What a row's loss is multiplied by, and what it adds to the divisor of the mean: with row weights `w` and class
    /// weights `c`, `w c` and `w`; see [`Loss::mean`]. With smoothed labels the weights of all classes are in the loss itself.
    fn weights(&self, plan: &Plan, row: usize, class: usize) -> (f32, f32) {
        let class = self.class_weight.map_or(1.0, |weights| weights[class]);
        let factor = if plan.smooths_labels() { 1.0 } else { class };
        self.weight.map_or((factor, class), |weight| (weight[row] * factor, weight[row]))
    }
}

/// The memory of one panel of rows in a tile: `width` rows, each in a lane of its own. The arrays are `[unit][lane]`;
/// lanes without a row hold zeros.
pub struct Panel<'a> {
    pub width: usize,
    pub x: &'a mut [f32],
    /// Class indices, or the values of each output.
    pub targets: &'a mut [f32],
    /// What each row's loss is multiplied by.
    pub weights: &'a mut [f32],
}

impl Panel<'_> {
    /// Copies the rows `part` of the batch into the panel. Returns what they add to the divisor of the mean loss.
    pub fn load(self, plan: &Plan, rows: &Rows<'_>, part: Range<usize>) -> f64 {
        if part.len() < self.width {
            self.x.fill(0.0);
            self.targets.fill(0.0);
            self.weights[part.len()..].fill(0.0);
        }
        match rows.index {
            None => self.rows(plan, rows, part),
            Some(index) => self.rows(plan, rows, index[part].iter().map(|&row| row as usize)),
        }
    }

    fn rows(self, plan: &Plan, rows: &Rows<'_>, part: impl ExactSizeIterator<Item = usize> + Clone) -> f64 {
        let count = part.len();
        transpose(rows.x, plan.columns(), part.clone(), self.x, self.width);
        match rows.y {
            Targets::Classes(classes) => {
                self.targets.iter_mut().zip(part.clone()).for_each(|(place, row)| *place = classes[row] as f32);
            }
            Targets::Values(values) => transpose(values, plan.outputs(), part.clone(), self.targets, self.width),
        }
        if rows.weight.is_none() && rows.class_weight.is_none() {
            self.weights[..count].fill(1.0);
            return count as f64;
        }
        let mut divisor = 0.0;
        for ((place, &target), row) in self.weights.iter_mut().zip(&*self.targets).zip(part) {
            // A class is whole in float32, under bce too; where there are values there are no class weights.
            let (weight, share) = rows.weights(plan, row, target as usize);
            *place = weight;
            divisor += f64::from(share);
        }
        divisor
    }
}

/// Copies some rows of `from [row][unit]` to `to [unit][lane]`, where each unit has `width` lanes.
pub(super) fn transpose(from: &[f32], units: usize, rows: impl Iterator<Item = usize>, to: &mut [f32], width: usize) {
    for (lane, row) in rows.enumerate() {
        for (unit, &value) in from[row * units..][..units].iter().enumerate() {
            to[unit * width + lane] = value;
        }
    }
}
