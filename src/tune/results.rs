//! `trials.csv` and `trials.parquet`: one row a trial.

use super::metric::Metric;
use super::space::show;
use super::trial::Trial;
use anyhow::Result;
use polars::prelude::*;
use serde_json::Value;

/// `trial`, `rank` (1 is best, the first of equals first), `param_NAME` each, `mean` and `std` of the metric that decides,
/// `NAME` and `NAME_std` of every metric, `seconds`, `status`, `reason`. What a failed trial lacks is null.
pub fn table(trials: &[Trial], metric: &Metric, names: &[&str]) -> Result<DataFrame> {
    let rank = ranks(trials, metric);
    let mut columns = vec![
        Column::new("trial".into(), trials.iter().map(|trial| trial.trial as i64).collect::<Vec<_>>()),
        Column::new("rank".into(), rank),
    ];
    for name in trials.first().into_iter().flat_map(|trial| trial.params.keys()) {
        let values: Vec<&Value> = trials.iter().map(|trial| trial.params.get(name).unwrap_or(&Value::Null)).collect();
        columns.push(param(&format!("param_{name}"), &values));
    }
    let score = |of: fn(&crate::evaluate::Spread) -> f64| -> Vec<Option<f64>> {
        trials.iter().map(|trial| trial.score.as_ref().map(of)).collect()
    };
    columns.push(Column::new("mean".into(), score(|score| score.mean)));
    columns.push(Column::new("std".into(), score(|score| score.std)));
    for name in names {
        for (title, key) in [(name.to_string(), "mean"), (format!("{name}_std"), "std")] {
            let value = |trial: &Trial| trial.metrics.get(*name).and_then(|spread| spread[key].as_f64());
            columns.push(Column::new(title.into(), trials.iter().map(value).collect::<Vec<_>>()));
        }
    }
    columns.push(Column::new("seconds".into(), trials.iter().map(|trial| trial.seconds).collect::<Vec<_>>()));
    columns.push(Column::new("status".into(), trials.iter().map(|t| t.status.to_string()).collect::<Vec<_>>()));
    columns.push(Column::new("reason".into(), trials.iter().map(|t| t.reason.clone()).collect::<Vec<_>>()));
    Ok(DataFrame::new(trials.len(), columns)?)
}

/// The place of each trial, from 1; none of a failed one.
fn ranks(trials: &[Trial], metric: &Metric) -> Vec<Option<i64>> {
    let mut ranks = vec![None; trials.len()];
    ordered(trials, metric).into_iter().enumerate().for_each(|(rank, index)| ranks[index] = Some(rank as i64 + 1));
    ranks
}

/// The indices of the trials that have a score, best first, equals in their order.
pub fn ordered(trials: &[Trial], metric: &Metric) -> Vec<usize> {
    let mean = |index: &usize| trials[*index].score.map_or(f64::NAN, |score| score.mean);
    let mut order: Vec<usize> = (0..trials.len()).filter(|&index| trials[index].score.is_some()).collect();
    order.sort_by(
        |a, b| if metric.higher_is_better { mean(b).total_cmp(&mean(a)) } else { mean(a).total_cmp(&mean(b)) },
    );
    order
}

/// Numbers where all values are, else text as it is written after `--param NAME=`.
fn param(name: &str, values: &[&Value]) -> Column {
    if let Some(whole) = values.iter().map(|value| value.as_i64()).collect::<Option<Vec<i64>>>() {
        return Column::new(name.into(), whole);
    }
    if let Some(numbers) = values.iter().map(|value| value.as_f64()).collect::<Option<Vec<f64>>>() {
        return Column::new(name.into(), numbers);
    }
    Column::new(name.into(), values.iter().map(|value| show(value)).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::Spread;
    use crate::tune::trial::{Status, best};
    use serde_json::{Map, json};

    fn trial(number: usize, hidden: Value, mean: Option<f64>) -> Trial {
        let params = Map::from_iter([("hidden".into(), hidden), ("lr".into(), json!(0.5))]);
        let status = if mean.is_some() { Status::Done } else { Status::Failed };
        let score = mean.map(|mean| Spread { mean, std: 0.25 });
        let metrics =
            mean.map_or_else(Map::new, |mean| Map::from_iter([("mae".into(), json!({"mean": mean, "std": 0.25}))]));
        let reason = mean.is_none().then(|| "diverged".into());
        Trial { trial: number, params, status, score, metrics, scores: vec![], seconds: 1.5, reason }
    }

    #[test]
    fn a_row_has_everything_of_its_trial() {
        let trials = [trial(1, json!([64, 32]), Some(2.0)), trial(2, json!([]), None), trial(3, json!([8]), Some(2.0))];
        let mae = Metric::choose(Some("mae"), false).unwrap();
        let mut table = table(&trials, &mae, &["mae", "r2"]).unwrap();
        let mut bytes = Vec::new();
        crate::data::table::write(&mut table, crate::data::table::Format::Csv, &mut bytes).unwrap();
        assert_eq!(
            String::from_utf8(bytes).unwrap(),
            "trial,rank,param_hidden,param_lr,mean,std,mae,mae_std,r2,r2_std,seconds,status,reason\n\
             1,1,\"64,32\",0.5,2.0,0.25,2.0,0.25,,,1.5,done,\n2,,none,0.5,,,,,,,1.5,failed,diverged\n\
             3,2,8,0.5,2.0,0.25,2.0,0.25,,,1.5,done,\n"
        );
        assert_eq!(best(&trials, &mae).unwrap().trial, 1, "the first of equals");
    }

    #[test]
    fn the_best_is_the_highest_or_the_lowest_as_the_metric_has_it() {
        let trials =
            [trial(1, json!([1]), Some(2.0)), trial(2, json!([2]), Some(3.0)), trial(3, json!([3]), Some(1.0))];
        let metric = |name| Metric::choose(Some(name), false).unwrap();
        assert_eq!(best(&trials, &metric("r2")).unwrap().trial, 2);
        assert_eq!(best(&trials, &metric("mae")).unwrap().trial, 3);
        assert_eq!(ordered(&trials, &metric("mae")), [2, 0, 1]);
        assert!(best(&[], &metric("r2")).is_none());
    }
}
