//! The metrics of a job: told as they come, remembered for the report, and bounded whatever a guest does.
//!
//! Every value becomes a line while there are few. From [`FULL`] lines on, only every second value of a metric does, after as many lines
//! more every fourth, and so on: the number of lines grows with the logarithm of the number of calls, and the curve keeps its shape. The
//! last value of every metric is always told.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::curve::Curve;
use super::lines::{Embedded, json_line, plain};

/// Lines before they become fewer.
const FULL: u64 = 20_000;

/// Metrics that are told apart at most.
const MOST_NAMES: usize = 500;

/// Characters of a name; the platform's limit.
const LONGEST_NAME: usize = 255;

/// A metric that the component declares.
#[derive(Clone, Debug)]
pub struct Declared {
    /// Its name.
    pub name: String,
    /// Its unit, or nothing.
    pub unit: String,
}

/// How metrics are told.
#[derive(Clone, Debug, Default)]
pub struct Telling {
    /// What the component declares. Other names are told too, with a warning.
    pub declared: Vec<Declared>,
    /// Where a JSON line for each value goes; what is there already is left alone.
    pub file: Option<PathBuf>,
    /// Lines for CloudWatch.
    pub embedded: Option<Embedded>,
    /// How long it is from one line about progress to the next at least; none without.
    pub progress_every: Option<Duration>,
}

#[derive(Debug)]
struct Told {
    curve: Curve,
    /// Whether the last value became a line.
    last: bool,
}

/// The metrics of one job.
#[derive(Debug)]
pub(super) struct Metrics {
    telling: Telling,
    file: Option<File>,
    told: Vec<Told>,
    by_name: HashMap<String, usize>,
    lines: u64,
    /// After so many lines they become fewer.
    full: u64,
    /// One of so many values of a metric becomes a line.
    stride: u64,
    refused_a_name: bool,
}

impl Default for Metrics {
    fn default() -> Metrics {
        Metrics::new(Telling::default())
    }
}

impl Metrics {
    pub(super) fn new(telling: Telling) -> Metrics {
        let (told, by_name) = (Vec::new(), HashMap::new());
        Metrics { telling, file: None, told, by_name, lines: 0, full: FULL, stride: 1, refused_a_name: false }
    }

    pub(super) fn add(&mut self, name: &str, value: f64, step: u32) {
        let Some(at) = self.by_name.get(name).copied().or_else(|| self.meet(name)) else { return };
        let told = &mut self.told[at];
        told.last = told.curve.count.is_multiple_of(self.stride);
        told.curve.add(step, value);
        if told.last {
            self.tell(at);
        }
    }

    /// The place of a name that was not seen before in just these letters; none when there are too many.
    fn meet(&mut self, name: &str) -> Option<usize> {
        let line: String = super::one_line(name).chars().take(LONGEST_NAME).collect();
        if let Some(at) = self.by_name.get(&line) {
            return Some(*at);
        }
        if self.told.len() >= MOST_NAMES {
            if !self.refused_a_name {
                self.refused_a_name = true;
                tracing::warn!("metrics: more than {MOST_NAMES} names; '{line}' and other new ones are left out");
            }
            return None;
        }
        if !self.telling.declared.is_empty() && !self.telling.declared.iter().any(|declared| declared.name == line) {
            tracing::warn!("metric '{line}' is not declared by the component; it is passed on");
        }
        self.told.push(Told { curve: Curve::new(line.clone()), last: false });
        self.by_name.insert(line, self.told.len() - 1);
        Some(self.told.len() - 1)
    }

    /// Makes the last value of a metric a line.
    fn tell(&mut self, at: usize) {
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_millis() as f64 / 1000.0);
        let curve = &self.told[at].curve;
        let (name, (step, value)) = (&curve.name, curve.last);
        let mut lines = plain(name, value, step);
        if let Some(embedded) = &self.telling.embedded {
            let unit = self.telling.declared.iter().find(|declared| declared.name == *name).map_or("", |declared| &declared.unit);
            lines.push_str(&embedded.line(seconds, name, unit, value, step).unwrap_or_default());
        }
        let row = json_line(seconds, name, value, step);
        // Whoever closed stdout does not want metrics; that is no reason to stop a job.
        let _ = super::bar::above(|| std::io::stdout().write_all(lines.as_bytes()));
        self.keep(&row);
        self.lines += 1;
        if self.lines.is_multiple_of(self.full) {
            if self.stride == 1 {
                tracing::warn!("metrics: {} values were told; from now on every second one of each metric is, and later fewer", self.full);
            }
            self.stride = self.stride.saturating_mul(2);
        }
    }

    /// Adds a line to the file, which is made with the first one: a guest's own file of that name, or its link to elsewhere, is left alone.
    fn keep(&mut self, row: &str) {
        let Some(path) = &self.telling.file else { return };
        let written = match &mut self.file {
            Some(file) => file.write_all(row.as_bytes()),
            None => File::create_new(path).and_then(|mut file| {
                file.write_all(row.as_bytes())?;
                self.file = Some(file);
                Ok(())
            }),
        };
        if let Err(error) = written {
            tracing::warn!("metrics: {} cannot be written: {error}; they are on the standard output only", path.display());
            self.telling.file = None;
        }
    }

    /// Tells the last value of every metric that did not become a line, and gives all curves.
    pub(super) fn finish(&mut self) -> Vec<Curve> {
        for at in 0..self.told.len() {
            if !std::mem::replace(&mut self.told[at].last, true) {
                self.tell(at);
            }
        }
        self.told.iter().map(|told| told.curve.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_values_are_few_lines_and_the_last_one_is_among_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        let mut metrics = Metrics::new(Telling { file: Some(path.clone()), ..Telling::default() });
        metrics.full = 10;
        for step in 0..10_002 {
            metrics.add("loss", f64::from(step), step);
        }
        metrics.add("other", 1.0, 0);
        let curves = metrics.finish();
        assert_eq!((curves.len(), curves[0].count, curves[0].last), (2, 10_002, (10_001, 10_001.0)));
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert!((90..130).contains(&lines.len()), "{}", lines.len());
        assert!(lines.iter().any(|line| line.contains("\"other\"")));
        assert!(lines.iter().any(|line| line.ends_with("\"step\":10001}")));
        assert_eq!(metrics.finish().len(), 2);
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), lines.len(), "told twice");
    }

    #[test]
    fn endless_names_are_bounded() {
        let mut metrics = Metrics::default();
        metrics.add(&"x".repeat(10_000), 1.0, 0);
        for name in 0..2_000 {
            metrics.add(&name.to_string(), 1.0, 0);
        }
        let curves = metrics.finish();
        assert_eq!(curves.len(), MOST_NAMES);
        assert!(curves.iter().all(|curve| curve.name.chars().count() <= LONGEST_NAME));
    }

    #[test]
    fn a_link_that_a_guest_planted_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (path, elsewhere) = (folder.path().join("metrics.jsonl"), folder.path().join("elsewhere"));
        std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
        let mut metrics = Metrics::new(Telling { file: Some(path), ..Telling::default() });
        metrics.add("loss", 1.0, 0);
        assert!(!elsewhere.exists());
    }
}
