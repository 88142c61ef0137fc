//! The pipeline on raw values, without libtorch: the same float64 operations in the same order as in TorchScript
//! (`super::script`), so the same bits.

use super::choices::{Encode, Unseen};
use super::inputs::Category;
use super::pipeline::{NumberStep, Pipeline};

impl Pipeline {
    /// The features of a raw matrix, one column each: what `forward` gives, column by column. `raw` holds the input columns of
    /// [`super::inputs::Inputs`], all of one length.
    pub fn apply(&self, raw: &[Vec<f64>]) -> Vec<Vec<f32>> {
        let (numbers, dates) = (self.inputs.numbers.len(), self.inputs.dates.len());
        let plain = raw[..numbers].iter().map(|column| column.to_vec());
        let parts = raw[numbers..numbers + dates].iter().zip(&self.inputs.dates).flat_map(|(seconds, date)| {
            date.parts.iter().map(|part| seconds.iter().map(|second| part.of(*second)).collect())
        });
        let scaled = plain.chain(parts).zip(&self.numbers).map(|(values, step): (Vec<f64>, _)| scaled(&values, step));
        let indicated =
            self.inputs.choices().zip(raw).take(numbers + dates).filter(|((_, choice), _)| choice.indicator);
        let indicators = indicated.map(|(_, values)| values.iter().map(|value| flag(value.is_nan())).collect());
        let categories = self.inputs.categories.iter().zip(&self.category_fill).zip(&raw[numbers + dates..]);
        let encoded = categories.flat_map(|((category, fill), codes)| encoded(category, *fill, codes));
        scaled.chain(indicators).chain(encoded).collect()
    }
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
            let slots = 0..category.slots();
            slots.map(|slot| columns(&|code| flag(code == slot as f64))).collect()
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
