//! `lockstep script`: plain PyTorch programs beside the fits that they are of. The Python of the tests runs them, torch imported
//! once for all; without one that has torch this says that it was skipped.

use crate::common::{Workdir, python_with_torch};
use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Output};

/// A table with everything that a fit can take: numbers, whole numbers and categories with gaps, truth values, dates, times with an
/// offset, groups, weights, parts, and three targets.
fn table(rows: u32, seed: u32) -> String {
    let mut text = String::from("a,b,k,c,t,d,when,g,w,part,y,class,yes\n");
    let mut state = u64::from(seed);
    let mut next = |below: u32| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u32 % below
    };
    for row in 0..rows {
        let (a, b, k, c) = (f64::from(next(20_000)) / 997.0 - 7.0, next(1_000), next(15) as i64 - 5, next(4));
        let score = a + f64::from(b) / 200.0 + k as f64 / 3.0 + f64::from(c == 1) * 4.0 + f64::from(next(100)) / 50.0;
        let gap = |cell: String, every: u32| if row % every == 3 { String::new() } else { cell };
        let (a, k, c) =
            (gap(a.to_string(), 11), gap(k.to_string(), 17), ["red", "green", "\"blue, dark\"", "NA"][c as usize]);
        let date = gap(format!("20{:02}-{:02}-{:02}", 10 + next(15), 1 + next(12), 1 + next(28)), 13);
        let time = format!("2024-{:02}-{:02}T{:02}:{:02}:30+02:00", 1 + next(12), 1 + next(28), next(24), next(60));
        let class = ["low", "mid", "high"][usize::from(score > 7.0) + usize::from(score > 12.0)];
        let (truth, group, weight) = (["true", "false"][next(2) as usize], next(30), f64::from(1 + next(40)) / 8.0);
        let part = ["train", "train", "train", "valid", "test"][row as usize % 5];
        let yes = u8::from(score > 9.0);
        writeln!(text, "{a},{b},{k},{c},{truth},{date},{time},g{group},{weight},{part},{score:.3},{class},{yes}")
            .unwrap();
    }
    text
}

/// Settings of fits, by their names. `--target` comes with what else is to be left out of the features.
const CASES: [(&str, &str); 12] = [
    ("number", "--target y --drop class,yes,g,w,part"),
    (
        "loader",
        "--target class --drop y,yes,g,w,part --order dataloader --drop-last --valid-batch-size 16 --norm batch --dropout 0.2",
    ),
    (
        "several batches",
        "--target class --drop y,yes,g,w,part --accumulate 3 --clip-grad 0.5 --l1 0.01 --norm layer --activation gelu --order sequential",
    ),
    (
        "average",
        "--target class --drop y,yes,g,w,part --ema 0.8 --early-stop 2 --epochs 60 --lr 0.05 --optimizer adamw --stratify",
    ),
    (
        "binary",
        "--target yes --drop y,class,g,w,part --loss bce --class-weight balanced --order dataloader:sampler=balanced,generator=4",
    ),
    (
        "momentum",
        "--target y --drop class,yes,g,w,part --schedule one-cycle --optimizer sgd --momentum 0.9 --nesterov --weight-decay 1e-3",
    ),
    (
        "plateau",
        "--target y --drop class,yes,g,w,part --schedule plateau:patience=0 --warmup 2 --epochs 12 --lr 0.03 --loss huber:delta=0.5 --impute median --scale robust --target-scale none",
    ),
    (
        "columns",
        "--target class --drop y,yes,g,w,part --impute most-frequent --scale minmax --indicator --encode label --unseen other --column a:impute=constant=3 --column k:impute=drop --date-parts year,dayofyear,minute,timestamp --batch-size full",
    ),
    (
        "groups",
        "--target class --drop y,yes,w,part --group g --schedule step:step_size=2,gamma=0.5 --warmup 1 --categorical k",
    ),
    ("weights", "--target class --drop y,yes,g --split-column part --sample-weight w --valid-batch-size full"),
    ("times", "--target y --drop class,yes,g,w,part --split-time when --schedule cosine --scale none --hidden none"),
    (
        "own tables",
        "--target class --drop y,yes,g,w,part --split 1,0,0 --valid valid.csv --order dataloader --init-from number-like/model.safetensors",
    ),
];

fn with_tables() -> Workdir {
    let dir = Workdir::new();
    dir.write("t.csv", table(203, 1));
    dir.write("valid.csv", table(70, 2));
    dir
}

/// `fit` on one thread, without what takes time beside the training.
fn fit(dir: &Workdir, flags: &str, out: &str) {
    let usual = format!("fit t.csv --threads 1 --device cpu --quiet --importance none --seed 3 {flags}");
    let epochs = if flags.contains("--epochs") { "" } else { "--epochs 4" };
    let arguments: Vec<&str> = usual.split(' ').chain(epochs.split_whitespace()).chain(["--out", out]).collect();
    dir.run(&arguments, 0);
}

fn check(dir: &Workdir, python: &Path, script: &str, run: &str) -> Output {
    Command::new(python).args([script, "--check", run]).current_dir(dir.path()).output().unwrap()
}

/// Runs every `SCRIPT RUN` of its arguments in one process.
const ALL: &str = "import runpy, sys
pairs = sys.argv[1:]
for script, run in zip(pairs[::2], pairs[1::2]):
    sys.argv = [script, '--check', run]
    try:
        runpy.run_path(script, run_name='__main__')
    except BaseException as error:
        print(script, repr(error), file=sys.stderr)
";

#[test]
fn every_script_comes_to_the_bits_of_its_fit() {
    let Some(python) = python_with_torch() else { return };
    let dir = with_tables();
    fit(&dir, "--target class --drop y,yes,g,w,part --epochs 1", "number-like");
    let mut pairs = Vec::new();
    for (name, flags) in CASES {
        let (run, script) = (format!("runs/{name}"), format!("{name}.py"));
        fit(&dir, flags, &run);
        dir.run(&["script", &run, "-o", &script], 0);
        pairs.extend([script, run]);
    }
    let output = Command::new(python).args(["-c", ALL]).args(pairs).current_dir(dir.path()).output().unwrap();
    let (said, failed) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let equal = said.lines().filter(|line| line.starts_with("the bits of ")).count();
    assert_eq!(equal, CASES.len(), "{failed}");
}

#[test]
fn a_script_ends_with_1_and_says_what_differs_first() {
    let Some(python) = python_with_torch() else { return };
    let dir = with_tables();
    fit(&dir, CASES[0].1, "run");
    dir.run(&["script", "run", "-o", "train.py"], 0);
    let mut weights = dir.read("run/model.safetensors");
    let last = weights.len() - 4;
    weights[last] ^= 1;
    dir.write("run/model.safetensors", weights);
    let output = check(&dir, &python, "train.py", "run");
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), said.lines().count()), (Some(1), 1), "{said}");
    assert!(said.starts_with("not the bits of run: layers."), "{said}");
    let history = String::from_utf8(dir.read("run/history.csv")).unwrap();
    dir.write("run/history.csv", history.replacen("\n1,0.", "\n1,0.0", 1).replacen("\n1,1.", "\n1,1.0", 1));
    let output = check(&dir, &python, "train.py", "run");
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.starts_with("not the bits of run: epoch 1: loss is "), "{said}");
}

#[test]
fn a_plain_fit_is_a_short_script_without_what_is_not_asked_for() {
    let dir = Workdir::new();
    dir.write(
        "t.csv",
        (0..40).map(|row| format!("{row},{}\n", row * row % 7)).fold("a,y\n".into(), |all: String, row| all + &row),
    );
    let settings = "target = 'y'\ntask = 'regression'\nsplit = [0.8, 0.0, 0.2]\n";
    dir.write("s.toml", settings);
    let script = dir.run(&["script", "--config", "s.toml", "--data", "t.csv", "--seed", "7", "--threads", "2"], 0);
    let script = String::from_utf8(script.stdout).unwrap();
    assert!(script.contains("\nSEED = 7\nTHREADS = 2\nEPOCHS = 100\nBATCH_SIZE = 32\nLR = 0.001\n"), "{script}");
    assert!(script.contains("optimizer = torch.optim.Adam(net.parameters(), lr=LR)\n"));
    for word in
        ["MISSING", "valid_loss", "scheduler", "import copy", "DataLoader", "polars", "sklearn", "ema", "minmax"]
    {
        assert!(!script.contains(word), "{word}: {script}");
    }
    assert!(script.lines().count() < 180 && script.lines().all(|line| line.len() <= 120), "{script}");
    // The same settings, trained: the same script but for the run that it names.
    dir.run(&["fit", "t.csv", "--config", "s.toml", "--seed", "7", "--threads", "2", "--device", "cpu", "--quiet"], 0);
    let of_run = String::from_utf8(dir.run(&["script", "runs/fit"], 0).stdout).unwrap();
    let own =
        |text: &str| text.lines().filter(|line| !line.starts_with("The run in ")).map(String::from).collect::<Vec<_>>();
    assert_eq!(own(&of_run), own(&script));
}

#[test]
fn the_recorder_is_written_out() {
    let dir = Workdir::new();
    dir.run(&["script", "--recorder", "-o", "record.py"], 0);
    assert_eq!(dir.read("record.py"), std::fs::read("scripts/record.py").unwrap());
}

#[test]
fn what_no_script_can_say_is_refused_with_its_flag() {
    let dir = Workdir::new();
    let rows = |delimiter: &str| {
        let row = |row: i64| format!("{row}{delimiter}{}.5{delimiter}2024-01-{:02}\n", row * row % 7, row % 28 + 1);
        (0..40).map(row).fold(format!("a{delimiter}y{delimiter}d\n"), |all, row| all + &row)
    };
    dir.write("t.csv", rows(","));
    dir.write("semicolons.csv", rows(";"));
    let script = ["script", "--config", "s.toml", "--data"];
    for (settings, data, words) in [
        ("engine = 'fused'", "t.csv", ["--engine fused: its bits are its own", "--engine exact"]),
        ("date_format = ['%d/%m/%Y']", "t.csv", ["--date-format: ", "ISO 8601"]),
        ("comment = '#'", "t.csv", ["--comment: ", "take these lines out"]),
        ("escape = '\\'", "t.csv", ["--escape: ", "doubled"]),
        ("thousands = ' '", "t.csv", ["--thousands: ", "1234.5"]),
        ("encoding = 'shift_jis'", "t.csv", ["--encoding shift_jis: ", "iconv"]),
        ("categorical = ['a']\ntask = 'classification'", "t.csv", ["--task classification: ", "fractions"]),
        ("valid = 'semicolons.csv'", "t.csv", ["semicolons.csv: is written in another way", "alike"]),
        ("", "t*.csv", ["t*.csv: a script reads its table from one file", "--data FILE"]),
        ("", "absent.csv", ["absent.csv: ", "--data FILE"]),
    ] {
        dir.write("s.toml", format!("target = 'y'\n{settings}\n"));
        dir.refuses(&[&script[..], &[data]].concat(), &words);
    }
    dir.refuses(&["script", "nowhere"], &["nowhere/summary.json: cannot read", "the folder of a run of fit"]);
    dir.refuses(&["script"], &["required"]);
    dir.run(&["run", "exhaustive", "--quiet"], 0);
    dir.refuses(&["script", "runs/exhaustive"], &["a run of exhaustive", "a run of fit"]);
    dir.run(&["fit", "t.csv", "--target", "y", "--epochs", "1", "--device", "cpu", "--quiet"], 0);
    dir.write("t.csv", rows(",").replace("2024", "2023"));
    dir.refuses(&["script", "runs/fit"], &["t.csv: is not the table of the run any more", "--data FILE"]);
}
