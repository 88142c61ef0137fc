//! Which settings are tried, and in which order.

use super::space::{Domain, Param, Range};
use crate::choices::names::named;
use crate::python::random::NumpyRandom;
use anyhow::{Result, bail, ensure};
use toml::Value;

named! {
    pub enum Search {
        /// Every combination of the listed values.
        Grid = "grid",
        /// So many draws.
        Random = "random",
    }
}

/// Trials of a random search, where none are asked for.
const TRIALS: usize = 20;
/// Combinations of a grid at most; each is held in memory, and none would see the end of them.
const MOST: usize = 1_000_000;

/// What one trial changes, by name.
pub type Settings = Vec<(String, Value)>;

/// The trials in their order. Parameters count in the order of their names.
///
/// - Grid: as `sklearn.model_selection.ParameterGrid`, the last parameter fastest.
/// - Random, values only: combinations without repetition, those of the grid at `np.random.RandomState(seed)
///   .permutation(grid)[:trials]`.
/// - Random, with a range: one draw a parameter from the same generator, trial after trial: `randint` among the values or the
///   whole numbers, `uniform` in a range, `exp(uniform(log(low), log(high)))` in a logarithmic one. More trials begin with
///   the same ones.
pub fn plan(search: Search, params: &[Param], trials: Option<usize>, seed: u32) -> Result<Vec<Settings>> {
    ensure!(!params.is_empty(), "tune: nothing to search; give --param NAME=VALUES, such as --param lr=0.1,0.01");
    let mut params: Vec<&Param> = params.iter().collect();
    params.sort_by(|a, b| a.name.cmp(&b.name));
    let ranged = params.iter().find(|param| matches!(param.domain, Domain::Range(_)));
    match (search, ranged) {
        (Search::Grid, Some(param)) => bail!(
            "--param {}: a range has no values to go through one by one; list values, or use --search random",
            param.name
        ),
        (Search::Grid, None) => {
            ensure!(trials.is_none(), "--trials: --search grid tries every combination; use --search random");
            let count = combinations(&params)?;
            Ok((0..count).map(|index| combination(&params, index)).collect())
        }
        (Search::Random, None) => {
            let (count, trials) = (combinations(&params)?, trials.unwrap_or(TRIALS));
            ensure!(
                trials <= count,
                "--trials {trials}: there are only {count} combinations; use --search grid to try them all"
            );
            let order = NumpyRandom::seed(seed).permutation(count);
            Ok(order.into_iter().take(trials).map(|index| combination(&params, index)).collect())
        }
        (Search::Random, Some(_)) => {
            let trials = trials.unwrap_or(TRIALS);
            ensure!(trials <= MOST, "--trials {trials}: expected {MOST} at most");
            let mut random = NumpyRandom::seed(seed);
            let mut draw =
                || params.iter().map(|param| (param.name.clone(), drawn(&param.domain, &mut random))).collect();
            Ok((0..trials).map(|_| draw()).collect())
        }
    }
}

fn combinations(params: &[&Param]) -> Result<usize> {
    let count = params.iter().try_fold(1_usize, |count, param| match &param.domain {
        Domain::Values(values) => count.checked_mul(values.len()).filter(|count| *count <= MOST),
        Domain::Range(_) => None,
    });
    let Some(count) = count else { bail!("--param: more than {MOST} combinations; use ranges and --search random") };
    Ok(count)
}

fn combination(params: &[&Param], index: usize) -> Settings {
    let mut rest = index;
    let mut settings: Settings = Vec::with_capacity(params.len());
    for param in params.iter().rev() {
        if let Domain::Values(values) = &param.domain {
            settings.push((param.name.clone(), values[rest % values.len()].clone()));
            rest /= values.len();
        }
    }
    settings.reverse();
    settings
}

fn drawn(domain: &Domain, random: &mut NumpyRandom) -> Value {
    let range = match domain {
        Domain::Values(values) => return values[random.below(values.len())].clone(),
        Domain::Range(range) => range,
    };
    let Range { low, high, log, whole } = *range;
    let value = match (log, whole) {
        (false, true) => low + random.below((high - low) as usize + 1) as f64,
        (false, false) => low + (high - low) * random.random(),
        (true, _) => (low.ln() + (high.ln() - low.ln()) * random.random()).exp().clamp(low, high),
    };
    if whole { Value::Integer(value.round() as i64) } else { Value::Float(value) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tune::space::{json, show};

    fn planned(search: Search, params: &[&str], trials: Option<usize>, seed: u32) -> Result<Vec<String>> {
        let params: Vec<Param> = params.iter().map(|text| Param::parse(text).unwrap()).collect();
        let trials = plan(search, &params, trials, seed)?;
        let line =
            |settings: &Settings| settings.iter().map(|(_, value)| show(&json(value))).collect::<Vec<_>>().join(" ");
        Ok(trials.iter().map(line).collect())
    }

    // [(p["hidden"], p["lr"]) for p in ParameterGrid({"lr": [0.1, 0.01], "hidden": ["8", "none"]})]
    #[test]
    fn the_grid_has_scikit_learns_order() {
        let found = planned(Search::Grid, &["lr=0.1,0.01", "hidden=8;none"], None, 0).unwrap();
        assert_eq!(found, ["8 0.1", "8 0.01", "none 0.1", "none 0.01"]);
    }

    // np.random.RandomState(4).permutation(6)[:4] is [4 5 3 0]
    #[test]
    fn random_combinations_do_not_repeat() {
        let found = planned(Search::Random, &["epochs=1,2,3", "lr=0.1,0.2"], Some(4), 4).unwrap();
        assert_eq!(found, ["3 0.1", "3 0.2", "2 0.2", "1 0.1"]);
    }

    // r = np.random.RandomState(1); [r.uniform(0, .5), r.randint(10, 101), np.exp(r.uniform(np.log(1e-4), np.log(1e-1))),
    // r.randint(3)], and the same a second time
    #[test]
    fn random_draws_are_numpys() {
        let params = ["dropout=0..0.5", "epochs=10..100", "lr=1e-4..1e-1:log", "optimizer=adam,adamw,sgd"]
            .map(|text| Param::parse(text).unwrap());
        let trials = plan(Search::Random, &params, Some(2), 1).unwrap();
        let float = |trial: usize, place: usize| trials[trial][place].1.as_float().unwrap();
        for (trial, (dropout, epochs, lr, optimizer)) in
            [(0.208511002351287, 22, 0.06275843108653699, 1), (0.15116628631591988, 89, 0.0005108188686258308, 1)]
                .into_iter()
                .enumerate()
        {
            assert_eq!(float(trial, 0), dropout);
            assert_eq!(trials[trial][1].1, Value::Integer(epochs));
            assert!((float(trial, 2) / lr - 1.0).abs() < 1e-14, "{}", float(trial, 2));
            assert_eq!(trials[trial][3].1, Value::String(["adam", "adamw", "sgd"][optimizer].into()));
        }
        assert_eq!(plan(Search::Random, &params, Some(5), 1).unwrap()[..2], trials[..]);
    }

    #[test]
    fn a_search_that_cannot_be_is_refused() {
        let refusal = |search, params: &[&str], trials| planned(search, params, trials, 0).unwrap_err().to_string();
        assert!(refusal(Search::Grid, &[], None).contains("nothing to search"));
        assert!(refusal(Search::Grid, &["lr=0.1..1"], None).contains("--search random"));
        assert!(refusal(Search::Grid, &["lr=0.1,1"], Some(2)).contains("every combination"));
        assert!(refusal(Search::Random, &["lr=0.1,1"], Some(3)).contains("only 2 combinations"));
    }
}
