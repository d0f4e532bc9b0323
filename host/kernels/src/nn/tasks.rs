//! Cutting work into tasks, by shapes alone.

use crate::context::Context;
use crate::error::Result;

/// Elements in one task of an elementwise kernel.
pub(super) const TASK: usize = 1 << 15;

/// Rows of `row_elements` each in one task.
pub(super) fn rows_per_task(row_elements: usize) -> usize {
    (TASK / row_elements.max(1)).max(1)
}

/// What `work` answers of each task, in the tasks' order. Few tasks stay on the caller's thread, and with them small work.
pub(super) fn run<I: Send, R: Send>(
    context: &Context,
    operation: &str,
    tasks: Vec<I>,
    work: impl Fn(I) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    context.answers(tasks.len() > 2, tasks.into_iter(), |task| {
        context.check(operation)?;
        work(task)
    })
}
