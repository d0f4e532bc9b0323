//! How much of a call's time passes in the host: in kernels, most of all, and in whatever else the algorithm imports.

use std::time::{Duration, Instant};

use wasmtime::CallHook;

/// A clock that runs while a call is in the host.
#[derive(Debug, Default)]
pub(super) struct KernelTime {
    /// Imports that have been entered and not left. The host calls back into the algorithm for room for its results.
    depth: u32,
    since: Option<Instant>,
    total: Duration,
}

impl KernelTime {
    /// A call begins.
    pub(super) fn begin(&mut self) {
        *self = KernelTime::default();
    }

    /// The present call goes from one side to the other.
    pub(super) fn note(&mut self, hook: CallHook) {
        match hook {
            CallHook::CallingHost => {
                self.depth += 1;
                self.since = Some(Instant::now());
            }
            CallHook::ReturningFromHost => {
                self.pause();
                self.depth = self.depth.saturating_sub(1);
            }
            CallHook::CallingWasm => self.pause(),
            CallHook::ReturningFromWasm => self.since = (self.depth > 0).then(Instant::now),
        }
    }

    /// Of the last call.
    pub(super) fn total(&self) -> Duration {
        self.total
    }

    fn pause(&mut self) {
        self.total += self.since.take().map_or(Duration::ZERO, |since| since.elapsed());
    }
}

#[cfg(test)]
mod tests {
    use std::thread::sleep;

    use super::*;

    #[test]
    fn only_time_in_the_host_counts_also_around_calls_back() {
        const LONG: Duration = Duration::from_millis(20);
        let mut time = KernelTime::default();
        let mut pass = |hooks: &[CallHook]| {
            for hook in hooks {
                time.note(*hook);
                sleep(LONG);
            }
            time.total()
        };
        // Outside of the host: after entering the algorithm, and after coming back to it.
        assert_eq!(pass(&[CallHook::CallingWasm]), Duration::ZERO);
        let first = pass(&[CallHook::CallingHost, CallHook::ReturningFromHost]);
        assert!(first >= LONG && first < LONG * 2, "{first:?}");
        // An import that calls back, which itself imports something: 3 stretches in the host, 2 of 6 in the algorithm, and 1 after.
        let nested = [
            CallHook::CallingHost,
            CallHook::CallingWasm,
            CallHook::CallingHost,
            CallHook::ReturningFromHost,
            CallHook::ReturningFromWasm,
            CallHook::ReturningFromHost,
        ];
        let all = pass(&nested) - first;
        assert!(all >= LONG * 3 && all < LONG * 4, "{all:?}");
        let after = pass(&[CallHook::ReturningFromWasm]);
        assert_eq!(after, first + all);
        time.begin();
        assert_eq!(time.total(), Duration::ZERO);
    }
}
