//! `lockstep data`.

use crate::common::Workdir;
use lockstep::data::location::Location;
use lockstep::data::source::read_table;
use lockstep::data::table;

#[test]
fn moons_are_those_that_run_moons_trains_on() {
    let dir = Workdir::with_model();
    let moons = dir.run(&["data", "moons"], 0).stdout;
    assert!(moons.starts_with(b"x1,x2,y\n"));
    assert_eq!(moons, dir.read("runs/moons/moons.csv"));
}

#[test]
fn boston_and_houses_are_the_files_in_data() {
    let dir = Workdir::new();
    for name in ["boston", "houses"] {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name).with_extension("csv");
        assert_eq!(dir.run(&["data", name], 0).stdout, std::fs::read(file).unwrap());
        dir.run(&["data", name, "-o", "t.csv"], 0);
        dir.run(&["data", name, "-o", "t.parquet"], 0);
        let [csv, parquet] = ["t.csv", "t.parquet"].map(|file| read_table(&dir.path().join(file)).unwrap());
        let csv = table::numbers(&csv, &table::names(&csv), Location::start("t.csv")).unwrap();
        assert!(csv.equals(&parquet), "{name}");
    }
}

#[test]
fn bad_settings_are_refused() {
    let dir = Workdir::new();
    dir.refuses(&["data", "moon"], &["moons"]);
    dir.refuses(&["data", "moons", "--samples", "1"], &["--samples"]);
    dir.refuses(&["data", "boston", "-o", "t.txt"], &["t.txt", ".csv"]);
    dir.refuses(&["data", "moons", "-o", "none/t.csv"], &["none/t.csv", "cannot write"]);
}
