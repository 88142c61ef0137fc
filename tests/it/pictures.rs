//! What pictures and tables make of names in other letters, and of numbers that no table has room for.

use crate::common::Workdir;

const FIT: [&str; 8] = ["fit", "t.csv", "--epochs", "2", "--device", "cpu", "--threads", "1"];

/// Fits where no fonts are installed but those in `fonts`, and gives what is printed.
fn fit(dir: &Workdir, out: &str, fonts: &str) -> String {
    let mut command = dir.command(&[&FIT[..], &["--target", "город", "--out", out]].concat());
    command
        .env("HOME", dir.path().join("home"))
        .env_remove("XDG_DATA_HOME")
        .env("XDG_DATA_DIRS", dir.path().join(fonts));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn names_in_letters_that_the_font_lacks_are_drawn_by_another_or_numbered() {
    let dir = Workdir::new();
    let rows = (0..60).fold(String::new(), |text, row| format!("{text}{},{},{}.5\n", row % 7, row % 5, row % 11));
    dir.write("t.csv", format!("a,дорог,город\n{rows}"));
    std::fs::create_dir_all(dir.path().join("share/fonts/truetype")).unwrap();
    let font = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/fonts/cyrillic.ttf");
    std::fs::copy(font, dir.path().join("share/fonts/truetype/Test-Regular.ttf")).unwrap();

    let numbered = fit(&dir, "numbered", "nothing");
    let line = numbered.lines().find(|line| line.contains("in the pictures")).unwrap();
    assert!(line.contains("numbers stand for names: #1 is город, #2 is дорог"), "{line}");
    let page = |out: &str| String::from_utf8(dir.read(&format!("{out}/report.html"))).unwrap();
    assert!(page("numbered").contains("#1 is город, #2 is дорог"));

    let drawn = fit(&dir, "drawn", "share");
    assert!(!drawn.contains("in the pictures") && !page("drawn").contains("#1 is"), "{drawn}");
    for picture in ["predicted_against_actual.png", "residuals.png", "importance.png", "prediction_surface.png"] {
        let [one, other] = ["numbered", "drawn"].map(|out| dir.read(&format!("{out}/{picture}")));
        assert!(one != other, "{picture}");
    }
    // What the built-in font has is in no need of others.
    let [one, other] = ["numbered", "drawn"].map(|out| dir.read(&format!("{out}/learning_curves.png")));
    assert!(one == other);
}

/// Where the truth is 0, the percentage is of the smallest number there is: scikit-learn's MAPE is some 1e15.
#[test]
fn a_number_of_sixteen_digits_does_not_break_the_table() {
    let dir = Workdir::new();
    let rows = (0..60)
        .fold(String::new(), |text, row| format!("{text}{},{}\n", row % 7, if row % 2 == 0 { 0.0 } else { 1.5 }));
    dir.write("t.csv", format!("a,y\n{rows}"));
    let output = dir.run(&[&FIT[..], &["--target", "y", "--task", "regression"]].concat(), 0);
    let text = String::from_utf8(output.stdout).unwrap();
    let head = text.lines().next().unwrap();
    let mape = text.lines().find(|line| line.starts_with("mape ")).unwrap();
    assert_eq!(mape.len(), head.len(), "{head}\n{mape}");
    let cells: Vec<&str> = mape.split_whitespace().skip(1).collect();
    assert!(cells.len() == 4 && cells.iter().all(|cell| cell.ends_with("e14") || cell.ends_with("e15")), "{mape}");
    assert!(String::from_utf8(dir.read("runs/fit/report.html")).unwrap().contains(cells[0]));
    let evaluated = dir.run(&["evaluate", "runs/fit/model.pt", "t.csv", "--device", "cpu"], 0);
    let evaluated = String::from_utf8(evaluated.stdout).unwrap();
    let line = evaluated.lines().find(|line| line.starts_with("mape ")).unwrap();
    assert!(line.ends_with("e14") || line.ends_with("e15"), "{line}");
}
