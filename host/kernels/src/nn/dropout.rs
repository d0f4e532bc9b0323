//! Dropout (Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, JMLR 2014), scaled while training, with a mask nobody stores.

use super::number::Number;
use super::rows::{check_alike, in_place};
use super::tasks::{TASK, run};
use crate::context::Context;
use crate::dtype::Element;
use crate::error::{Error, Result};
use crate::float::with_float;
use crate::random::{LANES, Stream};
use crate::tensor::Tensor;
use crate::vectorized::vectorized;

const KIND: u32 = 6;
/// Elements that [`LANES`] blocks decide.
const BATCH: usize = 4 * LANES;
const TWO_POW_32: f64 = 4_294_967_296.0;

/// `x` (any shape, float32 or float64) with each element 0 with probability `rate` (0 to below 1, in steps of 2⁻³²), and the others divided by
/// 1 - `rate`. What becomes 0 depends on `seed`, `stream` and the element's position in row-major order alone, so the same call on the
/// gradient of the result gives the gradient of `x`.
///
/// # Errors
/// Bad operation for another rate, not supported for other dtypes, limit exceeded, interrupted.
pub fn dropout(context: &Context, x: &Tensor, rate: f64, seed: u32, stream: u32) -> Result<Tensor> {
    let out = Tensor::zeros_for(context, "dropout", x.shape(), x.dtype())?;
    apply(context, "dropout", &out, x, (rate, seed, stream))?;
    Ok(out)
}

/// As [`dropout`], into `out`, which may be `x` itself.
///
/// # Errors
/// As [`dropout`]; bad operation when `out` is not like `x`, not row-major, read-only, or overlaps `x` without being the same view.
pub fn dropout_into(context: &Context, out: &Tensor, x: &Tensor, rate: f64, seed: u32, stream: u32) -> Result<()> {
    apply(context, "dropout-into", out, x, (rate, seed, stream))
}

fn apply(context: &Context, operation: &str, out: &Tensor, x: &Tensor, (rate, seed, stream): (f64, u32, u32)) -> Result<()> {
    if !(0.0..1.0).contains(&rate) {
        return Err(Error::bad(format!("{operation}: rate {rate}; a number from 0 to below 1 is wanted")));
    }
    check_alike(operation, ("x", x), ("the output", out))?;
    let place = in_place(operation, ("the output", out))?;
    let stream = Stream { seed, stream, kind: KIND };
    with_float!(operation, x.dtype(), T => {
        let x = if out.is_same_view_as(x) { None } else { Some(x.to_contiguous(context, operation)?) };
        let mut storage = out.write(operation)?;
        let elements = &mut storage.elements::<T>()[place];
        if let Some(x) = x {
            elements.copy_from_slice(&x.read(operation)?.elements::<T>()[x.offset()..][..elements.len()]);
        }
        let (threshold, factor) = ((rate * TWO_POW_32) as u32, T::from_f64(1.0 / (1.0 - rate)));
        let tasks = elements.chunks_mut(TASK).enumerate().collect();
        run(context, operation, tasks, |(task, elements): (usize, &mut [T])| {
            vectorized(#[inline(always)] || drop_some(stream, task * TASK / 4, elements, threshold, factor));
            Ok(())
        })?;
        Ok(())
    })
}

/// `first` is the block that decides the first four elements.
#[inline(always)]
fn drop_some<T: Number>(stream: Stream, first: usize, elements: &mut [T], threshold: u32, factor: T) {
    for (i, elements) in elements.chunks_mut(BATCH).enumerate() {
        let words = stream.blocks((first + i * LANES) as u64);
        let mut factors = [T::ZERO; BATCH];
        for lane in 0..LANES {
            for (word, words) in words.iter().enumerate() {
                factors[4 * lane + word] = if words[lane] >= threshold { factor } else { T::ZERO };
            }
        }
        // Not a product alone: what is dropped is 0 even where it was not finite.
        elements.iter_mut().zip(factors).for_each(|(x, factor)| *x = if factor == T::ZERO { T::ZERO } else { *x * factor });
    }
}
