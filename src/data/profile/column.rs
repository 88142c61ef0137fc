//! What is gathered of one column, batch by batch.

use super::Batch;
use super::cells::{Cells, Present, show_time, values};
use super::moments::{Correlation, Moments, Quantiles};
use super::repeated;
use super::sampled::{Sampled, mix, pair};
use super::stats::Stats;
use super::top::Top;
use crate::data::dates::iso;
use crate::data::schema::Kind;
use crate::data::shapes::{Meaning, Shape, Shapes};
use polars::prelude::StringChunked;
use serde_json::{Value, json};

/// Different values that are counted exactly.
pub const DISTINCT: usize = 65_536;

/// What a column's cells were, and what they add up to.
pub struct Column {
    pub name: String,
    rows: u64,
    missing: u64,
    infinite: u64,
    /// Cells of each kind, as the table had them.
    cells: [u64; 6],
    distinct: Sampled,
    top: Top,
    moments: Moments,
    quantiles: Quantiles,
    numbers: Option<[f64; 2]>,
    integers: Option<[i128; 2]>,
    times: Option<[i64; 2]>,
    /// The last integer, as long as each so far was one more than that before it.
    consecutive: Option<i128>,
    text: Shapes,
    /// The sum and the exclusive or of the hashes of all cells with their row numbers. Columns with the same cells have the same.
    fingerprint: [u64; 2],
    with_target: Sampled,
    distinct_with_target: Sampled,
    correlation: Correlation,
}

impl Column {
    pub fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            rows: 0,
            missing: 0,
            infinite: 0,
            cells: [0; 6],
            distinct: Sampled::new(DISTINCT),
            top: Top::default(),
            moments: Moments::default(),
            quantiles: Quantiles::default(),
            numbers: None,
            integers: None,
            times: None,
            consecutive: None,
            text: Shapes::default(),
            fingerprint: [0; 2],
            with_target: Sampled::new(DISTINCT),
            distinct_with_target: Sampled::new(DISTINCT),
            correlation: Correlation::default(),
        }
    }

    /// `target` is the target's column of the same batch; `places` are the hashes of the row numbers.
    pub fn see(&mut self, batch: &Batch, target: Option<&Batch>, places: &[u64]) {
        for (hash, place) in batch.hashes.iter().zip(places) {
            let cell = mix(hash.rotate_left(23) ^ place);
            self.fingerprint[0] = self.fingerprint[0].wrapping_add(cell);
            self.fingerprint[1] ^= cell;
        }
        let present = &batch.present;
        match &batch.cells {
            Cells::Integers(cells) => self.see_integers(values(cells), present),
            Cells::Unsigned(cells) => self.see_integers(values(cells), present),
            Cells::Times(cells, with_time) => {
                let kind = if *with_time { Kind::Datetime } else { Kind::Date };
                self.cells[kind as usize] += present.count() as u64;
                present.rows().for_each(|row| widen(&mut self.times, values(cells)[row], i64::cmp));
            }
            Cells::Texts(cells) => self.see_texts(batch, cells),
            Cells::Bools(_) => self.cells[Kind::Bool as usize] += present.count() as u64,
            Cells::Numbers(_) => self.cells[Kind::Number as usize] += present.count() as u64,
        }
        match &batch.cells {
            Cells::Texts(_) => {}
            _ => self.count_each(batch),
        }
        self.top.end_batch(|row| batch.cells.show(row));
        if let Some(numbers) = &batch.numbers {
            self.see_numbers(numbers);
        }
        if let Some(target) = target {
            self.see_target(batch, target);
        }
        self.missing += (batch.hashes.len() - present.count()) as u64;
        self.rows += batch.hashes.len() as u64;
    }

    /// Counts the values cell by cell.
    fn count_each(&mut self, batch: &Batch) {
        for row in batch.present.rows() {
            self.distinct.see(batch.hashes[row], 1);
            self.top.see(batch.hashes[row], 1, row);
        }
    }

    fn see_integers<T: Copy + Into<i128>>(&mut self, cells: &[T], present: &Present) {
        for (row, &value) in cells.iter().enumerate() {
            let first = self.rows == 0 && row == 0;
            let value = present.has(row).then(|| value.into());
            self.consecutive = value.filter(|value| first || self.consecutive == Some(value - 1));
            if let Some(value) = value {
                widen(&mut self.integers, value, |a, b| a.cmp(b));
            }
        }
        self.cells[Kind::Integer as usize] += present.count() as u64;
    }

    fn see_numbers(&mut self, cells: &[f64]) {
        let finite: Vec<f64> = cells.iter().copied().filter(|value| value.is_finite()).collect();
        self.infinite += cells.iter().filter(|value| value.is_infinite()).count() as u64;
        self.moments = self.moments.merge(Moments::of(&finite));
        for value in finite {
            self.quantiles.see(value);
            widen(&mut self.numbers, value, f64::total_cmp);
        }
    }

    /// Most texts occur often, and each is looked at once a batch.
    fn see_texts(&mut self, batch: &Batch, cells: &StringChunked) {
        let (texts, different) = (cells.downcast_as_array(), repeated::values(&batch.hashes, batch.present.rows()));
        let is_complete = self.top.has_room_for(different.len());
        for &(row, count) in &different {
            self.see_text(texts.value(row), count);
            if is_complete {
                self.distinct.see(batch.hashes[row], count);
                self.top.see(batch.hashes[row], count, row);
            }
        }
        if !is_complete {
            self.count_each(batch);
        }
        // Numbers that a file holds as texts are numbers, to `fit` too.
        if self.text.meaning() == Meaning::Numbers {
            let number = |row: usize| texts.value(row).trim().parse().ok();
            self.see_numbers(&batch.present.rows().filter_map(number).collect::<Vec<_>>());
        }
    }

    fn see_text(&mut self, cell: &str, count: u64) {
        self.cells[Kind::Text as usize] += count;
        match self.text.see(cell, count) {
            Shape::Date | Shape::Datetime => {
                if let Some(stamp) = iso(cell) {
                    widen(&mut self.times, stamp.wall.and_utc().timestamp_micros(), i64::cmp);
                }
            }
            _ => {}
        }
    }

    fn see_target(&mut self, batch: &Batch, target: &Batch) {
        for row in batch.present.rows().filter(|&row| target.present.has(row)) {
            self.distinct_with_target.see(batch.hashes[row], 1);
            self.with_target.see(pair(batch.hashes[row], target.hashes[row]), 1);
        }
        if let (Some(ours), Some(theirs)) = (&batch.numbers, &target.numbers) {
            let both = ours.iter().zip(theirs).map(|(&a, &b)| [a, b]);
            let both: Vec<[f64; 2]> = both.filter(|pair| pair.iter().all(|value| value.is_finite())).collect();
            self.correlation = self.correlation.merge(Correlation::of(&both));
        }
    }

    /// The kind of the column: that of its cells, or text if they differ.
    fn kind(&self) -> Kind {
        let all: u64 = self.cells.iter().sum();
        let is_only = |kinds: &[Kind]| all == kinds.iter().map(|&kind| self.cells[kind as usize]).sum::<u64>();
        let present = self.rows - self.missing;
        let meaning = if is_only(&[Kind::Text]) { self.text.meaning() } else { Meaning::Text };
        match () {
            () if present == 0 => Kind::Text,
            () if is_only(&[Kind::Bool]) => Kind::Bool,
            () if is_only(&[Kind::Integer]) => Kind::Integer,
            () if is_only(&[Kind::Integer, Kind::Number]) => Kind::Number,
            () if is_only(&[Kind::Date]) || meaning == Meaning::Dates { times: false } => Kind::Date,
            () if is_only(&[Kind::Date, Kind::Datetime]) || meaning == Meaning::Dates { times: true } => Kind::Datetime,
            () if meaning == Meaning::Numbers => Kind::Number,
            () => Kind::Text,
        }
    }

    pub fn finish(self) -> Stats {
        let kind = self.kind();
        let numeric = matches!(kind, Kind::Number | Kind::Integer);
        let ends = match kind {
            Kind::Integer => self.integers.map(|ends| ends.map(integer)),
            Kind::Number => self.numbers.map(|ends| ends.map(|value| json!(value))),
            Kind::Date | Kind::Datetime => {
                self.times.map(|ends| ends.map(|time| json!(show_time(time, kind == Kind::Datetime))))
            }
            Kind::Text | Kind::Bool => None,
        };
        let quartiles = self.quantiles.at([0.25, 0.5, 0.75]).filter(|_| numeric);
        let [min, max] = ends.map_or([None, None], |ends| ends.map(Some));
        let in_order = self.consecutive.is_some() && self.rows > 1;
        let range = self.integers.is_some_and(|[low, high]| high - low + 1 == i128::from(self.rows));
        let unique = self.missing == 0 && self.rows > 1 && self.distinct.repeats() == 0;
        Stats {
            name: self.name,
            kind,
            is_index: false,
            rows: self.rows,
            missing: self.missing,
            infinite: self.infinite,
            distinct: self.distinct.distinct(),
            distinct_exact: self.distinct.exact(),
            unique,
            consecutive: kind == Kind::Integer && unique && (in_order || range),
            min,
            max,
            mean: self.moments.mean().filter(|_| numeric),
            std: self.moments.std().filter(|_| numeric),
            skew: self.moments.skew().filter(|_| numeric),
            quartiles,
            quartiles_exact: self.quantiles.exact(),
            top_lost: self.top.lost(),
            top: self.top.sorted(),
            text: self.text,
            fingerprint: self.fingerprint,
            pairs_with_target: self.with_target.exact().then(|| self.with_target.distinct()),
            distinct_with_target: self.distinct_with_target.exact().then(|| self.distinct_with_target.distinct()),
            correlation: self.correlation.r(),
            correlated_rows: self.correlation.pairs(),
        }
    }
}

/// Extends the range `ends` so that it contains `value`.
fn widen<T: Copy>(ends: &mut Option<[T; 2]>, value: T, order: impl Fn(&T, &T) -> std::cmp::Ordering) {
    let [low, high] = ends.get_or_insert([value, value]);
    if order(&value, low).is_lt() {
        *low = value;
    }
    if order(&value, high).is_gt() {
        *high = value;
    }
}

fn integer(value: i128) -> Value {
    i64::try_from(value)
        .map_or_else(|_| u64::try_from(value).map_or_else(|_| json!(value as f64), Value::from), Value::from)
}
