use super::*;
use crate::data::schema::Role;
use polars::prelude::*;

fn profile(batches: &[DataFrame], target: Option<&str>) -> TableProfile {
    let mut profile = Profile::new(target, "t");
    batches.iter().for_each(|batch| profile.see(batch).unwrap());
    profile.finish(&[], &[])
}

fn number(profile: &TableProfile, kind: NoteKind, column: &str) -> Option<f64> {
    let found = profile.notes.iter().find(|note| note.kind == kind && note.columns.iter().any(|name| name == column));
    found.map(|note| note.number)
}

fn near(found: Option<f64>, expected: f64) {
    assert!(found.is_some_and(|found| (found / expected - 1.0).abs() < 1e-12), "{found:?} {expected}");
}

// x = pd.Series([(i * 37 % 101) ** 1.5 for i in range(1000)]); x[::7] = np.nan
// x.isna().sum() 143, x.nunique() 101, x.min() 0.0, x.max() 1000.0, x.mean(), x.std(), x.skew(), x.quantile([.25, .5, .75])
fn numbers() -> DataFrame {
    let x: Vec<Option<f64>> =
        (0..1000).map(|i| if i % 7 == 0 { None } else { Some(f64::from(i * 37 % 101).powf(1.5)) }).collect();
    df!("x" => x).unwrap()
}

#[test]
fn numbers_are_described_as_pandas_describes_them_wherever_the_batches_end() {
    let table = numbers();
    for size in [1000, 333, 1] {
        let batches: Vec<DataFrame> = (0..1000).step_by(size).map(|at| table.slice(at as i64, size)).collect();
        let profile = profile(&batches, None);
        let x = &profile.columns[0];
        assert_eq!((profile.rows, x.missing, x.distinct, x.distinct_exact), (1000, 143, 101, true));
        assert_eq!((x.min.as_ref().unwrap(), x.max.as_ref().unwrap()), (&0.0.into(), &1000.0.into()));
        near(x.mean, 402.18057622435293);
        near(x.std, 303.33229323189323);
        near(x.skew, 0.365743529632174);
        let quartiles = x.quartiles.unwrap();
        for (found, expected) in quartiles.into_iter().zip([125.0, 353.5533905932738, 649.519052838329]) {
            near(Some(found), expected);
        }
        // df.duplicated().sum()
        assert_eq!((profile.duplicate_rows, profile.duplicate_rows_exact), (898, true));
    }
}

#[test]
fn texts_truth_values_and_times_are_told_apart() {
    let dates = ["2024-02-29", "2023-01-01", "2024-02-29"];
    let table = df!(
        "text" => ["b", "a", "b"],
        "flag" => [Some(true), None, Some(false)],
        "day" => dates,
        "time" => ["2024-02-29T12:30", "2023-01-01 00:00:01", "2022-12-31"],
        "almost" => ["2024-02-29", "2023-02-29", "2024-01-01"],
        "none" => [None::<&str>, None, None],
        "whole" => [3_i64, -7, i64::MAX],
    );
    let mut table = table.unwrap();
    // (np.array([19782, 19358, 19782], "datetime64[D]"))
    let typed = Series::new("typed".into(), [19782_i32, 19358, 19782]).cast(&DataType::Date).unwrap();
    table.with_column(typed.into_column()).unwrap();
    let profile = profile(&[table], None);
    let column = |name: &str| profile.columns.iter().find(|column| column.name == name).unwrap();
    assert_eq!(column("text").most_frequent, [("b".into(), 2), ("a".into(), 1)]);
    let kinds = ["text", "flag", "day", "time", "almost", "none", "whole"].map(|name| column(name).kind);
    assert_eq!(kinds, [Kind::Text, Kind::Bool, Kind::Date, Kind::Datetime, Kind::Text, Kind::Text, Kind::Integer]);
    let ends = |name: &str| (column(name).min.clone().unwrap(), column(name).max.clone().unwrap());
    assert_eq!(ends("day"), ("2023-01-01".into(), "2024-02-29".into()));
    assert_eq!((column("typed").kind, ends("typed")), (Kind::Date, ends("day")));
    assert_eq!(ends("time"), ("2022-12-31T00:00:00".into(), "2024-02-29T12:30:00".into()));
    assert_eq!(ends("whole"), ((-7).into(), i64::MAX.into()));
    assert_eq!(number(&profile, NoteKind::AllMissing, "none"), Some(3.0));
}

#[test]
fn what_gives_the_target_away_is_found() {
    let rows = 0..60_i64;
    let class = |i: i64| ["no", "yes", "maybe"][(i % 3) as usize];
    let table = df!(
        "class" => rows.clone().map(class).collect::<Vec<_>>(),
        "copy" => rows.clone().map(class).collect::<Vec<_>>(),
        "code" => rows.clone().map(|i| i % 3 * 10).collect::<Vec<_>>(),
        "finer" => rows.clone().map(|i| i % 6).collect::<Vec<_>>(),
        "other" => rows.clone().map(|i| i % 4).collect::<Vec<_>>(),
        "row" => rows.clone().collect::<Vec<_>>(),
        "nearly" => rows.map(|i| if i == 5 { "no" } else { class(i) }).collect::<Vec<_>>(),
    )
    .unwrap();
    let profile = profile(&[table.slice(0, 31), table.slice(31, 29)], Some("class"));
    assert_eq!(number(&profile, NoteKind::EqualsTarget, "copy"), Some(60.0));
    assert_eq!(number(&profile, NoteKind::DeterminesTarget, "code"), Some(3.0));
    assert_eq!(number(&profile, NoteKind::DeterminesTarget, "finer"), Some(6.0));
    for innocent in ["other", "row", "nearly"] {
        assert_eq!(number(&profile, NoteKind::DeterminesTarget, innocent), None, "{innocent}");
        assert_eq!(number(&profile, NoteKind::EqualsTarget, innocent), None, "{innocent}");
    }
    assert_eq!(number(&profile, NoteKind::Id, "row"), Some(60.0));
    assert_eq!(profile.columns[0].role, Role::Target);
    assert_eq!(profile.columns[5].role, Role::Id);
}

#[test]
fn a_price_in_another_currency_follows_the_price() {
    let price: Vec<f64> = (0..200).map(|i| f64::from(i * 7919 % 1000)).collect();
    let other: Vec<f64> = price.iter().map(|price| price * 1.08 + 3.0).collect();
    let half: Vec<f64> = price.iter().enumerate().map(|(i, price)| price + 50.0 * (i % 5) as f64).collect();
    let profile = profile(&[df!("price" => price, "dollars" => other, "half" => half).unwrap()], Some("price"));
    assert!(number(&profile, NoteKind::FollowsTarget, "dollars").is_some_and(|r| (r - 1.0).abs() < 1e-9));
    assert_eq!(number(&profile, NoteKind::FollowsTarget, "half"), None);
}

#[test]
fn batches_must_have_the_same_columns_and_the_target() {
    let mut profile = Profile::new(Some("b"), "t.csv");
    let error = profile.see(&df!("a" => [1]).unwrap()).unwrap_err().to_string();
    assert!(error.starts_with("t.csv: --target: no column b (there are a)"), "{error}");
    let mut profile = Profile::new(None, "t.csv");
    profile.see(&df!("a" => [1]).unwrap()).unwrap();
    assert!(profile.see(&df!("b" => [1]).unwrap()).unwrap_err().to_string().contains("its columns change to b"));
}

#[test]
fn numbers_that_are_written_as_text_are_pinned_as_numbers() {
    let profile = profile(&[df!("price" => ["1,200.5", "900", "n/a"], "word" => ["a", "b", "b"]).unwrap()], None);
    assert_eq!(profile.columns[0].kind, Kind::Text);
    assert_eq!(number(&profile, NoteKind::NumbersAsText, "price"), Some(2.0));
    let kinds: Vec<Kind> = profile.schema().columns.iter().map(|column| column.kind).collect();
    assert_eq!(kinds, [Kind::Number, Kind::Text]);
}

// w = pl.Series([None if i % 10 == 0 else f"w{i * i % 97}" for i in range(5000)])
// w.null_count(), w.drop_nulls().n_unique(), w.drop_nulls().value_counts(sort=True)
#[test]
fn texts_that_repeat_are_counted_as_polars_counts_them_wherever_the_batches_end() {
    let words: Vec<_> = (0..5000).map(|i| (i % 10 > 0).then(|| format!("w{}", i * i % 97))).collect();
    let table = df!("w" => words).unwrap();
    for size in [5000, 777, 1] {
        let batches: Vec<DataFrame> = (0..5000).step_by(size).map(|at| table.slice(at as i64, size)).collect();
        let profile = profile(&batches, None);
        let w = &profile.columns[0];
        assert_eq!((w.missing, w.distinct, w.most_frequent_error), (500, 49, 0));
        let first = [("w73".into(), 94), ("w79".into(), 94), ("w85".into(), 94)];
        assert_eq!(w.most_frequent[..3], first);
    }
}

/// Texts and numbers of more different values than are counted, whole numbers, dates, missing cells; in one batch and in many.
#[test]
fn a_profile_is_the_same_on_one_thread_and_on_several() {
    let rows = 0..70_000_i64;
    let table = df!(
        "number" => rows.clone().map(|i| (i % 3 > 0).then_some((i * 7919 % 100_003) as f64 / 7.0)).collect::<Vec<_>>(),
        "text" => rows.clone().map(|i| format!("t{}", i * 7919 % 100_003)).collect::<Vec<_>>(),
        "few" => rows.clone().map(|i| if i % 7 == 0 { "" } else { "a" }).collect::<Vec<_>>(),
        "whole" => rows.clone().map(|i| i % 1000).collect::<Vec<_>>(),
        "day" => rows.map(|i| format!("2024-01-{:02}", i % 28 + 1)).collect::<Vec<_>>(),
    );
    let table = table.unwrap();
    let batches: Vec<DataFrame> = (0..7).map(|at| table.slice(at * 10_000, 10_000)).collect();
    for target in [None, Some("whole"), Some("few")] {
        let on = |threads| {
            threads::set(threads);
            serde_json::to_value(profile(&batches, target)).unwrap()
        };
        let (one, several) = (on(1), on(3));
        threads::set(0);
        assert_eq!(one, several);
        assert_eq!((&one["columns"][1]["distinct_exact"], &one["rows"]), (&false.into(), &70_000.into()));
    }
}
