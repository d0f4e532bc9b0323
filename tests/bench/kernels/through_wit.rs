//! The guest that makes the same calls.

use algohost::bench::Case;

use crate::timed_guest::TimedGuest;

/// Wall-clock time of the repeated calls, about.
const PATIENCE_US: f64 = 400_000.0;

pub(crate) struct Guest(TimedGuest);

impl Guest {
    pub(crate) fn new(threads: usize) -> Guest {
        Guest(TimedGuest::new("kernels", threads))
    }

    /// Of one call of the case, which takes about `native` microseconds.
    pub(crate) fn microseconds(&self, case: &Case, native: f64) -> f64 {
        let count = (PATIENCE_US / native.max(0.05)).clamp(3.0, 3e6) as u32;
        self.0.nanoseconds(&serde_json::json!({"case": case.key(), "count": count.to_string()})) / 1e3
    }
}
