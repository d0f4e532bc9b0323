//! Positions in random order, and positions by weight.

use super::philox::{LANES, Stream, philox};
use super::sample::unit;
use crate::context::Context;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::float::{Float, with_float};
use crate::tensor::Tensor;
use crate::vectorized::vectorized;
use crate::workspace::Workspace;

const PERMUTATION: u32 = 4;
const CHOICE: u32 = 5;
/// Positions between two looks at the cancel token.
const TASK: usize = 1 << 16;
/// Numbers of 64 bits that [`LANES`] blocks give.
const BATCH: usize = 2 * LANES;

/// 0 to `count` - 1 in random order, int32; no order is favoured.
///
/// For i from `count` - 1 down to 1, position i is exchanged with one of 0 to i: the upper 64 bits of (i + 1) r, where r is words 0 and 1
/// (i even) or 2 and 3 (i odd) of block i / 2, high word first. A draw that would favour some positions (Lemire, Fast random integer
/// generation in an interval, 2019) is made again with 1, 2, ... in place of the counter's second word.
///
/// # Errors
/// Bad operation for more positions than int32 can tell, limit exceeded, interrupted.
pub fn permutation(context: &Context, count: usize, seed: u32, stream: u32) -> Result<Tensor> {
    const NAME: &str = "permutation";
    if count > 1 << 31 {
        return Err(Error::bad(format!("{NAME}: {count} positions, int32 tells {} apart", 1_u32 << 31)));
    }
    let tensor = Tensor::zeros_for(context, NAME, &[count], DType::Int32)?;
    let mut storage = tensor.write(NAME)?;
    let order = &mut storage.elements::<i32>()[..count];
    order.iter_mut().enumerate().for_each(|(i, position)| *position = i as i32);
    let stream = Stream { seed, stream, kind: PERMUTATION };
    for batch in (0..count.div_ceil(BATCH)).rev() {
        if batch % (TASK / BATCH) == 0 {
            context.check(NAME)?;
        }
        let words = vectorized(
            #[inline(always)]
            || stream.blocks((batch * LANES) as u64),
        );
        for i in (batch * BATCH..count.min((batch + 1) * BATCH)).rev() {
            let (lane, half) = ((i - batch * BATCH) / 2, 2 * (i % 2));
            let first = u64::from(words[half][lane]) << 32 | u64::from(words[half + 1][lane]);
            order.swap(i, below(stream, i, first));
        }
    }
    drop(storage);
    Ok(tensor)
}

/// One of 0 to `i`, each equally likely, from 64 random bits; seldom from more.
#[inline(always)]
fn below(stream: Stream, i: usize, first: u64) -> usize {
    let count = i as u64 + 1;
    let mut product = u128::from(first) * u128::from(count);
    if (product as u64) < count {
        let favoured = count.wrapping_neg() % count;
        let mut attempt = 0;
        while (product as u64) < favoured {
            attempt += 1;
            let words = philox([(i / 2) as u32, attempt, stream.stream, stream.kind], [stream.seed, 0]);
            let half = 2 * (i % 2);
            product = u128::from(u64::from(words[half]) << 32 | u64::from(words[half + 1])) * u128::from(count);
        }
    }
    (product >> 64) as usize
}

/// `count` positions (int32), drawn with replacement, each with probability proportional to its entry in `weights` (one axis, float32 or
/// float64): the first position whose running sum, in float64, exceeds a uniform float64 number times the whole sum. A position of weight
/// 0 is never drawn.
///
/// # Errors
/// Bad operation for weights that are negative, NaN, infinite (alone or as a sum), all 0 or none, or of another shape; not supported for
/// other dtypes; limit exceeded, interrupted.
pub fn choice(context: &Context, weights: &Tensor, count: usize, seed: u32, stream: u32) -> Result<Tensor> {
    const NAME: &str = "choice";
    if weights.shape().len() != 1 {
        return Err(Error::bad(format!("{NAME}: weights of shape {}; one axis is wanted", weights.shape())));
    }
    if weights.element_count() > 1 << 31 {
        return Err(Error::bad(format!("{NAME}: {} weights, int32 tells {} apart", weights.element_count(), 1_u32 << 31)));
    }
    let sums = with_float!(NAME, weights.dtype(), T => running_sums::<T>(context, NAME, weights))?;
    let Some(&total) = sums.last().filter(|&&total| total > 0.0) else {
        return Err(Error::bad(format!("{NAME}: none of {} weights is above 0", sums.len())));
    };
    if !total.is_finite() {
        return Err(Error::bad(format!("{NAME}: the sum of the weights is infinite; scale them down")));
    }
    let tensor = Tensor::zeros_for(context, NAME, &[count], DType::Int32)?;
    let mut storage = tensor.write(NAME)?;
    let positions = &mut storage.elements::<i32>()[..count];
    let stream = Stream { seed, stream, kind: CHOICE };
    let task = |(task, positions): (usize, &mut [i32])| {
        context.check(NAME)?;
        for (i, positions) in positions.chunks_mut(BATCH).enumerate() {
            let words = vectorized(
                #[inline(always)]
                || stream.blocks(((task * TASK + i * BATCH) / 2) as u64),
            );
            for (i, position) in positions.iter_mut().enumerate() {
                let half = 2 * (i % 2);
                let threshold = unit(words[half][i / 2], words[half + 1][i / 2]) * total;
                // The product rounds to less than the whole sum, so there is such a position.
                *position = sums.partition_point(|&sum| sum <= threshold) as i32;
            }
        }
        Ok(())
    };
    context.each(count > TASK, positions.chunks_mut(TASK).enumerate(), task)?;
    drop(storage);
    Ok(tensor)
}

fn running_sums<T: Float>(context: &Context, operation: &str, weights: &Tensor) -> Result<Workspace<f64>> {
    let storage = weights.read(operation)?;
    let (elements, first, stride) = (storage.elements::<T>(), weights.offset(), weights.strides()[0]);
    let mut sums = Workspace::<f64>::new(context, operation, weights.element_count())?;
    let mut total = 0.0;
    for (i, sum) in sums.iter_mut().enumerate() {
        if i % TASK == 0 {
            context.check(operation)?;
        }
        let weight = elements[first + i * stride].to_f64();
        if !(weight >= 0.0 && weight.is_finite()) {
            return Err(Error::bad(format!("{operation}: weight {weight} at place {i}; finite numbers from 0 up are wanted")));
        }
        total += weight;
        *sum = total;
    }
    Ok(sums)
}
