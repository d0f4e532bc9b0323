//! The figures beside what is called good enough.

/// What a figure may be at most.
#[derive(Clone, Copy)]
pub(crate) enum Bound {
    /// Not a hair more.
    Exact(f64),
    /// Twice as much on a busy machine.
    Slack(f64),
}

/// Printed as it grows; an error at its end when a figure is beyond its bound.
pub(crate) struct Table {
    beyond: Vec<String>,
}

impl Table {
    pub(crate) fn new() -> Table {
        println!("{:<58} {:>12} {:>10} {:>8}", "", "", "reach", "stretch");
        Table { beyond: Vec::new() }
    }

    pub(crate) fn megabytes(&mut self, name: &str, bytes: u64, bound: Bound, stretch: f64) {
        self.at_most(name, bytes as f64 / 1e6, "MB", bound, stretch);
    }

    pub(crate) fn milliseconds(&mut self, name: &str, ms: f64, bound: Bound, stretch: f64) {
        self.at_most(name, ms, "ms", bound, stretch);
    }

    fn at_most(&mut self, name: &str, value: f64, unit: &str, bound: Bound, stretch: f64) {
        let (reach, most) = match bound {
            Bound::Exact(reach) => (reach, reach),
            Bound::Slack(reach) => (reach, 2.0 * reach),
        };
        let verdict = if value > reach { " SHORT" } else { "" };
        println!("{name:<58} {value:>9.2} {unit} {reach:>7} {unit} {stretch:>5} {unit}{verdict}");
        if value > most {
            self.beyond.push(format!("{name}: {value:.2} {unit}, at most {most} {unit} are allowed"));
        }
    }

    /// How many times as much somebody else's is.
    pub(crate) fn ratio(&mut self, name: &str, ratio: f64, reach: f64) {
        let verdict = if ratio < reach { " SHORT" } else { "" };
        println!("{name:<58} {ratio:>9.1} x  {reach:>7} x {:>6} x{verdict}", 100);
    }

    pub(crate) fn end(self) {
        assert!(self.beyond.is_empty(), "{}", self.beyond.join("\n"));
    }
}
