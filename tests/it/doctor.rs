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
    let supported = ["2.11.", "2.12.", "2.13.", "2.14.", "2.15."];
    let found = libtorch["found"].as_str().unwrap();
    assert!(supported.iter().any(|version| found.starts_with(version)), "{libtorch}");
    assert!(item(&report, "libraries")["found"].as_str().unwrap().contains("libtorch_cpu.so"));
    // CUDA works where libtorch has it and the driver has a device, of which the driver's own tool knows.
    let built = item(&report, "libraries")["found"].as_str().unwrap().contains("libtorch_cuda.so");
    let listed = std::process::Command::new("nvidia-smi").arg("-L").output();
    let device = listed.is_ok_and(|output| output.status.success() && output.stdout.starts_with(b"GPU 0"));
    let (cuda, works) = (item(&report, "CUDA"), built && device);
    assert!(cuda["found"].as_str().unwrap().starts_with(if works { "yes: " } else { "no: " }), "{cuda}");
    assert_eq!(cuda["state"], if works { "ok" } else { "note" }, "{cuda}");
    assert_eq!(cuda["remedy"].is_null(), works, "why not, and how to get it: {cuda}");
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
    let processor = item(&report, "processor");
    assert_eq!(processor["state"], "note");
    assert!(processor["found"].as_str().unwrap().contains("ATEN_CPU_CAPABILITY=default is set"), "{processor}");
    assert!(processor["remedy"].as_str().unwrap().contains("unset ATEN_CPU_CAPABILITY"), "{processor}");
    let unforced = dir.command(&["doctor", "--json"]).env_remove("ATEN_CPU_CAPABILITY").output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&unforced.stdout).unwrap();
    assert_eq!(item(&report, "processor")["state"], "ok");
}
