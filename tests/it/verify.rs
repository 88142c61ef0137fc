//! `lockstep verify`.

use crate::common::Workdir;
use std::io::{Cursor, Read, Write};

#[test]
fn a_model_that_was_just_written_holds() {
    let dir = Workdir::with_model();
    let report = dir.json(&["verify", "runs/moons/model.pt", "--threads", "1"], 0);
    assert_eq!(report["holds"], true);
    assert_eq!(report["checks"].as_array().unwrap().len(), 4);
}

/// The same archive with its files changed by `change(name, content)` and CRCs that are right.
fn rewritten(model: &[u8], change: impl Fn(&str, &mut Vec<u8>)) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(Cursor::new(model)).unwrap();
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).unwrap();
        let name = entry.name().unwrap().to_string();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        change(&name, &mut content);
        writer.start_file(name, stored).unwrap();
        writer.write_all(&content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// libtorch ends the process at some of these, reads beyond a weight at others, or does not come back.
#[test]
fn a_file_that_was_made_to_do_harm_is_refused() {
    let dir = Workdir::with_model();
    let model = dir.read("runs/moons/model.pt");
    let code = |text: &'static str| move |old: &str| old.replace("return torch.linear", text);
    let in_code = |change: &dyn Fn(&str) -> String| {
        rewritten(&model, |name, content| {
            if name.ends_with(".py") {
                *content = change(std::str::from_utf8(content).unwrap()).into_bytes();
            }
        })
    };
    let in_file = |file: &str, change: &dyn Fn(&mut Vec<u8>)| {
        rewritten(&model, |name, content| {
            if name.ends_with(file) {
                change(content)
            }
        })
    };
    // fc1.weight is [100, 2]: the first `100, 2` of the pickle.
    let larger = |content: &mut Vec<u8>| {
        let at = content.windows(4).position(|four| four == b"Kd\x4b\x02").unwrap();
        content[at + 1] = 200;
    };
    let deep = "(".repeat(100_000);
    for (what, bytes, words) in [
        ("a weight's file is cut", in_file("/data/0", &|content| content.truncate(8)), "data/0 has 8 bytes"),
        ("a weight is larger than its file", in_file("data.pkl", &larger), "larger than"),
        ("another program", in_file("data.pkl", &|content| *content = b"\x80\x02cposix\nsystem\n.".into()), "data.pkl"),
        ("an endless loop", in_code(&code("while True:\n      pass\n    return torch.linear")), "while"),
        ("a file", in_code(&code("y = torch.from_file(\"/etc/passwd\")\n    return torch.linear")), "from_file"),
        ("a deep expression", in_code(&|old| format!("{old}x = {deep}")), "deep"),
    ] {
        dir.write("harm.pt", bytes);
        for arguments in [vec!["verify", "harm.pt"], vec!["predict", "harm.pt", "runs/moons/moons.csv"]] {
            println!("{what}");
            dir.refuses(&arguments, &["harm.pt", words]);
        }
    }
}

/// A file in which a weight was changed and its CRC made to fit: only the answers give it away.
#[test]
fn a_model_that_answers_otherwise_than_it_did_does_not_hold() {
    let dir = Workdir::with_model();
    let changed = rewritten(&dir.read("runs/moons/model.pt"), |name, content| {
        if name == "archive/data/0" {
            content[..4].copy_from_slice(&9.5_f32.to_le_bytes());
        }
    });
    dir.write("changed.pt", changed);
    let report = dir.json(&["verify", "changed.pt"], 1);
    assert_eq!(report["holds"], false);
    let broken: Vec<_> = report["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["holds"] == false)
        .map(|row| &row["check"])
        .collect();
    assert!(broken.contains(&&"forward".into()), "{report}");
}

/// libtorch loads many damaged files, and answers wrongly; here each is either refused or answers as before.
#[test]
fn no_flipped_byte_passes_with_another_answer() {
    let dir = Workdir::with_model();
    let model = dir.read("runs/moons/model.pt");
    let module = lockstep::checkpoint::Checkpoint::from_bytes(&model, tch::Device::Cpu).unwrap();
    let x = tch::Tensor::from_slice(&[0.5_f32, -0.25, 1.5, 0.75]).view([2, 2]);
    let expected = module.module.call("forward", &x).unwrap();
    let (mut refused, mut loaded) = (0, 0);
    for position in (0..model.len()).step_by(97) {
        let mut flipped = model.clone();
        flipped[position] ^= 0x10;
        match lockstep::checkpoint::Checkpoint::from_bytes(&flipped, tch::Device::Cpu) {
            Err(_) => refused += 1,
            Ok(checkpoint) => {
                loaded += 1;
                let answer = checkpoint.module.call("forward", &x).unwrap();
                assert!(answer.equal(&expected), "byte {position}: loaded, and answers otherwise");
            }
        }
    }
    assert!(refused > loaded, "{refused} refused, {loaded} loaded");
}

#[test]
fn what_is_no_model_is_refused() {
    Workdir::with_model().refuses_what_is_no_model(|file| vec!["verify".into(), file.into()]);
}

/// The file of a run under MKL_CBWR=AVX2 on another processor, whose first answer was one bit off from ours.
#[test]
fn what_was_otherwise_when_a_model_was_made_is_named_where_its_answers_differ() {
    let dir = Workdir::with_model();
    let elsewhere = |bit: u8| {
        rewritten(&dir.read("runs/moons/model.pt"), |name, content| {
            if name.ends_with("extra/lockstep.json") {
                let mut about: serde_json::Value = serde_json::from_slice(content).unwrap();
                about["processor"] = "A Processor".into();
                about["environment"] = serde_json::json!({"MKL_CBWR": "AVX2"});
                *content = about.to_string().into_bytes();
            } else if name.ends_with("extra/check.safetensors") {
                let header = 8 + u64::from_le_bytes(content[..8].try_into().unwrap()) as usize;
                let entries: serde_json::Value = serde_json::from_slice(&content[8..header]).unwrap();
                let first = entries["forward"]["data_offsets"][0].as_u64().unwrap() as usize;
                content[header + first] ^= bit;
            }
        })
    };
    let verify = || {
        let mut command = dir.command(&["verify", "elsewhere.pt", "--threads", "1", "--device", "cpu"]);
        let output = command.env_remove("MKL_CBWR").output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    dir.write("elsewhere.pt", elsewhere(1));
    let said = verify();
    let line = said.lines().find(|line| line.starts_with("what differs in how they were made: ")).expect(&said);
    let named = std::fs::read_to_string("/proc/cpuinfo").unwrap().contains("model name");
    assert_eq!(line.contains("processor was \"A Processor\", now "), named, "{line}");
    assert!(line.contains("MKL_CBWR was AVX2, now unset"), "{line}");
    dir.write("elsewhere.pt", elsewhere(0));
    assert!(!verify().contains("how they were made"));
}
