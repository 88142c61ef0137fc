//! Thousands of categories in a column: they are data in the model file, and Python finds every one under its code.

use crate::common::{Workdir, python_with_torch};
use std::fmt::Write;
use std::io::Read;
use std::process::Command;

const QUICK: [&str; 7] = ["--epochs", "1", "--device", "cpu", "--threads", "1", "--quiet"];

/// How many texts there are, each in two rows.
const MANY: usize = 4_000;

/// A text that is hard to write in code for some rows, in a CSV's quotes.
fn text(number: usize) -> String {
    match number % 4 {
        0 => format!("\"say \"\"{number}\"\"\""),
        1 => format!("C:\\\\{number}\\n"),
        2 => format!("Ærø {number}"),
        _ => format!("user-{number:06}"),
    }
}

/// `user`, a number `a`, a whole number `k` with gaps, a class `y`, and a value `z`.
fn table() -> String {
    let mut text_of = String::from("user,a,k,y,z\n");
    for row in 0..2 * MANY {
        let number = row * 7 % MANY;
        let k = if row % 9 == 0 { String::new() } else { (row % 5).to_string() };
        writeln!(text_of, "{},{},{k},class {},{}.5", text(number), row % 13, number % 3, number % 101).unwrap();
    }
    text_of
}

/// The code in a model file, all of it.
fn code(model: &[u8]) -> String {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(model)).unwrap();
    let mut all = String::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).unwrap();
        if entry.name().unwrap().ends_with(".py") {
            entry.read_to_string(&mut all).unwrap();
        }
    }
    all
}

/// Answers of the model file in Python, from the cells alone: the codes are the places among the sorted texts.
const CHECK: &str = r#"
import csv, math, sys, warnings
import torch
warnings.filterwarnings("ignore")
model = torch.jit.load(sys.argv[1])
rows = list(csv.DictReader(open("t.csv", newline="", encoding="utf-8")))
names = [sorted({row["user"] for row in rows}), sorted({row["k"] for row in rows} - {""})]
codes = model.codes([[row["user"], row["k"]] for row in rows]).tolist()
for (user, k), row in zip(codes, rows):
    assert names[0][int(user)] == row["user"], row
    assert math.isnan(k) if row["k"] == "" else names[1][int(k)] == row["k"], (k, row)
# As pandas writes whole numbers of a column with gaps.
assert model.codes([[rows[0]["user"], "3.0"]])[0, 1] == 3
assert model.codes([["never seen", "never seen"]]).tolist() == [[len(names[0]), len(names[1])]]
x = torch.tensor([[float(row["a"])] for row in rows], dtype=torch.float64)
answers = model.predict_table(x, [[row["user"], row["k"]] for row in rows])
for answer, row in zip(answers if isinstance(answers, list) else answers.tolist(), csv.DictReader(open(sys.argv[2]))):
    assert (answer == row["prediction"] if isinstance(answer, str) else answer == float(row["prediction"])), (answer, row)
frozen = torch.jit.freeze(model, preserved_attrs=["codes"])
assert frozen.codes([[rows[5]["user"], rows[5]["k"]]]).tolist() == [codes[5]]
torch.jit.save(model, "again.pt")
assert torch.jit.load("again.pt").codes([[rows[5]["user"], rows[5]["k"]]]).tolist() == [codes[5]]
"#;

#[test]
fn thousands_of_categories_are_data_of_the_model_and_no_code() {
    let dir = Workdir::new();
    dir.write("t.csv", table());
    let common = ["fit", "t.csv", "--encode", "label", "--unseen", "other", "--categorical", "k", "--split", "1,0,0"];
    for (name, flags) in [("class", ["--target", "y", "--drop", "z"]), ("value", ["--target", "z", "--drop", "y"])] {
        dir.run(&[&common[..], &QUICK, &flags, &["--out", name]].concat(), 0);
        let model = format!("{name}/model.pt");
        let code = code(&dir.read(&model));
        assert!(code.contains("self.categories") && code.len() < 8_000, "{} bytes of code", code.len());
        assert!(!code.contains("user-") && !code.contains("class 1"), "{code}");
        dir.run(&["verify", &model, "--device", "cpu", "--quiet"], 0);
        assert_eq!(dir.json(&["inspect", &model], 0)["format"], 2);
        dir.run(&["predict", &model, "t.csv", "--device", "cpu", "-o", "p.csv", "--quiet"], 0);
        let Some(python) = python_with_torch() else { continue };
        let ran = Command::new(python).args(["-c", CHECK, &model, "p.csv"]).current_dir(dir.path()).output().unwrap();
        assert!(ran.status.success(), "{name}: {}", String::from_utf8_lossy(&ran.stderr));
    }
}
