//! The figures beside what is called good enough.

/// What is called good enough, and what is an error.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) reach: f64,
    pub(crate) stretch: f64,
    /// An error beyond it. Of a size, it is what is held at present: no commit makes it larger unseen. Of a time, it leaves room for a busy machine.
    pub(crate) most: f64,
}

/// Printed as it grows; an error at its end when a figure is beyond its bounds.
pub(crate) struct Table {
    beyond: Vec<String>,
}

impl Table {
    pub(crate) fn new() -> Table {
        println!("{:<62} {:>9} {:>13} {:>8}", "", "", "reach", "stretch");
        Table { beyond: Vec::new() }
    }

    pub(crate) fn megabytes(&mut self, name: &str, bytes: u64, bounds: Bounds) {
        self.at_most(name, bytes as f64 / 1e6, "MB", bounds);
    }

    pub(crate) fn milliseconds(&mut self, name: &str, ms: f64, bounds: Bounds) {
        self.at_most(name, ms, "ms", bounds);
    }

    fn at_most(&mut self, name: &str, value: f64, unit: &str, Bounds { reach, stretch, most }: Bounds) {
        let verdict = if value > reach { " SHORT" } else { "" };
        println!("{name:<62} {value:>9.2} {unit} {reach:>7} {unit} {stretch:>5} {unit}{verdict}");
        if value > most {
            self.beyond.push(format!("{name}: {value:.2} {unit}, at most {most} {unit} are allowed"));
        }
    }

    /// How many times as much somebody else's is.
    pub(crate) fn ratio(&mut self, name: &str, ratio: f64, reach: f64) {
        let verdict = if ratio < reach { " SHORT" } else { "" };
        println!("{name:<62} {ratio:>9.1} x  {reach:>7} x {:>6} x{verdict}", 100);
    }

    pub(crate) fn end(self) {
        assert!(self.beyond.is_empty(), "{}", self.beyond.join("\n"));
    }
}
