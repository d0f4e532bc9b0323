//! A formula's values, stored.

use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::evaluator::{Blocks, Job, with_blocks};
use super::operand::{gather, scatter, store_all};
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

/// Writes the job's values into `out`, whose strides in the job's space are `strides`.
pub(super) fn store<T: Real>(context: &Context, job: &Job<'_, T>, out: &Tensor, strides: &Axes, storage: &mut Write<'_>) -> Result<()> {
    let contiguous = out.contiguous();
    let boolean = out.dtype() == DType::Boolean;
    with_element!(out.dtype(), O => {
        let elements = storage.elements::<O>();
        match contiguous {
            Some(range) => store_rows(context, job, boolean, &mut elements[range]),
            None => store_strided(context, job, &Strided { boolean, strides, offset: out.offset() }, elements),
        }
    })
}

fn store_rows<T: Real, O: Element>(context: &Context, job: &Job<'_, T>, boolean: bool, out: &mut [O]) -> Result<()> {
    let block = Job::<T>::block(job.space.row());
    let size = task_elements(job, block);
    let task = |(number, out): (usize, &mut [O])| {
        context.check("apply")?;
        with_blocks(job, block.min(out.len()), |blocks| {
            for (i, out) in out.chunks_mut(block).enumerate() {
                store_block(blocks, number * size + i * block, boolean, out);
            }
        });
        Ok(())
    };
    if context.threads() > 1 && out.len() > size && job.work(out.len()) > PARALLEL_WORK {
        context.in_pool(|| out.par_chunks_mut(size).enumerate().try_for_each(task))
    } else {
        out.chunks_mut(size).enumerate().try_for_each(task)
    }
}

fn store_block<T: Real, O: Element>(blocks: &mut Blocks<'_, '_, '_, T>, start: usize, boolean: bool, out: &mut [O]) {
    blocks.load(start, out.len(), |register| super::operand::convert_all(out, register));
    if std::any::TypeId::of::<O>() == std::any::TypeId::of::<T>() {
        blocks.compute(start, bytemuck::cast_slice_mut(out));
    } else {
        store_all(blocks.compute_here(start, out.len()), boolean, out);
    }
}

/// Where an output that is not row-major lies in its storage.
struct Strided<'s> {
    boolean: bool,
    strides: &'s Axes,
    offset: usize,
}

fn store_strided<T: Real, O: Element>(context: &Context, job: &Job<'_, T>, view: &Strided<'_>, elements: &mut [O]) -> Result<()> {
    let (shape, strides, offset) = (&job.space.shape, view.strides, view.offset);
    let block = Job::<T>::block(job.space.row());
    let (count, size) = (shape.element_count(), task_elements(job, block));
    for first in (0..count).step_by(size) {
        context.check("apply")?;
        with_blocks(job, block.min(count), |blocks| {
            for start in (first..count.min(first + size)).step_by(block) {
                let length = block.min(count - start);
                blocks.load(start, length, |register| gather(elements, shape, strides, offset, start, register));
                scatter(blocks.compute_here(start, length), view.boolean, shape, strides, offset, start, elements);
            }
        });
    }
    Ok(())
}
