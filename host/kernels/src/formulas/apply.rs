//! A formula's values, stored.

use std::ops::Range;

use super::evaluator::{Blocks, Job, with_blocks};
use super::operand::{convert_all, gather, scatter, store_all};
use super::real::Real;
use crate::context::Context;
use crate::dtype::{DType, Element};
use crate::error::Result;
use crate::shape::Axes;
use crate::storage::Write;
use crate::tensor::Tensor;
use crate::with_element;

/// Additions that one task should take: some tenths of a millisecond, so that guests take turns.
pub(super) const TASK_WORK: usize = 1 << 20;
/// Additions below which another thread is not worth waking.
pub(super) const PARALLEL_WORK: usize = 1 << 16;

/// Elements of a task: whole blocks, the same whatever the number of threads.
pub(super) fn task_elements<T: Real>(job: &Job<'_, T>, block: usize) -> usize {
    (TASK_WORK / job.plan.code.len().max(1)).clamp(4096, 65536) / block * block
}

/// Where values go. Storage is passed as bytes, so that only what touches elements is compiled for every element type.
struct Target<'o> {
    dtype: DType,
    boolean: bool,
    strides: &'o Axes,
    offset: usize,
}

/// Writes the job's values into `out`, whose strides in the job's space are `strides`.
pub(super) fn store<T: Real>(context: &Context, job: &Job<'_, T>, out: &Tensor, strides: &Axes, storage: &mut Write<'_>) -> Result<()> {
    // Truths need no conversion, whatever the type they are stored in.
    let boolean = out.dtype() == DType::Boolean || job.plan.code.last().is_some_and(|last| last.operation.is_truth());
    let target = Target { dtype: out.dtype(), boolean, strides, offset: out.offset() };
    let (bytes, size) = (storage.elements::<u8>(), out.dtype().size());
    match out.contiguous() {
        Some(range) => store_rows(context, job, &target, &mut bytes[range.start * size..range.end * size]),
        None => store_strided(context, job, &target, bytes),
    }
}

fn store_rows<T: Real>(context: &Context, job: &Job<'_, T>, target: &Target<'_>, out: &mut [u8]) -> Result<()> {
    let (width, count) = (target.dtype.size(), out.len() / target.dtype.size());
    let block = Job::<T>::block(job.space.row());
    let size = task_elements(job, block);
    let task = |(number, out): (usize, &mut [u8])| {
        context.check("apply")?;
        with_blocks(job, block.min(count), |blocks| {
            for (i, out) in out.chunks_mut(block * width).enumerate() {
                let start = number * size + i * block;
                with_element!(target.dtype, O => store_block(blocks, start, target.boolean, bytemuck::cast_slice_mut::<u8, O>(out)));
            }
        });
        Ok(())
    };
    let parallel = context.threads() > 1 && count > size && job.work(count) > PARALLEL_WORK;
    context.each(parallel, out.chunks_mut(size * width).enumerate(), task)
}

fn store_block<T: Real, O: Element>(blocks: &mut Blocks<'_, '_, '_, T>, start: usize, boolean: bool, out: &mut [O]) {
    blocks.load(start, out.len(), |register| convert_all(out, register));
    if std::any::TypeId::of::<O>() == std::any::TypeId::of::<T>() {
        blocks.compute(start, bytemuck::cast_slice_mut(out));
    } else {
        store_all(blocks.compute_here(start, out.len()), boolean, out);
    }
}

/// Tasks are whole rows of the first axis, where these do not interleave in `bytes`; else all of them.
fn store_strided<T: Real>(context: &Context, job: &Job<'_, T>, target: &Target<'_>, bytes: &mut [u8]) -> Result<()> {
    let (shape, width) = (&job.space.shape, target.dtype.size());
    let (rows, row) = (shape[0], shape[1..].iter().product::<usize>());
    let pitch = target.strides[0];
    let reach: usize = shape[1..].iter().zip(&target.strides[1..]).map(|(&length, &stride)| (length - 1) * stride).sum();
    let bytes = &mut bytes[target.offset * width..][..((rows - 1) * pitch + reach + 1) * width];
    let most = task_elements(job, Job::<T>::block(job.space.row()));
    let task_rows = if pitch > reach { most.div_ceil(row).min(rows) } else { rows };
    let task = |(number, bytes): (usize, &mut [u8])| {
        let first = number * task_rows;
        store_some(context, job, target, first * row..rows.min(first + task_rows) * row, bytes)
    };
    // One row may be shorter than the pitch says.
    let size = if task_rows == rows { bytes.len() } else { task_rows * pitch * width };
    let parallel = context.threads() > 1 && task_rows < rows && job.work(rows * row) > PARALLEL_WORK;
    context.each(parallel, bytes.chunks_mut(size).enumerate(), task)
}

/// Stores the flat positions in `range`, whole rows, the first of which begins at the first of `bytes`.
fn store_some<T: Real>(context: &Context, job: &Job<'_, T>, target: &Target<'_>, range: Range<usize>, bytes: &mut [u8]) -> Result<()> {
    let (shape, strides) = (&job.space.shape, target.strides);
    let block = Job::<T>::block(job.space.row());
    for first in range.clone().step_by(task_elements(job, block)) {
        context.check("apply")?;
        with_blocks(job, block.min(range.len()), |blocks| {
            for start in (first..range.end.min(first + task_elements(job, block))).step_by(block) {
                let (length, own) = (block.min(range.end - start), start - range.start);
                with_element!(target.dtype, O => {
                    let elements = bytemuck::cast_slice_mut::<u8, O>(bytes);
                    blocks.load(start, length, |register| gather(elements, shape, strides, 0, own, register));
                    scatter(blocks.compute_here(start, length), target.boolean, shape, strides, 0, own, elements);
                });
            }
        });
    }
    Ok(())
}
