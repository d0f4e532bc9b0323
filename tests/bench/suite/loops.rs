//! A guest's own loops: in WebAssembly's vectors, against the same source compiled into this program for the oldest x86-64.

use std::time::Instant;

use serde_json::json;

use crate::source::Arrays;
use crate::table::{Measured, Reach, print_row};
use crate::timed_guest::TimedGuest;

/// The loops, and what they should keep of the native one's speed. A histogram is no work for vectors, and nothing was promised of it.
const LOOPS: [(&str, Option<f64>); 4] = [("dot", Some(0.8)), ("axpy", Some(0.8)), ("sigmoid", Some(0.8)), ("histogram", None)];
/// Runs over the elements in one measurement, about a tenth of a second.
const COUNT: u32 = 100_000;

pub(crate) fn run(wanted: &dyn Fn(&str) -> bool, turns: usize) {
    for (what, reach) in LOOPS {
        let name = format!("a guest's own loop: {what}, 4096 elements");
        if !wanted(&name) {
            continue;
        }
        let guest = TimedGuest::new("loops", 1);
        let mut ours = Measured::nothing_yet("algohost", 0.0);
        let mut native = Measured::nothing_yet("native Rust", 0.0);
        for _ in 0..3 * turns {
            ours.seconds = ours.seconds.min(guest.nanoseconds(&json!({"what": what, "count": COUNT.to_string()})) / 1e9);
            native.seconds = native.seconds.min(seconds(what));
        }
        print_row(&name, &ours, &native, reach.map(Reach::Ratio), None);
    }
}

/// Of one native run.
fn seconds(what: &str) -> f64 {
    let mut arrays = Arrays::new();
    let start = Instant::now();
    for _ in 0..COUNT {
        std::hint::black_box(arrays.run(std::hint::black_box(what)));
    }
    start.elapsed().as_secs_f64() / f64::from(COUNT)
}
