//! What is printed.

use crate::rows::Quality;

/// What somebody took, and how good the result is.
pub(crate) struct Measured {
    pub(crate) name: String,
    pub(crate) seconds: f64,
    pub(crate) quality: f64,
}

pub(crate) fn print_head(threads: usize, turns: usize) {
    println!("algohost against its peers: {threads} threads, same data, best of {turns} turns; ratio = peer's time / ours");
    println!("{:<44} {:>9} {:<22} {:>9} {:>7} {:>6}  quality (ours, peer)", "work", "ours s", "peer", "peer s", "ratio", "reach");
}

pub(crate) fn print_row(work: &str, ours: &Measured, peer: &Measured, reach: Option<f64>, quality: Option<&Quality>) {
    let ratio = peer.seconds / ours.seconds;
    let verdict = match reach {
        Some(reach) if ratio < reach => " SHORT",
        _ => "",
    };
    let reach = reach.map_or_else(|| "-".to_owned(), |reach| format!("{reach}"));
    let quality = quality.map_or_else(String::new, |quality| quality.show(ours.quality, peer.quality));
    println!(
        "{work:<44} {:>9} {:<22} {:>9} {ratio:>7.2} {reach:>6}  {quality}{verdict}",
        seconds(ours.seconds),
        peer.name,
        seconds(peer.seconds)
    );
}

/// With three digits that mean something.
fn seconds(value: f64) -> String {
    let digits = (3 - value.max(1e-6).log10().ceil() as i32).clamp(1, 7) as usize;
    format!("{value:.digits$}")
}
