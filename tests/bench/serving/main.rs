//! `cargo bench --bench serving [-- WORD...]`: predictions a second against a native handler and against the Python servers people run, what
//! joining requests brings, and what a thousand models cost. Peers run in the same minutes on the same machine, interleaved.
//!
//! Words: `native`, `python`, `mms`, `batching`, `models`.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a measurement that cannot go on should stop, and prints what it found"
)]

mod batching;
#[path = "../figures.rs"]
mod figures;
mod flask;
#[path = "../guests.rs"]
mod guests;
#[path = "../load.rs"]
mod load;
mod mms;
mod models;
mod native;
#[path = "../peers.rs"]
mod peers;
mod predict;
#[path = "../server.rs"]
mod server;
mod trained;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    if words.first().is_some_and(|word| word == native::CHILD) {
        return native::serve(&words[1]);
    }
    let wanted = |name: &str| words.is_empty() || words.iter().any(|word| word == name);
    if wanted("native") {
        predict::against_native();
    }
    if wanted("python") {
        predict::against_python();
    }
    if wanted("mms") {
        predict::against_mms();
    }
    if wanted("batching") {
        batching::run();
    }
    if wanted("models") {
        models::run();
    }
}
