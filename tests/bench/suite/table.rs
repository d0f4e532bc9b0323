//! What is printed.

use crate::rows::Quality;

/// What somebody took, and how good the result is.
pub(crate) struct Measured {
    pub(crate) name: String,
    /// For the work.
    pub(crate) seconds: f64,
    /// For reading the files before, where that is not part of it.
    pub(crate) read_seconds: f64,
    pub(crate) quality: f64,
}

/// What the peer takes over what we take, at least.
#[derive(Clone, Copy)]
pub(crate) enum Reach {
    /// Reading and working, both sides.
    Ratio(f64),
    /// The peer's work alone over our reading and working.
    Alone(f64),
}

impl Measured {
    /// Somebody who has not begun.
    pub(crate) fn nothing_yet(name: &str, quality: f64) -> Measured {
        Measured { name: name.to_owned(), seconds: f64::INFINITY, read_seconds: 0.0, quality }
    }

    /// Adds a measurement to those of others, or to the same one's of an earlier turn: the shorter time counts.
    pub(crate) fn keep_best(self, others: &mut Vec<Measured>) {
        match others.iter_mut().find(|other| other.name == self.name) {
            Some(other) => {
                other.seconds = other.seconds.min(self.seconds);
                other.read_seconds = other.read_seconds.min(self.read_seconds);
            }
            None => others.push(self),
        }
    }
}

pub(crate) fn print_head(threads: usize, turns: usize) {
    println!("algohost against its peers: {threads} threads, same data, best of {turns} turns");
    println!(
        "ratio = what the peer takes for reading and working / what we take for both; alone = the peer's work alone / ours with reading"
    );
    println!("reach = the least ratio that is called fast enough, or, where it says so, the least alone");
    println!(
        "{:<44} {:>9} {:<22} {:>9} {:>9} {:>7} {:>7} {:>8}  quality (ours, peer)",
        "work", "ours s", "peer", "reads s", "works s", "ratio", "alone", "reach"
    );
}

pub(crate) fn print_row(work: &str, ours: &Measured, peer: &Measured, reach: Option<Reach>, quality: Option<&Quality>) {
    let ratio = (peer.read_seconds + peer.seconds) / ours.seconds;
    let alone = peer.seconds / ours.seconds;
    let (reach, is_short) = match reach {
        Some(Reach::Ratio(least)) => (least.to_string(), ratio < least),
        Some(Reach::Alone(least)) => (format!("{least} alone"), alone < least),
        None => ("-".to_owned(), false),
    };
    let verdict = if is_short { " SHORT" } else { "" };
    let quality = quality.map_or_else(String::new, |quality| quality.show(ours.quality, peer.quality));
    let read = if peer.read_seconds > 0.0 { seconds(peer.read_seconds) } else { "-".to_owned() };
    println!(
        "{work:<44} {:>9} {:<22} {read:>9} {:>9} {ratio:>7.2} {alone:>7.2} {reach:>8}  {quality}{verdict}",
        seconds(ours.seconds),
        peer.name,
        seconds(peer.seconds)
    );
}

/// With three digits that mean something.
fn seconds(value: f64) -> String {
    let digits = (3 - value.max(1e-9).log10().ceil() as i32).clamp(1, 10) as usize;
    format!("{value:.digits$}")
}
