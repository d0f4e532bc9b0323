//! How far a job is, in lines at a bounded rate.

use std::time::{Duration, Instant};

/// Tells how far a job is, at most once in some time.
#[derive(Debug, Default)]
pub(super) struct Progress {
    every: Option<Duration>,
    stage: Option<Stage>,
    told: Option<Instant>,
}

/// A stretch of work that only went forward.
#[derive(Clone, Copy, Debug)]
struct Stage {
    began: Instant,
    from: f64,
    done: f64,
    /// 0 when it is not known.
    total: f64,
}

impl Progress {
    /// At most one line in `every`; none at all without.
    pub(super) fn new(every: Option<Duration>) -> Progress {
        Progress { every, ..Progress::default() }
    }

    /// The line that is due, if one is. The first one is as long in coming as any other, so that a short job has none.
    pub(super) fn line(&mut self, done: f64, total: f64, now: Instant) -> Option<String> {
        let every = self.every?;
        let (done, total) = sense_of(done, total)?;
        let stage = match self.stage {
            Some(stage) if done >= stage.done && total.to_bits() == stage.total.to_bits() => Stage { done, ..stage },
            _ => Stage { began: now, from: done, done, total },
        };
        self.stage = Some(stage);
        let told = *self.told.get_or_insert(now);
        if now.duration_since(told) < every {
            return None;
        }
        self.told = Some(now);
        Some(stage.line(now))
    }
}

/// How much is done and of how much, which is 0 when it is not known; none of what makes no sense.
pub(super) fn sense_of(done: f64, total: f64) -> Option<(f64, f64)> {
    let total = if total.is_finite() && total > 0.0 { total } else { 0.0 };
    (done.is_finite() && done >= 0.0).then_some((done, total))
}

impl Stage {
    fn line(&self, now: Instant) -> String {
        if self.total == 0.0 {
            return format!("{} done", self.done);
        }
        let mut line = format!("{:.0} % done", (self.done / self.total).min(1.0) * 100.0);
        let elapsed = now.duration_since(self.began).as_secs_f64();
        let left = (self.total - self.done) * elapsed / (self.done - self.from);
        if left.is_finite() && left >= 0.0 {
            line.push_str(&format!(", about {} left", time(left)));
        }
        line
    }
}

fn time(seconds: f64) -> String {
    match seconds {
        short if short < 100.0 => format!("{short:.0} s"),
        middle if middle < 6000.0 => format!("{:.0} min", middle / 60.0),
        long => format!("{:.1} h", long / 3600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(every: u64, calls: &[(u64, f64, f64)]) -> Vec<String> {
        let begun = Instant::now();
        let mut progress = Progress::new(Some(Duration::from_secs(every)));
        calls.iter().filter_map(|&(at, done, total)| progress.line(done, total, begun + Duration::from_secs(at))).collect()
    }

    #[test]
    fn lines_keep_their_distance_and_guess_the_end() {
        let calls: Vec<(u64, f64, f64)> = (0..=100).map(|at| (at, at as f64, 100.0)).collect();
        let lines = told(30, &calls);
        assert_eq!(lines, ["30 % done, about 70 s left", "60 % done, about 40 s left", "90 % done, about 10 s left"]);
    }

    #[test]
    fn work_that_begins_anew_is_guessed_anew() {
        let lines = told(1, &[(0, 9.0, 10.0), (10, 0.0, 10.0), (20, 1.0, 10.0), (30, 1.0, 400.0), (40, 2.0, 400.0)]);
        assert_eq!(lines, ["0 % done", "10 % done, about 90 s left", "0 % done", "0 % done, about 66 min left"]);
    }

    #[test]
    fn numbers_that_make_no_sense_are_no_trouble() {
        let lines = told(1, &[(0, 1.0, 0.0), (5, f64::NAN, 1.0), (6, -1.0, 1.0), (7, 3.0, f64::INFINITY), (9, 12.0, 10.0)]);
        assert_eq!(lines, ["3 done", "100 % done"]);
    }
}
