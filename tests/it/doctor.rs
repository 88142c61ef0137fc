//! `lockstep doctor`.

use crate::common::Workdir;

fn item<'a>(report: &'a serde_json::Value, what: &str) -> &'a serde_json::Value {
    report["items"].as_array().unwrap().iter().find(|item| item["what"] == what).unwrap()
}

#[test]
fn it_names_the_libtorch_that_runs_and_finds_nothing_broken() {
    let report = Workdir::new().json(&["doctor"], 0);
    assert_eq!(report["holds"], true);
    let libtorch = item(&report, "libtorch");
    assert_eq!(libtorch["state"], "ok");
    assert!(libtorch["found"].as_str().unwrap().starts_with("2.13."), "{libtorch}");
    assert!(item(&report, "libraries")["found"].as_str().unwrap().contains("libtorch_cpu.so"));
    let cuda = item(&report, "CUDA");
    assert_eq!(cuda["found"].as_str().unwrap().starts_with("yes"), tch::Cuda::is_available());
    assert_eq!(cuda["remedy"].is_null(), tch::Cuda::is_available(), "why not, and how to get it: {cuda}");
}

#[test]
fn a_python_that_is_not_there_is_named_with_the_remedy() {
    let report = Workdir::new().json(&["doctor", "--python", "/none/python"], 0);
    let python = item(&report, "Python");
    assert_eq!(python["state"], "note");
    assert!(python["found"].as_str().unwrap().contains("/none/python"));
    assert!(python["remedy"].as_str().unwrap().contains("scripts/setup --python"));
}

#[test]
fn a_forced_instruction_set_is_pointed_out() {
    let dir = Workdir::new();
    let output = dir.command(&["doctor", "--json"]).env("ATEN_CPU_CAPABILITY", "default").output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(item(&report, "processor")["state"], "note");
}
