//! `cargo bench --bench suite [-- WORD...]`: the algorithms of `guest-examples/` and the kernels beneath them against the programs people use,
//! on the same bytes, threads and machine, in turns, quality beside time.
//!
//! Every algorithm is the real binary's `train` with a compiled component, as an image has it, from the first byte of its files to the model.
//! A peer's time is reading the same files and fitting, without the start of its interpreter. Kernels are timed through WIT, on what is in
//! memory already.

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
mod loops;
#[path = "../peers.rs"]
mod peers;
#[path = "../kernels/python.rs"]
mod python;
mod rows;
#[path = "../../guests/loops/src/loops.rs"]
mod source;
mod table;
#[path = "../kernels/through_wit.rs"]
mod through_wit;
#[path = "../timed_guest.rs"]
mod timed_guest;

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
    loops::run(&wanted, TURNS);
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
    let mut ours = Measured::nothing_yet("algohost", job.quality());
    let mut peers: Vec<Measured> = Vec::new();
    for _ in 0..TURNS {
        ours.seconds = ours.seconds.min(job.seconds());
        for found in row.run_peers(data, threads) {
            found.keep_best(&mut peers);
        }
    }
    for peer in &peers {
        print_row(row.name, &ours, peer, row.reach_against(&peer.name), Some(&row.quality));
    }
}
