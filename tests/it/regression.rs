//! Faults that lockstep had, each by what a user saw of it; the comment is its cause.

use crate::common::Workdir;

fn fit(dir: &Workdir, more: &[&str]) -> serde_json::Value {
    let quick = ["--target", "y", "--epochs", "2", "--device", "cpu", "--threads", "1"];
    dir.json(&[&["fit", "t.csv"], &quick[..], more].concat(), 0)
}

// A target's numbers were classes by their column's type alone, an integer; scikit-learn's type_of_target takes 0.0 and 1.0 for
// classes too.
#[test]
fn whole_numbers_written_with_a_point_are_classes_too() {
    let dir = Workdir::new();
    let rows: Vec<String> = (0..40).map(|row| format!("{row},{}.0", row % 2)).collect();
    dir.write("t.csv", format!("a,y\n{}\n", rows.join("\n")));
    assert_eq!(fit(&dir, &[])["task"], "classification");
}

// polars takes a number with blanks around it for text, and so did fit: each of the column's numbers was a category.
#[test]
fn blanks_around_numbers_do_not_make_them_text() {
    let dir = Workdir::new();
    let rows: Vec<String> = (0..40).map(|row| format!("{row}, {} ,{}", row * row % 17, row % 5)).collect();
    dir.write("t.csv", format!("a,b,y\n{}\n", rows.join("\n")));
    fit(&dir, &["--task", "regression"]);
    let report = dir.json(&["inspect", "runs/fit/model.pt"], 0);
    assert_eq!(report["table"]["inputs"]["numbers"].as_array().map(Vec::len), Some(2), "{report}");
}

// An error for an unknown name listed every column there is.
#[test]
fn a_table_with_a_thousand_columns_does_not_fill_the_screen_with_its_names() {
    let dir = Workdir::new();
    let names: Vec<String> = (0..1000).map(|column| format!("c{column}")).collect();
    dir.write("t.csv", format!("{}\n{}\n", names.join(","), vec!["1"; 1000].join(",")));
    let stderr = dir.run(&["fit", "t.csv", "--target", "c1001", "--device", "cpu"], 2).stderr;
    assert!(stderr.len() < 300, "{}", String::from_utf8_lossy(&stderr));
}

// A gap in the target was a class of its own to evaluate, where fit leaves the row out.
#[test]
fn evaluate_leaves_out_rows_without_a_target_as_fit_does() {
    let dir = Workdir::new();
    let row =
        |row: usize| format!("{row},{},{},{}", row * 7 % 11, ["red", "blue"][row % 2], ["no", "yes"][row % 3 / 2]);
    dir.write("t.csv", format!("a,b,c,y\n{}\n", (0..40).map(row).collect::<Vec<_>>().join("\n")));
    fit(&dir, &[]);
    dir.write("new.csv", "a,b,c,y\n1,2,red,no\n1,2,red,\n2,3,blue,yes\n");
    let report = dir.json(&["evaluate", "runs/fit/model.pt", "new.csv"], 0);
    assert_eq!((&report["rows"], &report["without_target"]), (&2.into(), &1.into()));
}
