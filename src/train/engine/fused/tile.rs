//! One thread's work on a batch: tile by tile forward, loss and backward, all of it in the cache.

use super::loss::Scored;
use super::plan::Plan;
use super::rows::{Panel, Rows};
use crate::cpu::simd::Lanes;
use bytemuck::{Pod, Zeroable, cast_slice, cast_slice_mut};
use std::ops::Range;

/// The activations of a tile take about this many bytes, a quarter of a core's L2 cache. Wide networks, of which that
/// would be less than four times [`UNIT`] rows, may take up to twice as many.
const TILE_BYTES: usize = 224 << 10;
/// The rows of a tile are a multiple of this, which the panels of every instruction set divide.
const UNIT: usize = 64;
/// A tile has at most this many times [`UNIT`] rows.
const MOST: usize = 16;

/// A cache line: vectors begin on a line.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
pub struct Line([f32; 16]);

fn lines(numbers: usize) -> Vec<Line> {
    vec![Line::zeroed(); numbers.div_ceil(16)]
}

/// The buffers of one thread.
#[derive(Debug)]
pub struct Tile {
    rows: usize,
    /// The inputs, then the outputs of each layer, `[panel][unit][lane]`. The backward pass overwrites them with their
    /// gradients.
    pub(super) activations: Vec<Vec<Line>>,
    /// Of the layers before the last the slopes of the activation, where the plan keeps them, laid out as their outputs.
    pub(super) slopes: Vec<Vec<Line>>,
    /// Of the layers with a layer norm what it makes before its weight and bias, and `1 / √(variance + ε)` of each row.
    pub(super) normals: Vec<Vec<Line>>,
    pub(super) scales: Vec<Vec<Line>>,
    /// A panel of a dropout mask, `[unit][lane]`.
    pub(super) mask: Vec<Line>,
    targets: Vec<Line>,
    weights: Vec<Line>,
    pub(super) gradients: Vec<Line>,
    /// Of a plan with codes: those of each row, `[lane][block]`, and the gradients of the first weights of the other columns.
    pub(super) codes: Vec<i64>,
    pub(super) compact: Vec<Line>,
    /// Sum of the weighted losses of the last batch.
    pub loss: f64,
    /// What `loss` is to be divided by for the mean.
    pub divisor: f64,
    /// How many rows of the last batch were classified rightly, if that was asked for.
    pub hits: usize,
}

/// What is wanted of a batch besides its loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    Loss,
    Gradients,
    Hits,
}

/// One thread's share of a batch.
#[derive(Debug, Clone)]
pub struct Share<'a> {
    pub plan: &'a Plan,
    pub parameters: &'a [f32],
    /// What [`Plan::compact`] made of them.
    pub compact: Option<&'a [f32]>,
    pub rows: Rows<'a>,
    pub range: Range<usize>,
    pub want: Want,
}

impl Tile {
    pub fn new(plan: &Plan) -> Self {
        let bytes = UNIT * size_of::<f32>() * (plan.widths().sum::<usize>() + plan.kept()).max(1);
        let rows = UNIT * (TILE_BYTES / bytes).max((2 * TILE_BYTES / bytes).min(4)).clamp(1, MOST);
        let hidden = |are| plan.hidden().map(|units| lines(if are { units * rows } else { 0 })).collect();
        Self {
            rows,
            activations: plan.widths().map(|width| lines(width * rows)).collect(),
            slopes: hidden(plan.keeps_slopes()),
            normals: hidden(plan.has_norm()),
            scales: plan.hidden().map(|_| lines(if plan.has_norm() { rows } else { 0 })).collect(),
            mask: lines(if plan.dropout > 0.0 { UNIT * plan.hidden().max().unwrap_or(0) } else { 0 }),
            targets: lines(plan.outputs() * rows),
            weights: lines(rows),
            gradients: lines(plan.length),
            codes: vec![-1; rows * plan.blocks().len()],
            compact: lines(plan.compact_len()),
            loss: 0.0,
            divisor: 0.0,
            hits: 0,
        }
    }

    /// The sum of the rows' gradients, laid out as the parameters are.
    pub fn gradients(&self) -> &[f32] {
        cast_slice(&self.gradients)
    }

    /// Works through a share of the batch. Afterwards `loss`, `divisor` and the gradients are those of its rows.
    #[inline(always)]
    pub fn work<S: Lanes, const NV: usize>(&mut self, s: S, share: &Share<'_>) {
        (self.loss, self.divisor, self.hits) = (0.0, 0.0, 0);
        if share.want == Want::Gradients {
            self.gradients.fill(Line::zeroed());
            self.compact.fill(Line::zeroed());
        }
        let panel = NV * S::F32_LANES;
        let mut sizes = [0; MOST * UNIT / 8];
        for first in share.range.clone().step_by(self.rows) {
            let last = share.range.end.min(first + self.rows);
            let mut count = 0;
            for start in (first..last).step_by(panel) {
                let part = start..last.min(start + panel);
                let nv = part.len().div_ceil(S::F32_LANES);
                let rows = part.len();
                self.load(share, part.clone(), count * panel, nv * S::F32_LANES);
                self.forward::<S, NV>(s, share, part, count, nv);
                if share.want == Want::Hits {
                    self.hits += self.count_hits(share.plan, count * panel, nv * S::F32_LANES, rows);
                }
                self.score::<S, NV>(s, share, count, nv);
                sizes[count] = nv;
                count += 1;
            }
            if share.want == Want::Gradients {
                self.backward::<S, NV>(s, share, &sizes[..count]);
            }
        }
        if share.want == Want::Gradients {
            share.plan.spread(cast_slice(&self.compact), cast_slice_mut(&mut self.gradients));
        }
    }

    /// Copies the rows `part` into the panel whose lanes begin at `lane`.
    fn load(&mut self, share: &Share<'_>, part: Range<usize>, lane: usize, width: usize) {
        let (inputs, outputs) = (share.plan.columns(), share.plan.outputs());
        self.load_codes(share, part.clone(), lane, width);
        let panel = Panel {
            width,
            x: &mut cast_slice_mut(&mut self.activations[0])[lane * inputs..][..width * inputs],
            targets: &mut cast_slice_mut(&mut self.targets)[lane * outputs..][..width * outputs],
            weights: &mut cast_slice_mut(&mut self.weights)[lane..][..width],
        };
        self.divisor += panel.load(share.plan, &share.rows, part);
    }

    /// Counts the rightly classified rows of the panel whose lanes begin at `lane`. To be called before the loss
    /// replaces the panel's outputs by their gradients.
    fn count_hits(&self, plan: &Plan, lane: usize, width: usize, rows: usize) -> usize {
        let outputs = plan.outputs();
        let z: &[f32] =
            self.activations.last().map_or(&[], |lines| &cast_slice(lines)[lane * outputs..][..width * outputs]);
        let classes: &[f32] = &cast_slice(&self.targets)[lane * outputs..][..width];
        let largest = |row: usize| {
            (0..outputs).fold(0, |best, unit| if z[unit * width + row] >= z[best * width + row] { unit } else { best })
        };
        (0..rows).filter(|&row| largest(row) as f32 == classes[row]).count()
    }

    #[inline(always)]
    fn score<S: Lanes, const NV: usize>(&mut self, s: S, share: &Share<'_>, panel: usize, nv: usize) {
        let outputs = share.plan.outputs();
        let Some(z) = self.activations.last_mut() else { return };
        let scored = Scored {
            z: &mut cast_slice_mut(z)[panel * NV * outputs..][..nv * outputs],
            targets: &cast_slice(&self.targets)[panel * NV * outputs..][..nv * outputs],
            weights: &cast_slice(&self.weights)[panel * NV..][..nv],
            class_weight: share.rows.class_weight,
        };
        self.loss += f64::from(scored.score(s, share.plan.loss));
    }
}
