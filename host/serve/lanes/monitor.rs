//! Who decides on the mode: looks every few milliseconds whether an instance is in a slow call.
//!
//! On a machine that is busy, a thread may have to wait long for a processor in the middle of a quick call. That makes no call slow: to hand
//! connections over would only add to the threads that want to run. So what counts is for how long the thread ran, or slept.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use super::{LOOK, Lane, Shared};

/// A call of this length ends the quick mode; so does a mean of twice `QUICK_MEAN_NS`.
pub(super) const SLOW_CALL: Duration = Duration::from_millis(5);

/// The mean call, in nanoseconds, below which quick mode pays.
const QUICK_MEAN_NS: u64 = 200_000;

/// How long the slow mode lasts after a call that was stuck.
const FIRST_PENALTY: Duration = Duration::from_secs(1);
const LONGEST_PENALTY: Duration = Duration::from_secs(60);

/// Decides until the server ends. After a call that was stuck, the slow mode lasts a while, longer each time until a quiet time has passed.
pub(super) fn watch(lanes: &[Arc<Lane>], shared: &Shared) {
    let mut penalty = FIRST_PENALTY;
    let mut slow_until = Instant::now();
    let mut calls: Vec<Option<Call>> = lanes.iter().map(|_| None).collect();
    while !shared.is_stopped() {
        thread::sleep(LOOK);
        let (now, mean) = (Instant::now(), shared.mean_ns.load(Ordering::Relaxed));
        let stuck = lanes.iter().zip(&mut calls).fold(false, |any, (lane, call)| is_stuck(lane, call) || any);
        if !shared.is_quick() {
            let quick = now >= slow_until && mean < QUICK_MEAN_NS && !stuck;
            shared.quick.store(quick, Ordering::Release);
        } else if stuck || mean > QUICK_MEAN_NS * 2 {
            if stuck {
                let quiet = now.duration_since(slow_until) > LONGEST_PENALTY;
                penalty = if quiet { FIRST_PENALTY } else { (penalty * 2).min(LONGEST_PENALTY) };
                slow_until = now + penalty;
            }
            shared.quick.store(false, Ordering::Release);
            lanes.iter().for_each(|lane| lane.end_turn());
        }
    }
}

/// A call that was seen.
struct Call {
    /// Told apart from others by when it began.
    since_ms: u64,
    seen: Instant,
    /// For how long the thread had run when it was seen.
    ran: Duration,
}

/// Whether the lane's instance is in the same call as at the last look, and has run or slept in it for long.
fn is_stuck(lane: &Lane, last: &mut Option<Call>) -> bool {
    let (since_ms, thread) = (lane.busy_since_ms.load(Ordering::Relaxed), lane.thread.get());
    let Some(thread) = thread.filter(|_| since_ms != 0) else {
        *last = None;
        return false;
    };
    match last {
        Some(call) if call.since_ms == since_ms => {
            let long = call.seen.elapsed() >= SLOW_CALL;
            long && (!wants_to_run(thread) || ran(thread).saturating_sub(call.ran) >= SLOW_CALL)
        }
        _ => {
            *last = Some(Call { since_ms, seen: Instant::now(), ran: ran(thread) });
            false
        }
    }
}

/// Where the system tells about the thread that asks.
pub(super) fn own_thread() -> PathBuf {
    std::fs::read_link("/proc/thread-self").map_or_else(|_| PathBuf::new(), |own| Path::new("/proc").join(own))
}

/// For how long a thread has run.
fn ran(thread: &Path) -> Duration {
    let told = std::fs::read_to_string(thread.join("schedstat")).unwrap_or_default();
    Duration::from_nanos(told.split(' ').next().and_then(|ran| ran.parse().ok()).unwrap_or(0))
}

/// Whether a thread runs, or would if there were a processor for it. Where the system does not say, it does not.
fn wants_to_run(thread: &Path) -> bool {
    let told = std::fs::read_to_string(thread.join("stat")).unwrap_or_default();
    // The name comes before, in parentheses, and may have any character.
    told.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('R'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_tells_a_thread_that_works_from_one_that_sleeps() {
        let (own, begun) = (own_thread(), Instant::now());
        let before = ran(&own);
        while ran(&own) < before + Duration::from_millis(50) {
            assert!(begun.elapsed() < Duration::from_secs(20), "it does not count what a thread runs");
        }
        assert!(wants_to_run(&own));
        let (sender, receiver) = std::sync::mpsc::channel();
        let sleeper = thread::spawn(move || {
            sender.send(own_thread()).unwrap();
            thread::sleep(Duration::from_millis(300));
        });
        let other = receiver.recv().unwrap();
        thread::sleep(Duration::from_millis(100));
        assert!(!wants_to_run(&other) && other != own);
        sleeper.join().unwrap();
    }
}
