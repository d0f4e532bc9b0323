//! Numbers that look random and are not.
//!
//! Element i is a function of seed, stream and i alone. Each call reads blocks of four 32-bit words from Philox 4x32-10 with the key
//! (seed, 0) and the counter (block low, block high, stream, kind), where the kind is 0 uniform float32, 1 uniform float64, 2 normal
//! float32, 3 normal float64, 4 permutation, 5 choice, 6 dropout. With w0 to w3 for a block's words:
//!
//! - uniform float32: element 4b + j is (w_j >> 8) 2⁻²⁴;
//! - uniform float64: element 2b + j is the upper 53 bits of w_2j 2³² + w_2j+1, times 2⁻⁵³;
//! - normal float32: elements 4b + 2j and 4b + 2j + 1 are r cos t and r sin t, r = √(-2 ln((w_2j + 1) 2⁻³²)), t = 2π w_2j+1 2⁻³²;
//! - normal float64: elements 2b and 2b + 1 likewise from (53 bits of w0, w1, plus 1) 2⁻⁵³ and 53 bits of w2, w3;
//! - permutation: Fisher and Yates's, the last position first, exchanged with a position drawn from 64 bits (see [`permutation`]);
//! - choice: uniform float64 numbers, looked up in the running sum of the weights;
//! - dropout: element 4b + j is kept where w_j >= rate 2³², rounded down (see `nn`).

mod draw;
mod normal;
mod philox;
mod sample;

pub use draw::{choice, permutation};
pub use philox::philox;

use crate::context::Context;
use crate::dtype::DType;
use crate::error::Result;
use crate::float::with_float;
use crate::tensor::Tensor;
use crate::vectorized::vectorized;
pub(crate) use philox::{LANES, Stream};
use sample::{BATCH, Sample};

/// Elements in one task; a multiple of what [`LANES`] blocks give.
const TASK: usize = 1 << 16;

/// Uniform numbers in [0, 1), float32 (24 random bits) or float64 (53).
///
/// # Errors
/// Not supported for other dtypes, bad operation for an impossible shape, limit exceeded, interrupted.
pub fn uniform(context: &Context, shape: &[usize], dtype: DType, seed: u32, stream: u32) -> Result<Tensor> {
    const NAME: &str = "uniform";
    with_float!(NAME, dtype, T => {
        let stream = Stream { seed, stream, kind: <T as Sample>::UNIFORM };
        fill::<T>(context, NAME, shape, dtype, #[inline(always)] |block, out| T::uniform(stream, block, out))
    })
}

/// Standard normal numbers, float32 or float64.
///
/// # Errors
/// As [`uniform`].
pub fn normal(context: &Context, shape: &[usize], dtype: DType, seed: u32, stream: u32) -> Result<Tensor> {
    const NAME: &str = "normal";
    with_float!(NAME, dtype, T => {
        let stream = Stream { seed, stream, kind: <T as Sample>::NORMAL };
        fill::<T>(context, NAME, shape, dtype, #[inline(always)] |block, out| T::normal(stream, block, out))
    })
}

/// `batch(block, out)` computes the elements that [`LANES`] blocks give, from `block` on.
fn fill<T: Sample>(
    context: &Context,
    operation: &str,
    shape: &[usize],
    dtype: DType,
    batch: impl Fn(u64, &mut [T; BATCH]) + Sync,
) -> Result<Tensor> {
    let tensor = Tensor::zeros_for(context, operation, shape, dtype)?;
    let mut storage = tensor.write(operation)?;
    let elements = &mut storage.elements::<T>()[..tensor.element_count()];
    let task = |(task, elements): (usize, &mut [T])| {
        context.check(operation)?;
        vectorized(
            #[inline(always)]
            || {
                let mut values = [T::ZERO; BATCH];
                for (i, out) in elements.chunks_mut(T::PER_BLOCK * LANES).enumerate() {
                    batch((task * TASK / T::PER_BLOCK + i * LANES) as u64, &mut values);
                    out.copy_from_slice(&values[..out.len()]);
                }
            },
        );
        Ok(())
    };
    context.each(elements.len() > TASK, elements.chunks_mut(TASK).enumerate(), task)?;
    drop(storage);
    Ok(tensor)
}
