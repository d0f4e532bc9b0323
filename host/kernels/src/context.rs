//! Who pays, who may cancel, and where the work runs: what every kernel is given beside its operands.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::error::{Error, Result};
use crate::permits::Permits;
use crate::spare::Spare;
use crate::storage::Line;

/// Bytes of tensor storage that one guest may hold, charged before they are allocated.
///
/// Large storage that the guest frees is kept for its next tensor of that size: the system's memory would come page by page, which takes
/// longer than to compute most results. What is kept does not count as used, and gives way when it is in the way: together they never
/// are more than the limit. It never goes to another budget.
#[derive(Debug)]
pub struct Budget {
    limit: u64,
    used: AtomicU64,
    spare: Spare,
}

impl Budget {
    /// A budget of `limit_bytes`.
    pub fn new(limit_bytes: u64) -> Arc<Budget> {
        Arc::new(Budget { limit: limit_bytes, used: AtomicU64::new(0), spare: Spare::default() })
    }

    /// Bytes in use now.
    pub fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Bytes that can be in use at once.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// Frees what is kept for tensors to come, when none will.
    pub fn release_spare(&self) {
        self.spare.give_way(0);
    }

    /// Takes `bytes` until the charge is dropped.
    ///
    /// # Errors
    /// [`ErrorKind::LimitExceeded`](crate::ErrorKind::LimitExceeded), naming operation, request and what is left.
    pub fn charge(self: &Arc<Self>, operation: &str, bytes: usize) -> Result<Charge> {
        let bytes = bytes as u64;
        let taken =
            self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| used.checked_add(bytes).filter(|&sum| sum <= self.limit));
        match taken {
            Ok(used) => {
                self.spare.give_way(self.limit - (used + bytes));
                Ok(Charge { budget: Arc::clone(self), bytes })
            }
            Err(used) => Err(Error::limit(format!(
                "{operation}: {bytes} more bytes of tensors asked for, {used} of the {} granted are in use",
                self.limit
            ))),
        }
    }
}

/// Bytes taken from a [`Budget`]; dropping it gives them back.
#[derive(Debug)]
pub struct Charge {
    budget: Arc<Budget>,
    bytes: u64,
}

impl Charge {
    /// Storage that was freed under the same budget.
    pub(crate) fn spare(&self) -> &Spare {
        &self.budget.spare
    }

    /// Gives back all but `bytes`; does nothing when there are no more.
    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        let kept = self.bytes.min(bytes as u64);
        self.budget.used.fetch_sub(self.bytes - kept, Ordering::Relaxed);
        self.bytes = kept;
    }

    /// Keeps storage for later, within the limit.
    pub(crate) fn keep(&self, lines: Box<[Line]>) {
        // The charge for it still counts as used.
        let others = self.budget.used().saturating_sub(self.bytes);
        self.budget.spare.keep(lines, (self.budget.limit - others.min(self.budget.limit)) / 2);
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Asks kernels to stop. Clones are the same token.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// From now on kernels with this token answer [`ErrorKind::Interrupted`](crate::ErrorKind::Interrupted).
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Lets kernels run again.
    pub fn reset(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    /// Whether the work should end.
    #[inline]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Stack of a thread that runs nothing but kernels.
const KERNEL_STACK_BYTES: usize = 2 << 20;

/// The threads that kernels of every guest share.
#[derive(Clone)]
pub struct Pool(Arc<rayon::ThreadPool>);

impl Pool {
    /// A pool of `threads` threads (0: one per processor).
    ///
    /// # Errors
    /// When the system does not start the threads.
    pub fn new(threads: usize) -> std::result::Result<Pool, rayon::ThreadPoolBuildError> {
        Pool::with_stacks(threads, KERNEL_STACK_BYTES)
    }

    /// A pool of `threads` threads (0: one per processor) for work that needs so much stack.
    ///
    /// # Errors
    /// When the system does not start the threads.
    pub fn with_stacks(threads: usize, stack_bytes: usize) -> std::result::Result<Pool, rayon::ThreadPoolBuildError> {
        let builder = rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(stack_bytes);
        // Work that was started here and panics ends by itself; a kernel's panic comes back to who called the kernel.
        let pool = builder.thread_name(|n| format!("kernel-{n}")).panic_handler(|_| ()).build()?;
        Ok(Pool(Arc::new(pool)))
    }

    /// Starts work of any length on one of the threads. Kernels that it calls run right there, and only other threads must be woken to take
    /// part, while a kernel called from outside begins when one has woken, and returns when the caller has. A guest that calls one kernel
    /// after the other belongs here.
    pub fn start(&self, work: impl FnOnce() + Send + 'static) {
        self.0.spawn(work);
    }

    /// Number of threads.
    pub fn threads(&self) -> usize {
        self.0.current_num_threads()
    }
}

/// What a kernel needs beside its operands. Cheap to clone.
#[derive(Clone)]
pub struct Context {
    budget: Arc<Budget>,
    cancel: Cancel,
    pool: Pool,
    permits: Option<Permits>,
}

impl Context {
    /// Kernels that charge `budget`, obey `cancel` and run on `pool`.
    pub fn new(budget: Arc<Budget>, cancel: Cancel, pool: Pool) -> Context {
        Context { budget, cancel, pool, permits: None }
    }

    /// The same, taking one of `permits` for every kernel that enters the pool.
    #[must_use]
    pub fn with_permits(self, permits: Permits) -> Context {
        Context { permits: Some(permits), ..self }
    }

    /// The budget that tensors made with this context are charged to.
    pub fn budget(&self) -> &Arc<Budget> {
        &self.budget
    }

    /// The token that stops kernels run with this context.
    pub fn cancel(&self) -> &Cancel {
        &self.cancel
    }

    /// Number of threads that [`Context::in_pool`] can use.
    pub fn threads(&self) -> usize {
        self.pool.threads()
    }

    /// Runs `work` where rayon's parallel iterators use the pool, as soon as a permit is free. For small inputs, do
    /// not: the hop costs about 10 µs.
    pub fn in_pool<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        let (mut work, mut result) = (Some(work), None);
        self.hop(&mut || result = work.take().map(|work| work()));
        let Some(result) = result else { unreachable!("the work was called, and its panic comes by itself") };
        result
    }

    /// What of it is the same for all work.
    fn hop(&self, work: &mut (dyn FnMut() + Send)) {
        // Who is in the pool has its permit or came by `Pool::start`, and would wait for itself.
        let outside = self.pool.0.current_thread_index().is_none();
        // Without a permit the work was cancelled, and ends by itself at its first look.
        let _permit = self.permits.as_ref().filter(|_| outside).and_then(|permits| permits.acquire(&self.cancel));
        self.pool.0.install(work);
    }

    /// An error once the work was cancelled. Kernels ask between tiles of about a millisecond.
    ///
    /// # Errors
    /// [`ErrorKind::Interrupted`](crate::ErrorKind::Interrupted), naming the operation.
    #[inline]
    pub fn check(&self, operation: &str) -> Result<()> {
        if self.cancel.is_cancelled() { Err(Error::interrupted(operation)) } else { Ok(()) }
    }
}
