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
mod start;

#[path = "../figures.rs"]
mod figures;
#[path = "../guests.rs"]
mod guests;
#[path = "../load.rs"]
mod load;
#[path = "../server.rs"]
mod server;
#[path = "../timed_guest.rs"]
mod timed_guest;

use std::process::Command;

use guests::{compiled, repository};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    if words.first().is_some_and(|word| word == echo::CHILD) {
        return echo::serve(&words[1]);
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
