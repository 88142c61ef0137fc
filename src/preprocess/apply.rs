//! The pipeline on raw values, without libtorch: the same float64 operations in the same order as in TorchScript
//! (`super::script`), so the same bits.

use super::choices::{Encode, Unseen};
use super::inputs::Category;
use super::pipeline::{NumberStep, Pipeline};
use crate::train::features::{Block, Layout};

impl Pipeline {
    /// The features of a raw matrix, one column each: what `forward` gives, column by column. `raw` holds the input columns of
    /// [`super::inputs::Inputs`], all of one length.
    pub fn apply(&self, raw: &[Vec<f64>]) -> Vec<Vec<f32>> {
        self.apply_coded(raw, usize::MAX).0
    }

    /// The same but for the one-hot features of columns that have `least` of them or more: of each of those columns the place of the
    /// 1 in every row, -1 where there is none.
    pub fn apply_coded(&self, raw: &[Vec<f64>], least: usize) -> (Vec<Vec<f32>>, Vec<Vec<i64>>) {
        let (numbers, dates) = (self.inputs.numbers.len(), self.inputs.dates.len());
        let plain = raw[..numbers].iter().map(|column| column.to_vec());
        let parts = raw[numbers..numbers + dates].iter().zip(&self.inputs.dates).flat_map(|(seconds, date)| {
            date.parts.iter().map(|part| seconds.iter().map(|second| part.of(*second)).collect())
        });
        let scaled = plain.chain(parts).zip(&self.numbers).map(|(values, step): (Vec<f64>, _)| scaled(&values, step));
        let indicated =
            self.inputs.choices().zip(raw).take(numbers + dates).filter(|((_, choice), _)| choice.indicator);
        let indicators = indicated.map(|(_, values)| values.iter().map(|value| flag(value.is_nan())).collect());
        let mut features: Vec<Vec<f32>> = scaled.chain(indicators).collect();
        let mut codes = Vec::new();
        let categories = self.inputs.categories.iter().zip(&self.category_fill).zip(&raw[numbers + dates..]);
        for ((category, fill), values) in categories {
            if category.is_coded(least) {
                codes.push(coded(category, *fill, values));
            } else {
                features.extend(encoded(category, *fill, values));
            }
        }
        (features, codes)
    }

    /// Where the features are that [`Pipeline::apply_coded`] gives as codes; none where it gives all as columns.
    pub fn layout(&self, least: usize) -> Option<Layout> {
        let width = self.features().len();
        let slots = |category: &Category| if category.choice.encode == Encode::Onehot { category.slots() } else { 1 };
        let mut first = width - self.inputs.categories.iter().map(slots).sum::<usize>();
        let (mut rest, mut blocks): (Vec<usize>, _) = ((0..first).collect(), Vec::new());
        for category in &self.inputs.categories {
            let count = slots(category);
            if category.is_coded(least) {
                blocks.push(Block { first, count });
            } else {
                rest.extend(first..first + count);
            }
            first += count;
        }
        (!blocks.is_empty()).then_some(Layout { width, rest, blocks })
    }
}

impl Category {
    fn is_coded(&self, least: usize) -> bool {
        self.choice.encode == Encode::Onehot && self.slots() >= least
    }
}

fn coded(category: &Category, fill: Option<f64>, values: &[f64]) -> Vec<i64> {
    let slots = category.slots() as f64;
    let filled = values.iter().map(|value| if value.is_nan() { fill.unwrap_or(f64::NAN) } else { *value });
    // Neither a gap nor a category that is passed over has a 1.
    filled.map(|value| if (0.0..slots).contains(&value) { value as i64 } else { -1 }).collect()
}

fn scaled(values: &[f64], step: &NumberStep) -> Vec<f32> {
    let fill = step.fill.unwrap_or(f64::NAN);
    let filled = values.iter().map(|value| if value.is_nan() { fill } else { *value });
    filled.map(|value| ((value - step.center) / step.scale) as f32).collect()
}

fn encoded(category: &Category, fill: Option<f64>, codes: &[f64]) -> Vec<Vec<f32>> {
    let filled = |code: &f64| if code.is_nan() { fill.unwrap_or(f64::NAN) } else { *code };
    let columns = |of: &dyn Fn(f64) -> f32| codes.iter().map(|code| of(filled(code))).collect();
    match (category.choice.encode, category.choice.unseen) {
        (Encode::Onehot, _) => {
            let mut columns = vec![vec![0.0; codes.len()]; category.slots()];
            for (row, code) in coded(category, fill, codes).into_iter().enumerate() {
                // -1 is no place.
                if let Ok(code) = usize::try_from(code) {
                    columns[code][row] = 1.0;
                }
            }
            columns
        }
        (Encode::Label, Unseen::Ignore) => {
            let count = category.values.len() as f64;
            vec![columns(&|code| if code >= count { -1.0 } else { code as f32 })]
        }
        (Encode::Label, _) => vec![columns(&|code| code as f32)],
    }
}

fn flag(holds: bool) -> f32 {
    f32::from(u8::from(holds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocess::choices::ColumnChoice;
    use crate::preprocess::inputs::{Inputs, Number};
    use crate::train::features::{Coded, Features};
    use std::sync::Arc;
    use tch::Tensor;

    /// `[columns][n]` as `[n, columns]`.
    fn matrix(columns: &[Vec<f32>], rows: i64) -> Tensor {
        Tensor::from_slice(&columns.concat()).view([columns.len() as i64, rows]).tr().contiguous()
    }

    #[test]
    fn codes_and_columns_make_the_same_matrix() {
        let category = |name: &str, count: usize, encode, unseen| Category {
            name: name.into(),
            values: (0..count).map(|value| value.to_string()).collect::<Vec<_>>().into(),
            choice: ColumnChoice { encode, unseen, ..ColumnChoice::default() },
        };
        let categories = vec![
            category("wide", 5, Encode::Onehot, Unseen::Other),
            category("few", 2, Encode::Onehot, Unseen::Error),
            category("label", 9, Encode::Label, Unseen::Ignore),
            category("last", 4, Encode::Onehot, Unseen::Ignore),
        ];
        let numbers = vec![Number { name: "x".into(), choice: ColumnChoice::default() }];
        let inputs = Inputs { numbers, dates: vec![], categories };
        let train = [vec![0.0, 1.0], vec![0.0, 4.0], vec![0.0, 1.0], vec![0.0, 8.0], vec![0.0, 3.0]];
        let mut pipeline = Pipeline::fit(&inputs, |index| Ok(train[index].clone())).unwrap();
        // A column whose gaps nothing takes the place of has them as no category.
        pipeline.category_fill[3] = None;
        // A gap, a category that no training row has under other and under ignore.
        let raw = vec![
            vec![1.0, 2.0, f64::NAN, 3.0],
            vec![4.0, 5.0, f64::NAN, 0.0],
            vec![0.0, 1.0, 1.0, f64::NAN],
            vec![9.0, 3.0, 0.0, 8.0],
            vec![4.0, f64::NAN, 0.0, 3.0],
        ];
        let whole = matrix(&pipeline.apply(&raw), 4);
        for (least, blocks) in [(4, 2), (5, 1), (1, 3), (7, 0)] {
            let (columns, codes) = pipeline.apply_coded(&raw, least);
            assert_eq!(codes.len(), blocks);
            let Some(layout) = pipeline.layout(least) else {
                assert_eq!((blocks, columns), (0, pipeline.apply(&raw)));
                continue;
            };
            let codes = Tensor::from_slice(&codes.concat()).view([blocks as i64, 4]).tr();
            let features = Features::Coded(Coded { rest: matrix(&columns, 4), codes, layout: Arc::new(layout) });
            assert!(features.dense().unwrap().equal(&whole), "{least}");
        }
        let expected = [0.0_f32, 0.0, 0.0, 0.0, 0.0, 1.0].map(|cell| cell.to_bits());
        assert_eq!(std::array::from_fn(|slot| (whole.double_value(&[1, 1 + slot as i64]) as f32).to_bits()), expected);
    }
}
