//! scripts/record.py leaves a program as it is: programs with something in them that is not plain, `tests/programs/unusual.py`,
//! print the same numbers with it and without it.
//!
//! Without a Python that has torch the test says that it was skipped.

use crate::common::{Workdir, python_with_torch};
use serde_json::Value;
use std::process::{Child, Command, Stdio};

const PROGRAMS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/programs/unusual.py");
const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts");

/// The command line of record.py, program by program: torch is loaded once for all of them.
const RECORDED: &str = "
import sys
sys.path[0] = sys.argv[1]
import record
program, names = sys.argv[2], sys.argv[3:]
for name in names:
    sys.argv = ['record.py', '-o', f'{name}.record', program, name]
    record.main()
";

/// What runs in torch's compiler as a whole leaves a record with nothing in it.
const EMPTY: [&str; 1] = ["compiled_step"];

fn names() -> Vec<&'static str> {
    let parts = include_str!("../programs/unusual.py").split("@program\ndef ").skip(1);
    parts.map(|part| part.split('(').next().unwrap()).collect()
}

fn start(command: &mut Command) -> Child {
    command.args(names()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// What it printed, on stdout and on stderr.
fn end(child: Child) -> [String; 2] {
    let output = child.wait_with_output().unwrap();
    let [printed, errors] = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(output.status.success(), "{}\n{printed}\n{errors}", output.status);
    [printed, errors]
}

#[test]
fn an_unusual_program_prints_the_same_with_a_recorder_around_it() {
    let Some(python) = python_with_torch() else { return };
    let dir = Workdir::new();
    let plain = start(Command::new(&python).current_dir(dir.path()).arg(PROGRAMS));
    let recorded = start(Command::new(&python).current_dir(dir.path()).args(["-c", RECORDED, SCRIPTS, PROGRAMS]));
    let ([plain, _], [recorded, errors]) = (end(plain), end(recorded));
    assert!(names().len() >= 30 && plain.lines().count() >= names().len(), "{plain}");
    for (plain, recorded) in plain.lines().zip(recorded.lines()) {
        assert_eq!(plain, recorded, "with the recorder\n{errors}");
    }
    assert_eq!(plain, recorded, "{errors}");
    assert!(!errors.contains("not recorded"), "{errors}");
    for name in names() {
        let file = format!("{name}.record");
        let text = String::from_utf8(dir.read(&file)).unwrap();
        assert!(text.ends_with('\n'), "{file} was cut off");
        for line in text.lines() {
            let parsed: Result<Value, _> = serde_json::from_str(line);
            assert!(parsed.is_ok_and(|value| value.is_object()), "{file}: {line}");
        }
        dir.run(&["diff", &file, &file], if EMPTY.contains(&name) { 2 } else { 0 });
    }
    let left: Vec<_> =
        dir.files().into_iter().filter(|file| file.extension().is_some_and(|end| end == "part")).collect();
    assert!(left.is_empty(), "{left:?}");
}
