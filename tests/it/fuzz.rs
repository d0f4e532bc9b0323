//! Every parser over its corpus and mutations of it; `tests/fuzz` searches on.

#[path = "../fuzz/harness.rs"]
mod harness;

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::support::repository;

/// Mutations of each seed, always the same, so that one which fails can be run again.
const ROUNDS: usize = 150;

/// Bytes that mean something in one of the formats.
const MARKS: &[u8] = b"\0\n\r,;:\"[]{}()'#.-e19 \x0A\x12\x7F\x80\xFE\xFF";

struct Random(u64);

impl Random {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % count.max(1)
    }
}

/// The seed with one to four changes: a byte replaced, a bit flipped, a part removed or repeated elsewhere, the end cut off.
fn mutate(seed: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len());
        let length = random.below(16).min(bytes.len() - at);
        match random.below(6) {
            _ if bytes.is_empty() => bytes.push(MARKS[random.below(MARKS.len())]),
            0 => bytes[at] = MARKS[random.below(MARKS.len())],
            1 => bytes[at] ^= 1 << random.below(8),
            2 => drop(bytes.drain(at..at + length)),
            3 => {
                let part = bytes[at..at + length].to_vec();
                let to = random.below(bytes.len() + 1);
                drop(bytes.splice(to..to, part));
            }
            4 => bytes.truncate(at),
            _ => bytes[at..at + length].fill(0xFF),
        }
    }
    bytes
}

fn names_in(folder: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(repository().join("tests/fuzz").join(folder)).unwrap();
    entries.map(|entry| PathBuf::from(entry.unwrap().file_name()).file_stem().unwrap().to_string_lossy().into_owned()).collect()
}

#[test]
fn every_parser_reads_or_tells() {
    for (target, run) in harness::TARGETS {
        for seed in names_in(&format!("corpus/{target}")) {
            let bytes = std::fs::read(repository().join("tests/fuzz/corpus").join(target).join(&seed)).unwrap();
            run(&bytes);
            let mut random = Random(1);
            for round in 0..ROUNDS {
                let mutated = mutate(&bytes, &mut random);
                let outcome = std::panic::catch_unwind(|| run(&mutated));
                assert!(outcome.is_ok(), "{target}, {seed}, round {round}: {:?}", String::from_utf8_lossy(&mutated));
            }
        }
    }
}

#[test]
fn every_parser_has_a_target_and_a_corpus() {
    let names: BTreeSet<String> = harness::TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names, names_in("targets"));
    assert_eq!(names, names_in("corpus"));
}
