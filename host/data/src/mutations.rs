//! What every parser of channels does with broken files: it reads them or tells a failure, and neither panics nor asks for memory without
//! bounds.
//!
//! Each seed is a whole file; each round changes some of its bytes, always in the same way, so that a failing round can be run again.

#[path = "../../../tests/fuzz/mutate.rs"]
mod mutate;

use super::testing::Channel;
use algohost_failure::Failure;
use mutate::{Random, mutate};

/// Rounds per seed.
const ROUNDS: usize = 1500;

/// Reads a channel in every way.
fn read(content_type: &str, bytes: &[u8]) -> anyhow::Result<()> {
    let channel = Channel::new(content_type, &[("seed", bytes)]);
    let mut reader = channel.open("{}")?;
    reader.read_all()?;
    reader.rewind();
    while reader.next(2)?.is_some() {}
    reader.rewind();
    reader.read_all_sparse()?;
    Ok(())
}

/// Runs the seeds of a format, which can be read, and their mutations.
pub(super) fn check(content_type: &str, seeds: &[&[u8]]) {
    for (index, seed) in seeds.iter().enumerate() {
        read(content_type, seed).unwrap_or_else(|error| panic!("{content_type}, seed {index}: {error:#}"));
        let mut random = Random(index as u64 + 1);
        for round in 0..ROUNDS {
            if let Err(error) = read(content_type, &mutate(seed, &mut random)) {
                assert!(error.downcast_ref::<Failure>().is_some(), "{content_type}, seed {index}, round {round}: {error:#}");
            }
        }
    }
}

#[test]
fn broken_text_is_read_or_told() {
    check("text/csv", &[b"1,2,3\n4,,6\n", b"\xEF\xBB\xBF0;\"1.5\";-2e3\r\n\r\n1;nan;inf\r\n", b"1 2  3\n4 5 6\n"]);
    check("text/libsvm", &[b"1 1:2 3:4 # five\n-1:0.5 2:1\n", b"0 0:1\r1 5:2e1\r"]);
    check(
        "application/jsonlines",
        &[
            b"[1, 2, null]\n[3, 4.5e1, NaN]\n",
            b"{\"features\": [1, 2], \"label\": 3, \"weight\": 1}\n{\"x\": {\"a\\\"\": [{}]}, \"features\": {\"values\": [1, 2]}, \"label\": [0]}\n",
            b"{\"data\": {\"features\": {\"keys\": [1, 0], \"shape\": [4], \"values\": [5, 6]}, \"label\": {\"values\": [1]}}}\n[0, 1, 2, 3, 4]\n",
        ],
    );
}

#[test]
fn a_broken_array_is_read_or_told() {
    let tensor = super::testing::tensor(&[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    check("application/x-npy", &[&super::npy::encode(&tensor).unwrap()]);
}
