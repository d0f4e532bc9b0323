//! What the benchmark prints.

use serde_json::json;

use super::case::{Case, Work};
use super::measure::Timing;

/// Prints rows as they come, or one JSON array at the end.
pub(super) struct Table<'a> {
    json: Option<Vec<serde_json::Value>>,
    print: &'a mut dyn FnMut(&str),
}

impl<'a> Table<'a> {
    pub(super) fn new(json: bool, threads: usize, print: &'a mut dyn FnMut(&str)) -> Table<'a> {
        if !json {
            print(&format!("kernels on {threads} threads, median of repeated calls on operands that are in memory already\n"));
            print(&format!("{:<40} {:<48} {:>12} {:>14}\n", "kernel", "operands", "time", "rate"));
        }
        Table { json: json.then(Vec::new), print }
    }

    pub(super) fn row(&mut self, case: &Case, timing: Timing) {
        let Some(rows) = &mut self.json else {
            let (time, rate) = (time(timing.median), rate(case.work, timing.median));
            return (self.print)(&format!("{:<40} {:<48} {time:>12} {rate:>14}\n", case.kernel, case.operands));
        };
        rows.push(json!({
            "kernel": case.kernel, "operands": case.operands, "seconds_median": timing.median, "seconds_fastest": timing.fastest,
        }));
    }

    pub(super) fn end(self) {
        if let Some(rows) = self.json {
            (self.print)(&format!("{:#}\n", serde_json::Value::from(rows)));
        }
    }
}

fn time(seconds: f64) -> String {
    match seconds {
        s if s < 1e-6 => format!("{:.0} ns", s * 1e9),
        s if s < 1e-3 => format!("{:.2} us", s * 1e6),
        s if s < 1.0 => format!("{:.2} ms", s * 1e3),
        s => format!("{s:.3} s"),
    }
}

fn rate(work: Work, seconds: f64) -> String {
    match work {
        Work::Operations(count) => format!("{:.1} GFLOP/s", count / seconds / 1e9),
        Work::Bytes(count) => format!("{:.1} GB/s", count / seconds / 1e9),
        Work::Items(count) => format!("{:.1} M/s", count / seconds / 1e6),
    }
}
