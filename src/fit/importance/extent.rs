//! How much is shuffled: what was asked for, or what there is time for.

use super::REPEATS;
use crate::fit::settings::ImportanceRows;
use anyhow::Result;
use tch::{Device, Kind, Tensor};

/// What `--importance auto` may take: multiplications, of which a core does some ten thousand million in a second.
const BUDGET: f64 = 1e10;
/// What a pass takes beside those of the network, in multiplications.
const PASS: f64 = 2e5;
/// With fewer rows, of more, an importance would be noise.
const FEWEST: usize = 500;
/// Of a table of more columns than there is time for, so many at least; fewer would tell nothing of the table.
const FEWEST_COLUMNS: usize = 10;

/// How many columns are shuffled, among how many rows.
#[derive(Debug, PartialEq)]
pub struct Extent {
    pub columns: usize,
    pub rows: usize,
}

impl Extent {
    /// None where what there is time for would tell nothing. What was asked for is done whatever it takes.
    pub fn of(wanted: ImportanceRows, columns: usize, of: usize, parameters: i64) -> Option<Self> {
        let whole = |rows| Some(Self { columns, rows });
        match wanted {
            ImportanceRows::None => whole(0),
            ImportanceRows::All => whole(of),
            ImportanceRows::AtMost(rows) => whole(rows.min(of)),
            ImportanceRows::Auto => {
                let (rows, fewest) = (affordable(columns * REPEATS, parameters).min(of), of.min(FEWEST));
                if rows >= fewest {
                    return whole(rows);
                }
                let pass = fewest as f64 * parameters as f64 + PASS;
                let columns = (BUDGET / (REPEATS as f64 * pass)) as usize;
                (columns >= FEWEST_COLUMNS).then_some(Self { columns, rows: fewest })
            }
        }
    }
}

/// The rows of which so many passes through so many parameters are within the budget.
fn affordable(passes: usize, parameters: i64) -> usize {
    ((BUDGET / passes.max(1) as f64 - PASS) / parameters.max(1) as f64).max(0.0) as usize
}

/// The `most` columns whose features have the largest weights in the first layer, `[units, features]`, in their order: what enters
/// the network with small weights moves its outputs little, on a scaled table. Measured by the sum of their squares.
pub fn heaviest(weights: &Tensor, columns: &[Vec<i64>], most: usize) -> Result<Vec<usize>> {
    let squares = weights.f_detach()?.f_to_kind(Kind::Double)?.f_square()?;
    let squares: Vec<f64> = squares.f_sum_dim_intlist(0, false, Kind::Double)?.f_to_device(Device::Cpu)?.try_into()?;
    let sums = columns.iter().map(|features| features.iter().map(|&feature| squares[feature as usize]).sum());
    let mut order: Vec<(usize, f64)> = sums.enumerate().collect();
    order.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    let mut chosen: Vec<usize> = order.into_iter().take(most).map(|(column, _)| column).collect();
    chosen.sort_unstable();
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_is_of_rows_times_parameters_times_passes() {
        // 2,000 columns, 5 repeats: 10,000 passes of 1e6 multiplications each, 2e5 of them not the network's.
        assert_eq!(affordable(10_000, 100_000), 8);
        assert_eq!(affordable(50, 1_000), 199_800);
        assert_eq!(affordable(100_000, 1_300_000), 0);
        assert_eq!(affordable(0, 0), 9_999_800_000);
    }

    #[test]
    fn of_a_wide_table_as_many_columns_as_there_is_time_for() {
        let auto = |columns, of, parameters| Extent::of(ImportanceRows::Auto, columns, of, parameters);
        let some = |columns, rows| Some(Extent { columns, rows });
        assert_eq!(auto(10, 4000, 1_000), some(10, 4000));
        // 1e10 / (10 * 5 * 1e5), less the 2 rows that a pass of its own takes.
        assert_eq!(auto(10, 4000, 100_000), some(10, 1998));
        // 1e10 / (5 * (20 * 1.3e6 + 2e5)), and 1e10 / (5 * (500 * 2e5 + 2e5)).
        assert_eq!(auto(20_000, 20, 1_300_000), some(76, 20));
        assert_eq!(auto(3_000, 9_000, 200_000), some(19, 500));
        assert_eq!(auto(20_000, 9_000, 1_300_000), None);
        // What the user says is done.
        assert_eq!(Extent::of(ImportanceRows::All, 20_000, 9_000, 1_300_000), some(20_000, 9_000));
        assert_eq!(Extent::of(ImportanceRows::AtMost(7), 20_000, 9_000, 1_300_000), some(20_000, 7));
    }

    // w = np.array([[1, -4, 0, 2, 2.5], [0.5, 0, 3, -2, 0]])
    // np.argsort([-(w[:, c] ** 2).sum() for c in ([0], [1], [2], [3, 4])], kind="stable") is [1, 3, 2, 0]
    #[test]
    fn the_heaviest_columns_are_those_with_the_largest_weights() {
        let weights = Tensor::from_slice(&[1.0_f32, -4.0, 0.0, 2.0, 2.5, 0.5, 0.0, 3.0, -2.0, 0.0]).view([2, 5]);
        let columns = [vec![0], vec![1], vec![2], vec![3, 4]];
        for (most, expected) in [(1, &[1][..]), (2, &[1, 3]), (3, &[1, 2, 3]), (4, &[0, 1, 2, 3])] {
            assert_eq!(heaviest(&weights, &columns, most).unwrap(), expected);
        }
    }
}
