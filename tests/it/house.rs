//! The rooms of `src` keep the order that `src/lib.rs` lists them in.

use std::path::{Path, PathBuf};

/// The rooms, as `pub mod` lines of `src/lib.rs`.
fn rooms() -> Vec<String> {
    let text = std::fs::read_to_string("src/lib.rs").unwrap();
    let rooms = text.lines().filter_map(|line| line.strip_prefix("pub mod ")?.split(';').next());
    rooms.map(String::from).collect()
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// The rooms that a file takes something from: `crate::<room>` outside of comments.
fn taken(text: &str) -> Vec<(usize, String)> {
    let mut taken = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        for after in code.split("crate::").skip(1) {
            let room = after.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
            taken.push((number + 1, room));
        }
    }
    taken
}

#[test]
fn a_file_imports_only_from_its_own_room_and_from_rooms_below() {
    let rooms = rooms();
    assert!(rooms.len() > 15 && rooms.first().is_some_and(|room| room == "commands"), "{rooms:?}");
    let place = |room: &str| rooms.iter().position(|other| other == room);
    for (index, room) in rooms.iter().enumerate() {
        let mut all = Vec::new();
        files(&Path::new("src").join(room), &mut all);
        assert!(!all.is_empty(), "{room} is empty");
        for file in all {
            for (line, other) in taken(&std::fs::read_to_string(&file).unwrap()) {
                let below = place(&other).unwrap_or_else(|| panic!("{}:{line}: {other} is no room", file.display()));
                assert!(below >= index, "{}:{line}: takes from {other}, which stands above {room}", file.display());
            }
        }
    }
}

#[test]
fn an_import_from_above_is_seen() {
    let found = taken("use crate::fit::table; // crate::tune\nlet x = crate::torch::device::name(y);\n");
    assert_eq!(found, [(1, "fit".to_string()), (2, "torch".to_string())]);
}
