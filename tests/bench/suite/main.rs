//! `cargo bench --bench suite [-- WORD...]`: the algorithms of `guest-examples/` and the kernels beneath them against the programs people use,
//! on the same bytes, threads and machine, in turns, quality beside time.
//!
//! Every algorithm is the real binary's `train`, from the first byte of its files to the model. A peer's time is fitting alone, on data that
//! are in memory already. Kernels are timed through WIT.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a measurement that cannot go on should stop, and prints what it found"
)]

#[path = "../guests.rs"]
mod guests;
mod job;
mod kernels;
#[path = "../peers.rs"]
mod peers;
#[path = "../kernels/python.rs"]
mod python;
mod rows;
mod table;
#[path = "../kernels/through_wit.rs"]
mod through_wit;

use std::path::Path;

use job::Job;
use rows::{Row, rows};
use table::{Measured, print_head, print_row};

/// Turns that everybody takes; the best counts, since what disturbs a measurement makes it longer.
const TURNS: usize = 3;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let wanted = |name: &str| words.is_empty() || words.iter().any(|word| name.contains(word.as_str()));
    let threads = std::env::var("ALGOHOST_THREADS").ok().and_then(|text| text.parse().ok());
    let threads = threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    print_head(threads, TURNS);
    kernels::run(&wanted, threads, TURNS);
    // Beside the peers' interpreter: data is made once.
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| guests::repository().join("target"), Into::into);
    let data = target.join("bench-data");
    for row in rows().iter().filter(|row| wanted(row.name)) {
        run(row, &data, threads);
    }
}

fn run(row: &Row, data: &Path, threads: usize) {
    row.make_data(data);
    let job = Job::new(row, data, threads);
    let mut ours = Measured { name: "algohost".into(), seconds: f64::INFINITY, quality: job.quality() };
    let mut peers: Vec<Measured> = Vec::new();
    for _ in 0..TURNS {
        ours.seconds = ours.seconds.min(job.seconds());
        for found in row.run_peers(data, threads) {
            match peers.iter_mut().find(|peer| peer.name == found.name) {
                Some(peer) => peer.seconds = peer.seconds.min(found.seconds),
                None => peers.push(found),
            }
        }
    }
    for peer in &peers {
        print_row(row.name, &ours, peer, row.reach_against(&peer.name), Some(&row.quality));
    }
}
