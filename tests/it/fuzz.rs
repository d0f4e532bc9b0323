//! Every parser over its corpus and mutations of it; `tests/fuzz` searches on.

#[path = "../fuzz/harness.rs"]
mod harness;
#[path = "../fuzz/mutate.rs"]
mod mutate;

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::support::repository;
use mutate::{Random, mutate};

/// Mutations of each seed, always the same, so that one which fails can be run again.
const ROUNDS: usize = 150;

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
