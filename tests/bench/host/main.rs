//! `cargo bench --bench host`: what one host call costs, how fast requests are answered, how soon the server is ready. Peers run in the same
//! minute on the same machine, interleaved; the figures to look at are the ratios.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a measurement that cannot go on should stop, and prints what it found"
)]

mod calls;
mod echo;
mod http;
mod load;
mod start;

#[path = "../guests.rs"]
mod guests;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use guests::{guest, repository};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    if words.first().is_some_and(|word| word == echo::CHILD) {
        return echo::serve();
    }
    let wanted = |name: &str| words.is_empty() || words.iter().any(|word| word == name);
    if wanted("calls") {
        calls::run();
    }
    if wanted("start") {
        start::run();
    }
    if wanted("http") {
        http::run();
    }
}

/// The release binary.
fn algohost() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_algohost"));
    command.env_clear();
    command
}

/// The same, compiled to native code.
fn compiled(name: &str, folder: &Path) -> PathBuf {
    let cwasm = folder.join(name).with_extension("cwasm");
    let compiled = algohost().arg("compile").arg(guest(name)).arg("-o").arg(&cwasm).stdout(Stdio::null()).status().unwrap();
    assert!(compiled.success());
    cwasm
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
