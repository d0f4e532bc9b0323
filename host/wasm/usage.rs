//! How much memory instances hold at the moment.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use algohost_kernels::Budget;
use wasmtime::{ResourceLimiter, StoreLimits};

/// What all instances that share this hold together.
#[derive(Clone, Debug, Default)]
pub struct Usage(Arc<Held>);

#[derive(Debug, Default)]
struct Held {
    memory_bytes: AtomicU64,
    budgets: Mutex<Vec<Weak<Budget>>>,
}

impl Usage {
    /// Bytes of linear memory.
    pub fn memory_bytes(&self) -> u64 {
        self.0.memory_bytes.load(Ordering::Relaxed)
    }

    /// Bytes of tensors, those that outlive their instance included.
    pub fn tensor_bytes(&self) -> u64 {
        let mut budgets = self.0.budgets.lock().unwrap_or_else(PoisonError::into_inner);
        budgets.retain(|budget| budget.strong_count() > 0);
        budgets.iter().filter_map(Weak::upgrade).map(|budget| budget.used()).sum()
    }

    /// Counts what is charged to a budget.
    pub(super) fn watch(&self, budget: &Arc<Budget>) {
        let mut budgets = self.0.budgets.lock().unwrap_or_else(PoisonError::into_inner);
        budgets.retain(|budget| budget.strong_count() > 0);
        budgets.push(Arc::downgrade(budget));
    }
}

/// A store's limits, and what it has grown to.
pub(super) struct Metered {
    limits: StoreLimits,
    usage: Usage,
    held: u64,
    /// Of the last growth, which may fail yet.
    last: u64,
}

impl Metered {
    pub(super) fn new(limits: StoreLimits, usage: Usage) -> Metered {
        Metered { limits, usage, held: 0, last: 0 }
    }
}

impl ResourceLimiter for Metered {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let granted = self.limits.memory_growing(current, desired, maximum)?;
        self.last = if granted { desired.saturating_sub(current) as u64 } else { 0 };
        self.held += self.last;
        self.usage.0.memory_bytes.fetch_add(self.last, Ordering::Relaxed);
        Ok(granted)
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        let last = std::mem::take(&mut self.last);
        self.held -= last;
        self.usage.0.memory_bytes.fetch_sub(last, Ordering::Relaxed);
        self.limits.memory_grow_failed(error)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        self.limits.table_growing(current, desired, maximum)
    }

    fn table_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        self.limits.table_grow_failed(error)
    }

    fn instances(&self) -> usize {
        self.limits.instances()
    }

    fn tables(&self) -> usize {
        self.limits.tables()
    }

    fn memories(&self) -> usize {
        self.limits.memories()
    }
}

impl Drop for Metered {
    fn drop(&mut self) {
        self.usage.0.memory_bytes.fetch_sub(self.held, Ordering::Relaxed);
    }
}
