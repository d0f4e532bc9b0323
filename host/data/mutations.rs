//! What every parser of channels does with broken files: it reads them or tells a failure, and neither panics nor asks for memory without
//! bounds.
//!
//! Each seed is a whole file; each round changes some of its bytes, always in the same way, so that a failing round can be run again.

use super::testing::Channel;
use crate::failure::Failure;

/// Rounds per seed.
const ROUNDS: usize = 1500;

/// Bytes that mean something in one of the formats.
const MARKS: &[u8] = b"\0\n\r,;:\"[]{}()'#.-e19 \x0A\x12\x7F\x80\xFE\xFF";

struct Random(u64);

impl Random {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % count.max(1)
    }
}

/// The seed with one to four changes: a byte replaced, bits flipped, a part removed, repeated, or moved, the end cut off.
fn mutate(seed: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len());
        let length = random.below(16).min(bytes.len() - at);
        match random.below(7) {
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
            5 => bytes.insert(at, MARKS[random.below(MARKS.len())]),
            _ => bytes[at..at + length].fill(0xFF),
        }
    }
    bytes
}

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
