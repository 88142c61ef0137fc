//! No bytes of a file make lockstep panic, abort, hang or fill the memory: the targets of `fuzz/` on stable Rust, over
//! their seeds and some thousand mutations of them, the same in every run. `cargo fuzz` goes on from there (CONTRIBUTING).

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test helper fails by panicking")]

#[path = "../fuzz/targets.rs"]
mod targets;

use std::path::{Path, PathBuf};
use targets::{Target, repaired};
use zip::ZipArchive;

/// SplitMix64: small, and the same on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    fn range(&mut self, length: usize, most: usize) -> std::ops::Range<usize> {
        let start = self.below(length + 1);
        start..(start + self.below(most + 1)).min(length)
    }
}

/// Bytes that readers stumble over: ends of ranges, marks of the formats, numbers at the limits.
const TOKENS: [&[u8]; 24] = [
    b"\0",
    b"\xff",
    b"\xff\xff\xff\xff",
    b"\xff\xff\xff\xff\xff\xff\xff\x7f",
    b"\0\0\0\x80",
    b"\x80\x02",
    b"\n",
    b"\r",
    b"\"",
    b"'",
    b",",
    b";",
    b"=",
    b"[",
    b"]",
    b"{",
    b"}}",
    b"-",
    b"1e999",
    b"NaN",
    b"9223372036854775808",
    b"\xef\xbb\xbf",
    b"\xc3\xa9",
    b"..",
];

/// One to four small changes of `bytes`, some of them with pieces of `other`.
fn mutated(bytes: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len());
        match random.below(8) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << random.below(8),
            1 if !bytes.is_empty() => bytes[at] = random.next() as u8,
            2 => drop(bytes.drain(random.range(bytes.len(), 16))),
            3 => bytes.truncate(random.below(bytes.len() + 1)),
            4 => {
                let copied = bytes[random.range(bytes.len(), 64)].to_vec();
                drop(bytes.splice(at..at, copied));
            }
            5 => drop(bytes.splice(at..at, other[random.range(other.len(), 64)].iter().copied())),
            6 => {
                let token = TOKENS[random.below(TOKENS.len())];
                let end = (at + token.len()).min(bytes.len());
                drop(bytes.splice(at..end, token.iter().copied()));
            }
            _ => drop(bytes.splice(at..at, TOKENS[random.below(TOKENS.len())].iter().copied())),
        }
    }
    bytes
}

/// The seeds of a target, in the order of their names.
fn seeds(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.file_name().unwrap().to_string_lossy().starts_with("seed-"));
    paths.sort();
    assert!(!paths.is_empty(), "{}: no seeds", folder.display());
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// Seeds and mutations through one target. `LOCKSTEP_FUZZ_ROUNDS` multiplies the mutations.
fn fuzz(name: &str, mutations: usize) {
    let (_, target): &(&str, Target) = targets::ALL.iter().find(|(other, _)| *other == name).unwrap();
    let rounds = std::env::var("LOCKSTEP_FUZZ_ROUNDS").map_or(1, |text| text.parse().unwrap());
    let (seeds, mut random) = (seeds(name), Random(7));
    seeds.iter().for_each(|seed| target(seed));
    for _ in 0..mutations * rounds {
        let (seed, other) = (&seeds[random.below(seeds.len())], &seeds[random.below(seeds.len())]);
        let bytes = mutated(seed, other, &mut random);
        // What is left here is the input that broke it.
        if std::env::var_os("LOCKSTEP_FUZZ_KEEP").is_some() {
            std::fs::write(std::env::temp_dir().join(format!("lockstep-fuzz-{name}")), &bytes).unwrap();
        }
        target(&bytes);
    }
}

macro_rules! no_bytes_break {
    ($($test:ident: $target:literal, $mutations:literal;)*) => {$(
        #[test]
        fn $test() {
            fuzz($target, $mutations);
        }
    )*};
}

no_bytes_break! {
    no_bytes_break_the_reading_of_a_model: "checkpoint", 800;
    no_bytes_break_the_reading_of_weights: "safetensors", 5000;
    no_bytes_break_the_reading_of_a_schema: "schema", 5000;
    no_bytes_break_the_reading_of_settings: "config", 1500;
    no_bytes_break_the_reading_of_a_search: "space", 400;
    no_bytes_break_the_reading_of_a_csv: "delimited", 700;
    no_bytes_break_the_reading_of_ndjson: "ndjson", 1000;
    no_bytes_break_the_reading_of_parquet_and_ipc: "columnar", 1000;
    no_bytes_break_the_reading_of_a_trace: "trace", 3000;
    no_bytes_break_the_reading_of_a_pickle: "pickle", 3000;
}

#[test]
fn every_seed_of_a_model_is_one() {
    for seed in seeds("checkpoint") {
        assert!(lockstep::checkpoint::Checkpoint::from_bytes(&seed, tch::Device::Cpu).is_ok());
        // And so it is once its CRCs are written anew: mutations do reach libtorch.
        let again = repaired(&seed).unwrap();
        assert!(lockstep::checkpoint::Checkpoint::from_bytes(&again, tch::Device::Cpu).is_ok());
        assert!(ZipArchive::new(std::io::Cursor::new(again)).unwrap().len() > 5);
    }
}

#[test]
fn every_seed_of_a_pickle_is_one() {
    for seed in seeds("pickle") {
        assert!(lockstep::tutorial::moons::start::of_python(&seed).is_ok());
        assert!(lockstep::tutorial::moons::start::of_python(&repaired(&seed).unwrap()).is_ok());
    }
}
