//! Looking for the next request instead of sleeping.
//!
//! To wake a processor that sleeps takes about as long as to answer a small request. So a lane that runs out of work looks out for more before
//! it goes to sleep. That pays where a client asks again as soon as it has its answer, and where the processor has nothing else to do: one
//! lane looks at a time, only while all others sleep, and one that has looked in vain for some time does so rarely.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How long a lane looks: a client next door answers within half of it.
const LONGEST: Duration = Duration::from_micros(200);

/// What all lanes know of each other.
#[derive(Default)]
pub(super) struct Lookout {
    /// Lanes that have something to do.
    awake: AtomicUsize,
    looking: AtomicBool,
}

/// How looking has paid for one lane.
pub(super) struct Luck {
    /// Times that it may still look in vain.
    left: AtomicU32,
    /// Times that it had nothing to do since it ran out of luck.
    idle: AtomicU32,
}

/// Somebody is awake, or asleep, until this is dropped.
pub(super) struct Turn<'a> {
    lookout: &'a Lookout,
    awake: bool,
}

impl Lookout {
    /// A lane begins its turn.
    pub(super) fn wake(&self) -> Turn<'_> {
        self.awake.fetch_add(1, Ordering::Relaxed);
        Turn { lookout: self, awake: true }
    }

    /// A lane that is awake goes to sleep.
    pub(super) fn sleep(&self) -> Turn<'_> {
        self.awake.fetch_sub(1, Ordering::Relaxed);
        Turn { lookout: self, awake: false }
    }

    /// Lets the lane's tasks run until there is something to do, or it is time to sleep.
    pub(super) async fn look(&self, luck: &Luck, is_idle: impl Fn() -> bool) {
        if self.others_are_awake() || !luck.allows() || self.looking.swap(true, Ordering::Relaxed) {
            return;
        }
        let since = Instant::now();
        while is_idle() && since.elapsed() < LONGEST && !self.others_are_awake() {
            tokio::task::yield_now().await;
        }
        self.looking.store(false, Ordering::Relaxed);
        luck.learn(!is_idle(), since.elapsed() >= LONGEST);
    }

    fn others_are_awake(&self) -> bool {
        self.awake.load(Ordering::Relaxed) > 1
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        match self.awake {
            true => self.lookout.awake.fetch_sub(1, Ordering::Relaxed),
            false => self.lookout.awake.fetch_add(1, Ordering::Relaxed),
        };
    }
}

impl Luck {
    /// Most times in a row that a lane looks in vain.
    const MOST: u32 = 16;
    /// What one success adds.
    const GAIN: u32 = 2;
    /// How often a lane without luck tries again: every so many times that it has nothing to do.
    const PAUSE: u32 = 64;

    pub(super) fn new() -> Luck {
        Luck { left: AtomicU32::new(Luck::MOST), idle: AtomicU32::new(0) }
    }

    fn allows(&self) -> bool {
        self.left.load(Ordering::Relaxed) > 0 || self.idle.fetch_add(1, Ordering::Relaxed).is_multiple_of(Luck::PAUSE)
    }

    /// Only the lane's own driver does.
    fn learn(&self, found: bool, in_vain: bool) {
        let left = self.left.load(Ordering::Relaxed);
        let next = match (found, in_vain) {
            (true, _) => (left + Luck::GAIN).min(Luck::MOST),
            (false, true) => left.saturating_sub(1),
            (false, false) => left,
        };
        self.left.store(next, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn looks(lookout: &Lookout, luck: &Luck, found_after: u32) -> u32 {
        let (runtime, seen) = (tokio::runtime::Builder::new_current_thread().build().unwrap(), Cell::new(0));
        let is_idle = || {
            seen.set(seen.get() + 1);
            seen.get() <= found_after
        };
        runtime.block_on(lookout.look(luck, is_idle));
        seen.get()
    }

    #[test]
    fn a_lane_looks_alone_and_as_long_as_it_pays() {
        let (lookout, luck) = (Lookout::default(), Luck::new());
        let own = lookout.wake();
        // On a busy machine, a look may be over before it has begun.
        let finds = || (0..8).any(|_| looks(&lookout, &luck, 3) > 3);
        assert!(finds());
        let other = lookout.wake();
        assert_eq!(looks(&lookout, &luck, 3), 0);
        {
            let _asleep = lookout.sleep();
            assert!(finds());
        }
        drop(other);
        let in_vain = (0..200).filter(|_| looks(&lookout, &luck, u32::MAX) > 0).count();
        assert!((16..30).contains(&in_vain), "{in_vain}");
        let found = (0..200).filter(|_| looks(&lookout, &luck, 3) > 0).count();
        assert!(found > 130, "{found}");
        drop(own);
        assert_eq!(lookout.awake.load(Ordering::Relaxed), 0);
    }
}
