//! Running sums.

use super::{PARALLEL, TASK};
use crate::context::Context;
use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use crate::float::not_computed;
use crate::tensor::Tensor;

/// Sums along `axis` of `a` up to and with each element, in a new tensor of the same shape. Float32 and float64 are added in float64, each
/// sum rounded once to the same dtype; whole numbers and booleans give int64, which saturates.
///
/// # Errors
/// Bad operation for an axis that is not there; not supported for float16 and bfloat16; limit exceeded, interrupted.
pub fn cumulative_sum(context: &Context, a: &Tensor, axis: usize) -> Result<Tensor> {
    const NAME: &str = "cumulative-sum";
    let Some(&length) = a.shape().get(axis) else {
        return Err(Error::bad(format!("{NAME}: axis {axis} of a tensor of shape {}", a.shape())));
    };
    let dtype = match a.dtype() {
        DType::Float32 | DType::Float64 => a.dtype(),
        DType::Float16 | DType::BFloat16 => return Err(not_computed(NAME, a.dtype())),
        _ => DType::Int64,
    };
    let out = Tensor::zeros_for(context, NAME, a.shape(), dtype)?;
    let a = a.to_contiguous(context, NAME)?;
    let inner: usize = a.shape()[axis + 1..].iter().product();
    let scan = Scan { context, operation: NAME, length, inner };
    if a.element_count() == 0 {
        return Ok(out);
    }
    match dtype {
        DType::Float32 => scan.run::<f32, f32, f64>(&a, &out, |sum, value| sum + f64::from(value), |sum| sum as f32)?,
        DType::Float64 => scan.run::<f64, f64, f64>(&a, &out, |sum, value| sum + value, |sum| sum)?,
        _ => {
            // Unsigned numbers beyond int64 saturate here, as their sums would.
            let whole = a.cast_for(context, NAME, DType::Int64)?;
            scan.run::<i64, i64, i128>(&whole, &out, |sum, value| sum + i128::from(value), i64::from_i128)?;
        }
    }
    Ok(out)
}

/// Lanes of `length` elements that lie `inner` apart.
struct Scan<'a> {
    context: &'a Context,
    operation: &'a str,
    length: usize,
    inner: usize,
}

impl Scan<'_> {
    /// `a` is row-major and has elements.
    fn run<T: Element, O: Element, S: Copy + Default + Send>(
        &self,
        a: &Tensor,
        out: &Tensor,
        add: impl Fn(S, T) -> S + Sync,
        shown: impl Fn(S) -> O + Sync,
    ) -> Result<()> {
        let (from, mut to) = (a.read(self.operation)?, out.write(self.operation)?);
        let from = &from.elements::<T>()[a.offset()..][..a.element_count()];
        let to = &mut to.elements::<O>()[..from.len()];
        let block = self.length * self.inner;
        let scan = |(from, to): (&[T], &mut [O])| {
            for (from, to) in from.chunks_exact(block).zip(to.chunks_exact_mut(block)) {
                if self.inner == 1 { self.lane(from, to, &add, &shown)? } else { self.lanes(from, to, &add, &shown)? }
            }
            Ok(())
        };
        let share = (TASK / block).max(1) * block;
        self.context.each(from.len() >= PARALLEL, from.chunks(share).zip(to.chunks_mut(share)), scan)
    }

    fn lane<T: Copy, O, S: Copy + Default>(&self, from: &[T], to: &mut [O], add: impl Fn(S, T) -> S, shown: impl Fn(S) -> O) -> Result<()> {
        let mut sum = S::default();
        for (from, to) in from.chunks(TASK).zip(to.chunks_mut(TASK)) {
            self.context.check(self.operation)?;
            for (to, &value) in to.iter_mut().zip(from) {
                sum = add(sum, value);
                *to = shown(sum);
            }
        }
        Ok(())
    }

    /// Neighbouring lanes, some at a time.
    fn lanes<T: Copy, O, S: Copy + Default>(
        &self,
        from: &[T],
        to: &mut [O],
        add: impl Fn(S, T) -> S,
        shown: impl Fn(S) -> O,
    ) -> Result<()> {
        const LANES: usize = 64;
        for first in (0..self.inner).step_by(LANES) {
            let mut sums = [S::default(); LANES];
            let lanes = first..self.inner.min(first + LANES);
            for (row, (from, to)) in from.chunks_exact(self.inner).zip(to.chunks_exact_mut(self.inner)).enumerate() {
                if row % (TASK / LANES) == 0 {
                    self.context.check(self.operation)?;
                }
                for ((to, &value), sum) in to[lanes.clone()].iter_mut().zip(&from[lanes.clone()]).zip(&mut sums) {
                    *sum = add(*sum, value);
                    *to = shown(*sum);
                }
            }
        }
        Ok(())
    }
}
