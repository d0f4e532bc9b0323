//! A formula's values, stored.

use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

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
    if context.threads() > 1 && count > size && job.work(count) > PARALLEL_WORK {
        context.in_pool(|| out.par_chunks_mut(size * width).enumerate().try_for_each(task))
    } else {
        out.chunks_mut(size * width).enumerate().try_for_each(task)
    }
}

fn store_block<T: Real, O: Element>(blocks: &mut Blocks<'_, '_, '_, T>, start: usize, boolean: bool, out: &mut [O]) {
    blocks.load(start, out.len(), |register| convert_all(out, register));
    if std::any::TypeId::of::<O>() == std::any::TypeId::of::<T>() {
        blocks.compute(start, bytemuck::cast_slice_mut(out));
    } else {
        store_all(blocks.compute_here(start, out.len()), boolean, out);
    }
}

fn store_strided<T: Real>(context: &Context, job: &Job<'_, T>, target: &Target<'_>, bytes: &mut [u8]) -> Result<()> {
    let (shape, strides, offset) = (&job.space.shape, target.strides, target.offset);
    let block = Job::<T>::block(job.space.row());
    let (count, size) = (shape.element_count(), task_elements(job, block));
    for first in (0..count).step_by(size) {
        context.check("apply")?;
        with_blocks(job, block.min(count), |blocks| {
            for start in (first..count.min(first + size)).step_by(block) {
                let length = block.min(count - start);
                with_element!(target.dtype, O => {
                    let elements = bytemuck::cast_slice_mut::<u8, O>(bytes);
                    blocks.load(start, length, |register| gather(elements, shape, strides, offset, start, register));
                    scatter(blocks.compute_here(start, length), target.boolean, shape, strides, offset, start, elements);
                });
            }
        });
    }
    Ok(())
}
