//! Times a call.

use std::time::{Duration, Instant};

use algohost_kernels::{Context, Result};

use super::case::Case;

/// How long a case is repeated, at most and at least this many times.
const PATIENCE: Duration = Duration::from_millis(600);
const MOST_ROUNDS: usize = 301;
const FEWEST_ROUNDS: usize = 3;
/// Calls shorter than this are timed several at a time, since the clock itself takes some 20 ns.
const SHORT: Duration = Duration::from_micros(20);

/// Seconds of one call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timing {
    /// Half of the calls took less.
    pub median: f64,
    /// The fastest.
    pub fastest: f64,
}

/// Prepares the case, runs it once unmeasured, then until it has been timed well enough: on a thread of the pool, as a training guest is.
///
/// # Errors
/// Whatever the kernel answers.
pub fn measure(case: &Case, context: &Context) -> Result<Timing> {
    context.in_pool(|| repeat(case, context))
}

fn repeat(case: &Case, context: &Context) -> Result<Timing> {
    let mut call = case.prepare(context)?;
    call(context)?;
    let begun = Instant::now();
    call(context)?;
    let first = begun.elapsed();
    let together = if first < SHORT { (SHORT.as_nanos() / first.as_nanos().max(1)).max(1) as usize * 10 } else { 1 };
    let mut times = Vec::new();
    let begun = Instant::now();
    while times.len() < FEWEST_ROUNDS || (times.len() < MOST_ROUNDS && begun.elapsed() < PATIENCE) {
        let start = Instant::now();
        for _ in 0..together {
            call(context)?;
        }
        times.push(start.elapsed().as_secs_f64() / together as f64);
    }
    times.sort_by(f64::total_cmp);
    Ok(Timing { median: times[times.len() / 2], fastest: times[0] })
}
