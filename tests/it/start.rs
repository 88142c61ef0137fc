//! What needs no tensor starts without libtorch, and a libtorch that is missing, broken or of another version is named.

use crate::common::Workdir;
use std::process::Command;

impl Workdir {
    /// Runs lockstep where there is no libtorch, and gives stdout and stderr.
    fn without_libtorch(&self, arguments: &[&str], status: i32) -> (String, String) {
        self.with_libtorch("/nonexistent", arguments, status)
    }

    /// The same with `LIBTORCH` set to `home`.
    fn with_libtorch(&self, home: &str, arguments: &[&str], status: i32) -> (String, String) {
        let output = self.command(arguments).env("LIBTORCH", home).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(status), "lockstep {arguments:?}\nstdout: {stdout}\nstderr: {stderr}");
        (stdout, stderr)
    }
}

// The loader itself says what it would load (`man ld.so`).
#[test]
fn the_program_is_linked_without_libtorch() {
    let output = Command::new(env!("CARGO_BIN_EXE_lockstep")).env("LD_TRACE_LOADED_OBJECTS", "1").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    // Of a line the name: its address may have any letters in it.
    let libraries: Vec<&str> = text.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(libraries.iter().any(|library| library.starts_with("libc.so")), "{text}");
    for name in ["torch", "c10", "gomp", "cud", "stdc++"] {
        assert!(!libraries.iter().any(|library| library.contains(name)), "{text}");
    }
}

#[test]
fn what_needs_no_tensor_works_without_libtorch() {
    let dir = Workdir::with_model();
    dir.run(&["data", "boston", "-o", "boston.csv"], 0);
    for arguments in [
        &["--help"][..],
        &["--version"],
        &["fit", "--help"],
        &["completions", "fish"],
        &["data", "moons"],
        &["inspect", "boston.csv"],
        &["inspect", "runs/moons/model.pt"],
        &["preprocess", "boston.csv", "--target", "MEDV"],
        &["run", "exhaustive"],
        &["run", "descent"],
    ] {
        let (stdout, stderr) = dir.without_libtorch(arguments, 0);
        assert!(!stdout.is_empty() && stderr.is_empty(), "{arguments:?}: {stderr}");
    }
}

#[test]
fn mistakes_are_named_before_libtorch_is_looked_for() {
    let dir = Workdir::with_model();
    dir.write("t.csv", "x,y\n1,2\n3,4\n5,6\n7,8\n");
    for (arguments, expected) in [
        (&["fit", "t.csv"][..], "--target"),
        (&["fit", "t.csv", "--target", "y", "--optimizer", "adamm"], "did you mean adam?"),
        (&["fit", "t.csv", "--target", "z"], "z"),
        (&["fit", "no.csv", "--target", "y"], "no.csv"),
        (&["tune", "t.csv", "--target", "z", "--param", "lr=0.1,0.2"], "z"),
        (&["run", "moons", "--hiden", "3"], "--hidden"),
        (&["run", "moons", "--resume", "no.pt"], "no.pt"),
        (&["verify", "no.pt"], "no.pt"),
        (&["predict", "no.pt", "t.csv"], "no.pt"),
        (&["predict", "runs/moons/model.pt", "no.csv"], "no.csv"),
        (&["evaluate", "no.pt", "t.csv"], "no.pt"),
        (&["rerun", "nowhere"], "nowhere"),
        (&["compare", "moons", "--reference", "no.json"], "no.json"),
    ] {
        let (_, stderr) = dir.without_libtorch(arguments, 2);
        assert!(stderr.contains(expected) && !stderr.contains("libtorch"), "{arguments:?}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{arguments:?}: {stderr}");
    }
}

#[test]
fn a_missing_libtorch_is_one_line_with_what_mends_it_and_doctor_says_more() {
    let dir = Workdir::new();
    dir.write("t.csv", "x,y\n1,2\n3,4\n5,6\n7,8\n");
    for arguments in [&["run", "moons"][..], &["fit", "t.csv", "--target", "y"], &["show", "activations"]] {
        let (_, stderr) = dir.without_libtorch(arguments, 2);
        assert!(stderr.contains("/nonexistent") && stderr.contains("unset LIBTORCH"), "{stderr}");
        assert!(stderr.starts_with("error: ") && stderr.lines().last().unwrap().contains("LIBTORCH"), "{stderr}");
    }
    let (stdout, _) = dir.without_libtorch(&["doctor"], 1);
    assert!(stdout.contains("BROKEN  libtorch") && stdout.contains("-> unset LIBTORCH"), "{stdout}");
    for still in ["Python", "processor", "threads"] {
        assert!(stdout.contains(still), "{stdout}");
    }
}

/// A folder that looks like a libtorch of this version, its libraries made of `library`.
fn false_libtorch(dir: &Workdir, name: &str, version: &str, library: &[u8]) -> String {
    let home = dir.path().join(name);
    std::fs::create_dir_all(home.join("lib")).unwrap();
    std::fs::write(home.join("version.py"), format!("__version__ = '{version}'\n")).unwrap();
    for file in ["libc10.so", "libtorch_cpu.so"] {
        std::fs::write(home.join("lib").join(file), library).unwrap();
    }
    home.display().to_string()
}

#[test]
fn a_libtorch_of_another_version_and_a_broken_one_are_named() {
    let dir = Workdir::new();
    let built: String = dir.json(&["run", "moons", "--epochs", "1"], 0)["libtorch"].as_str().unwrap().into();
    let old = false_libtorch(&dir, "old", "2.9.1+cpu", b"");
    let (_, stderr) = dir.with_libtorch(&old, &["run", "moons"], 2);
    assert!(stderr.contains("libtorch 2.9.1, supported are 2.11, 2.12, 2.13, 2.14 and 2.15"), "{stderr}");
    let whole = std::fs::read(env!("CARGO_BIN_EXE_lockstep")).unwrap();
    for (name, library, expected) in [
        ("empty", &b""[..], "cut off"),
        ("cut", &whole[..100_000], "cut off"),
        (
            "text",
            b"this is no library, however long the text in it may become in the course of time",
            "no shared library",
        ),
    ] {
        let home = false_libtorch(&dir, name, &built, library);
        let (_, stderr) = dir.with_libtorch(&home, &["run", "moons"], 2);
        assert!(stderr.contains(expected) && stderr.contains("libc10.so"), "{name}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{name}: {stderr}");
        let (stdout, _) = dir.with_libtorch(&home, &["doctor"], 1);
        assert!(stdout.contains(expected), "{name}: {stdout}");
    }
}

#[test]
fn completions_and_the_manual_know_commands_flags_and_values() {
    let dir = Workdir::new();
    for (shell, expected) in
        [("bash", "--early-stop"), ("zsh", "adamw"), ("fish", "one-cycle"), ("man", "LOCKSTEP RUN MOONS")]
    {
        let text = String::from_utf8(dir.run(&["completions", shell], 0).stdout).unwrap();
        assert!(text.contains(expected), "{shell}");
    }
    dir.refuses(&["completions", "tcsh"], &["tcsh", "bash, zsh, fish, man"]);
}
