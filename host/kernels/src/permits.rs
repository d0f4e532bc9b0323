//! How much of the pool one guest may take.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::context::Cancel;

/// Between two looks at the cancel token of who waits.
const LOOK: Duration = Duration::from_millis(2);

/// How many kernels of one guest may be in the pool at the same time. A guest with many instances, or a long queue of work, then leaves
/// threads to other guests: the pool takes up work in the order of its arrival, and no guest has more than this in front of another's.
/// Clones share the count. Kernels too small for the pool need no permit.
#[derive(Clone, Debug)]
pub struct Permits(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    free: Mutex<usize>,
    returned: Condvar,
}

impl Permits {
    /// `count` permits, at least one.
    pub fn new(count: usize) -> Permits {
        Permits(Arc::new(Shared { free: Mutex::new(count.max(1)), returned: Condvar::new() }))
    }

    /// Waits for a permit; none when `cancel` says that the work should end.
    pub(crate) fn acquire(&self, cancel: &Cancel) -> Option<Permit> {
        let mut free = self.0.free.lock().unwrap_or_else(PoisonError::into_inner);
        while *free == 0 {
            if cancel.is_cancelled() {
                return None;
            }
            free = self.0.returned.wait_timeout(free, LOOK).unwrap_or_else(PoisonError::into_inner).0;
        }
        *free -= 1;
        Some(Permit(Arc::clone(&self.0)))
    }
}

/// Given back when dropped.
pub(crate) struct Permit(Arc<Shared>);

impl Drop for Permit {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.returned.notify_one();
    }
}
