//! `lockstep preprocess`.

use crate::common::Workdir;
use lockstep::data::source::{ReadOptions, Source, read_table};
use lockstep::data::store::Store;
use lockstep::data::table;
use lockstep::fit::divide::divide;
use lockstep::fit::prepare::{fit_preprocessing, prepare};
use lockstep::fit::settings::FitSettings;
use lockstep::torch::script::Module;
use polars::prelude::*;
use serde_json::json;
use tch::{Device, Tensor};

const TABLE: &str = "id,a,b,c,y,part\n\
    1,1.5,10,x,1.25,train\n2,,20,y,2.5,valid\n3,4.0,NA,x,3.75,train\n4,-2.5,30,,4.0,test\n\
    5,0.5,50,z,5.5,train\n6,3.0,40,z,6.0,valid\n7,NA,20,,7.5,train\n8,2.25,30,x,8.0,train\n";

const BY_COLUMN: [&str; 10] =
    ["preprocess", "t.csv", "--target", "y", "--id", "id", "--split-column", "part", "--unseen", "ignore"];

// t = pd.read_csv("t.csv"); train = t[t.part == "train"]
// n = make_pipeline(SimpleImputer(), StandardScaler())
// c = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(sparse_output=False, handle_unknown="ignore"))
// p = ColumnTransformer([("n", n, ["a", "b"]), ("c", c, ["c"])]).fit(train)
// p.transform(t[t.part == part]).astype(np.float32)
const TRAIN: [[f32; 4]; 5] = [
    [-0.491_575_8, -1.322_875_6, 1.0, 0.0],
    [1.693_205_6, 0.0, 1.0, 0.0],
    [-1.365_488_4, 1.700_840_1, 0.0, 1.0],
    [0.0, -0.566_946_7, 1.0, 0.0],
    [0.163_858_6, 0.188_982_23, 1.0, 0.0],
];
const VALID: [[f32; 4]; 2] = [[0.0, -0.566_946_7, 0.0, 0.0], [0.819_293, 0.944_911_2, 0.0, 1.0]];
const TEST: [[f32; 4]; 1] = [[-3.987_226, 0.188_982_23, 1.0, 0.0]];

fn with_table() -> Workdir {
    let dir = Workdir::new();
    dir.write("t.csv", TABLE);
    dir
}

/// The features of a written part row by row, and its target.
fn part(dir: &Workdir, file: &str) -> (Vec<Vec<f64>>, Vec<f64>) {
    let data = read_table(&dir.path().join(file)).unwrap();
    let numbers = |column: &Column| column.cast(&DataType::Float64).unwrap().f64().unwrap().to_vec_null_aware().left();
    let mut columns: Vec<Vec<f64>> = data.columns().iter().map(|column| numbers(column).unwrap()).collect();
    let target = columns.pop().unwrap();
    ((0..data.height()).map(|row| columns.iter().map(|column| column[row]).collect()).collect(), target)
}

fn near(found: &[Vec<f64>], expected: &[[f32; 4]]) -> bool {
    let near = |(a, b): (&f64, &f32)| (a - f64::from(*b)).abs() <= 2e-7 * f64::from(b.abs()).max(1.0);
    found.len() == expected.len() && found.iter().zip(expected).all(|(a, b)| a.len() == 4 && a.iter().zip(b).all(near))
}

#[test]
fn every_format_holds_the_numbers_of_scikit_learn() {
    for format in ["csv", "parquet", "ndjson", "ipc"] {
        let dir = with_table();
        dir.run(&[&BY_COLUMN[..], &["--to", format]].concat(), 0);
        let expected = [("train", &TRAIN[..], &[1.25, 3.75, 5.5, 7.5, 8.0][..]), ("valid", &VALID, &[2.5, 6.0])];
        for (name, features, target) in expected.into_iter().chain([("test", &TEST[..], &[4.0][..])]) {
            let (found, y) = part(&dir, &format!("runs/preprocess/{name}.{format}"));
            assert!(near(&found, features), "{name}.{format}: {found:?}");
            assert_eq!(y, target, "{name}.{format}");
        }
    }
}

#[test]
fn columns_are_named_and_what_was_met_is_counted() {
    let dir = with_table();
    let summary = dir.json(&BY_COLUMN, 0);
    let data = read_table(&dir.path().join("runs/preprocess/train.parquet")).unwrap();
    assert_eq!(table::names(&data), ["a", "b", "c=x", "c=z", "y"]);
    assert_eq!(data.dtypes()[..4], vec![DataType::Float32; 4]);
    assert_eq!(summary["features"], json!(["a", "b", "c=x", "c=z"]));
    assert_eq!(summary["rows"], json!({"train": 5, "valid": 2, "test": 1}));
    assert_eq!(summary["counts"]["train"]["imputed"], json!({"a": 1, "b": 1, "c": 1}));
    assert_eq!(summary["counts"]["valid"], json!({"imputed": {"a": 1}, "unseen": {"c": 1}, "dropped_rows": 0}));
    assert_eq!(summary["counts"]["test"]["imputed"], json!({"c": 1}));
}

#[test]
fn a_row_without_target_and_a_dropped_row_are_in_no_part() {
    let dir = Workdir::new();
    dir.write("t.csv", TABLE.replace("8.0,train", ",train"));
    let summary = dir.json(&[&BY_COLUMN[..], &["--column", "b:impute=drop"]].concat(), 0);
    assert_eq!((&summary["without_target"], &summary["rows"]["train"]), (&json!(1), &json!(3)));
    assert_eq!(summary["counts"]["train"]["dropped_rows"], 1);
    assert_eq!(part(&dir, "runs/preprocess/train.parquet").1, [1.25, 5.5, 7.5]);
}

#[test]
fn the_module_makes_the_same_features_of_raw_rows() {
    let dir = with_table();
    dir.run(&BY_COLUMN, 0);
    let module = Module::load(&dir.read("runs/preprocess/preprocess.pt"), Device::Cpu).unwrap();
    // Numbers, then the index of the category; 2 is one that the training rows do not have.
    let nan = f64::NAN;
    let raw = [1.5, 10.0, 0.0, 4.0, nan, 0.0, 0.5, 50.0, 1.0, nan, 20.0, nan, 2.25, 30.0, 0.0, nan, 20.0, 2.0];
    let x = module.call("forward", &Tensor::from_slice(&raw).view([6, 3])).unwrap();
    let x = Vec::<f32>::try_from(x.contiguous().view(-1)).unwrap();
    let rows: Vec<Vec<f64>> = x.chunks(4).map(|row| row.iter().map(|&value| value.into()).collect()).collect();
    assert!(near(&rows[..5], &TRAIN) && near(&rows[5..], &VALID[..1]), "{rows:?}");
}

/// 300 rows, more than one of each category in every part.
fn larger() -> String {
    let row = |row: usize| {
        let a = if row % 9 == 4 { "NA".into() } else { (row * 37 % 101).to_string() };
        format!("{a},{}.5,{},{}\n", row * 7 % 23, ["x", "y", "z"][row % 3], row as f64 / 4.0)
    };
    (0..300).fold("a,b,c,y\n".to_string(), |text, index| text + &row(index))
}

#[test]
fn the_parts_are_those_that_fit_trains_on() {
    let dir = Workdir::new();
    dir.write("t.csv", larger());
    for threads in ["1", "2"] {
        dir.run(&["preprocess", "t.csv", "--target", "y", "--seed", "5", "--threads", threads, "--to", "ipc"], 0);
        let mut sources = [Source::open(&dir.path().join("t.csv"), &ReadOptions::default()).unwrap()];
        let columns = sources[0].names();
        let store = Store::read(&mut sources, &columns).unwrap();
        let config = FitSettings { target: "y".into(), ..FitSettings::default() }.check().unwrap();
        let divided = divide(&store, &config, 5).unwrap();
        let rows = fit_preprocessing(&divided, &divided.parts, &config).unwrap().parts;
        let prepared = prepare(&divided, &divided.parts, &config, Device::Cpu).unwrap();
        let fitted = [Some(prepared.train), prepared.valid, prepared.test];
        for ((name, drawn), fitted) in ["train", "valid", "test"].into_iter().zip(rows).zip(fitted) {
            let (found, target) = part(&dir, &format!("runs/preprocess/{name}.ipc"));
            let x = Vec::<f32>::try_from(fitted.unwrap().x.dense().unwrap().contiguous().view(-1)).unwrap();
            let mut expected: Vec<(u32, &[f32])> = drawn.rows.iter().copied().zip(x.chunks(5)).collect();
            expected.sort_by_key(|(row, _)| *row);
            let found: Vec<Vec<f32>> =
                found.iter().map(|row| row.iter().map(|value| *value as f32).collect()).collect();
            assert_eq!(found, expected.iter().map(|(_, x)| x.to_vec()).collect::<Vec<_>>(), "{name}");
            assert_eq!(target, expected.iter().map(|(row, _)| f64::from(*row) / 4.0).collect::<Vec<_>>(), "{name}");
        }
    }
}

#[test]
fn what_cannot_be_preprocessed_is_refused_and_leaves_nothing() {
    let dir = with_table();
    dir.refuses(&["preprocess", "t.csv", "--target", "z"], &["t.csv", "--target", "no column z"]);
    dir.refuses(&["preprocess", "t.csv"], &["--target"]);
    dir.refuses(&["preprocess", "t.csv", "--target", "y", "--to", "xlsx"], &["xlsx", "parquet"]);
    let unseen: Vec<&str> = BY_COLUMN.into_iter().map(|word| if word == "ignore" { "error" } else { word }).collect();
    dir.refuses(&unseen, &["t.csv: row 2, column c", "\"y\"", "--unseen"]);
    dir.write("u.csv", "a,c,c=x\n1,x,2\n2,x,3\n3,y,4\n4,y,5\n5,x,6\n6,y,7\n");
    let clash = ["preprocess", "u.csv", "--target", "c=x", "--task", "regression", "--unseen", "ignore"];
    dir.refuses(&clash, &["u.csv: a feature would be named c=x like the target"]);
    dir.write("v.csv", "a,y\n1,\n2,\n");
    dir.refuses(&["preprocess", "v.csv", "--target", "y"], &["v.csv", "the target y is missing in every row"]);
}
