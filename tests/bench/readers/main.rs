//! `cargo bench --bench readers [-- WORD...]`: files to tensors, against the readers people use, on the same bytes and threads.
//!
//! Ours is the real binary's `train` with an algorithm that reads the channel and drops it, less what the same job takes that reads nothing. A
//! peer's time is from the file to a float32 matrix in its process, the better of two. `READERS_MB` is the size of the CSV file (1000).

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a measurement that cannot go on should stop, and prints what it found"
)]

mod data;
#[path = "../guests.rs"]
mod guests;
mod job;
#[path = "../peers.rs"]
mod peers;

use std::path::{Path, PathBuf};

use data::Made;
use job::{Job, Taken};
use serde_json::Value;

/// Turns that we take; the best counts. Peers take two in one process.
const TURNS: usize = 3;

struct Row {
    /// Also the word by which the row is chosen, and the peers' script is told what to read.
    name: &'static str,
    content_type: &'static str,
    /// Peers, and how many times our time theirs is to be at least.
    reach: &'static [(&'static str, f64)],
}

const ROWS: [Row; 5] = [
    Row { name: "csv", content_type: "text/csv", reach: &[("pandas", 3.0), ("pyarrow", 1.0), ("polars", 1.0)] },
    Row { name: "libsvm", content_type: "text/libsvm", reach: &[("load_svmlight_file", 10.0)] },
    Row { name: "recordio", content_type: "application/x-recordio-protobuf", reach: &[("sagemaker SDK", 20.0)] },
    Row { name: "parquet", content_type: "application/x-parquet", reach: &[("pyarrow", 1.0)] },
    // Within a fifth of a plain copy.
    Row { name: "npy", content_type: "application/x-npy", reach: &[("plain read", 1.0 / 1.2)] },
];

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let megabytes = std::env::var("READERS_MB").ok().and_then(|text| text.parse().ok()).unwrap_or(1000);
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| guests::repository().join("target"), PathBuf::from);
    let folder = target.join("bench-data/readers");
    println!(
        "ratio = what the peer takes / what we take; reach = the least that is called fast enough; peak = our memory over the tensors'"
    );
    println!(
        "{:<9} {:>7} {:>7} {:>9} {:>8} {:<20} {:>9} {:>7} {:>6} {:>6}",
        "format", "MB", "threads", "ours s", "MB/s", "peer", "peer s", "ratio", "reach", "peak"
    );
    for row in ROWS.iter().filter(|row| words.is_empty() || words.iter().any(|word| row.name.contains(word.as_str()))) {
        let made = data::make(row.name, &folder, megabytes);
        for threads in [1, 2] {
            compare(row, &made, threads);
        }
    }
    if words.is_empty() || words.iter().any(|word| "streaming".contains(word.as_str())) {
        stream(&folder, megabytes);
    }
}

fn compare(row: &Row, made: &Made, threads: usize) {
    let job = Job::new(row.content_type, &made.path, threads);
    let idle = best(|| job.run("none", ""));
    let read = best(|| job.run("read-channel", "train"));
    let ours = (read.seconds - idle.seconds).max(1e-9);
    let peak = (read.peak_bytes - idle.peak_bytes) as f64 / made.tensor_bytes as f64;
    let megabytes = made.bytes as f64 / 1e6;
    let short = if peak > 1.3 { " LARGE" } else { "" };
    for (peer, seconds) in peers(row.name, &made.path, threads) {
        let reach = row.reach.iter().find(|(name, _)| *name == peer).map(|(_, reach)| *reach);
        let ratio = seconds / ours;
        let verdict = if reach.is_some_and(|reach| ratio < reach) { " SHORT" } else { "" };
        println!(
            "{:<9} {megabytes:>7.0} {threads:>7} {ours:>9.3} {:>8.0} {peer:<20} {seconds:>9.3} {ratio:>7.2} {:>6} {peak:>6.2}{short}{verdict}",
            row.name,
            megabytes / ours,
            reach.map_or_else(|| "-".to_owned(), |reach| format!("{reach:.3}").trim_end_matches('0').trim_end_matches('.').to_owned())
        );
    }
}

/// Seconds of each peer.
fn peers(what: &str, path: &Path, threads: usize) -> Vec<(String, f64)> {
    let run = peers::peer_of("readers", "readers.py", threads).arg(what).arg(path).arg(threads.to_string()).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    // Some packages greet.
    let text = String::from_utf8(run.stdout).unwrap();
    let found: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    found.as_object().unwrap().iter().map(|(name, seconds)| (name.clone(), seconds.as_f64().unwrap())).collect()
}

/// A channel in batches: ten times the rows are to take ten times the time and the same memory.
fn stream(folder: &Path, megabytes: usize) {
    println!("\nin batches of 10,000 rows, 2 threads:");
    println!("{:<9} {:>7} {:>9} {:>8} {:>10}", "format", "MB", "seconds", "MB/s", "peak MB");
    for megabytes in [megabytes / 10, megabytes] {
        let made = data::make("csv", &folder.join(format!("{megabytes}")), megabytes);
        let job = Job::new("text/csv", &made.path, 2);
        let idle = best(|| job.run("none", ""));
        let taken = best(|| job.run("epochs", "train 1 10000"));
        let seconds = taken.seconds - idle.seconds;
        let size = made.bytes as f64 / 1e6;
        println!("{:<9} {size:>7.0} {seconds:>9.3} {:>8.0} {:>10.1}", "csv", size / seconds, taken.peak_bytes as f64 / 1e6);
    }
}

fn best(mut run: impl FnMut() -> Taken) -> Taken {
    let all: Vec<Taken> = (0..TURNS).map(|_| run()).collect();
    Taken {
        seconds: all.iter().map(|taken| taken.seconds).fold(f64::INFINITY, f64::min),
        peak_bytes: all.iter().map(|taken| taken.peak_bytes).max().unwrap(),
    }
}
