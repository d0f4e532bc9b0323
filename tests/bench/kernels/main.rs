//! `cargo bench --bench kernels [-- WORD...]`: every kernel called natively, through WIT from a guest, and the same work by a peer, in turns.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a measurement that cannot go on should stop, and prints what it found"
)]

#[path = "../guests.rs"]
mod guests;
#[path = "../peers.rs"]
mod peers;

mod python;
mod through_wit;
#[path = "../timed_guest.rs"]
mod timed_guest;

use algohost::bench::{Case, cases, measure};
use algohost_kernels::{Budget, Cancel, Context, Pool};
use python::Peer;
use through_wit::Guest;

/// Turns that each of the three takes.
const ROUNDS: usize = 3;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let threads = std::env::var("ALGOHOST_THREADS").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    let pool = Pool::new(threads).unwrap();
    let threads = pool.threads();
    let context = Context::new(Budget::new(8 << 30), Cancel::default(), pool);
    let (guest, mut peer) = (Guest::new(threads), Peer::new(threads));
    println!(
        "kernels on {threads} threads: native, through WIT, and a peer; best of {ROUNDS} turns, each a median; ratio = peer / through WIT"
    );
    println!(
        "{:<40} {:<48} {:>11} {:>11} {:>11} {:>11} {:>6}  peer",
        "kernel", "operands", "native us", "WIT us", "added us", "peer us", "ratio"
    );
    for case in cases().iter().filter(|case| words.is_empty() || words.iter().any(|word| case.key().contains(word.as_str()))) {
        compare(case, &context, &guest, &mut peer);
    }
}

fn compare(case: &Case, context: &Context, guest: &Guest, peer: &mut Peer) {
    let (mut native, mut wit, mut other) = (f64::INFINITY, f64::INFINITY, None);
    for _ in 0..ROUNDS {
        native = native.min(measure(case, context).unwrap().median * 1e6);
        wit = wit.min(guest.microseconds(case, native));
        other = match (peer.everybody(&case.key()).into_iter().next(), other) {
            (Some((name, time)), Some((_, best))) => Some((name, time.min(best))),
            (found, _) => found,
        };
    }
    let (name, time, ratio) =
        other.map_or_else(Default::default, |(name, time): (String, f64)| (name, format!("{time:.2}"), format!("{:.2}", time / wit)));
    let added = wit - native;
    println!("{:<40} {:<48} {native:>11.2} {wit:>11.2} {added:>11.2} {time:>11} {ratio:>6}  {name}", case.kernel, case.operands);
}
