//! All distances between two sets of rows.

use super::exact::{distance, shown};
use super::{Metric, PARALLEL, sizes};
use crate::context::Context;
use crate::error::Result;
use crate::float::{Float, with_float};
use crate::tensor::Tensor;
use crate::vectorized::vectorized;

/// Multiplications between two looks at the cancel token.
const TASK: usize = 1 << 18;

/// The distance of each row of `x` (n x d) from each row of `y` (m x d), as n x m: the numbers that [`nearest`](fn@super::nearest) sorts.
/// Both float32 or both float64; computed in float64 from the differences, so that near rows lose no digits, and rounded. Meant for few
/// rows of `y`: a pass over `x` that is cheap against reading it.
///
/// # Errors
/// Bad operation when shapes or dtypes do not fit, not supported for other dtypes, limit exceeded, interrupted.
pub fn distances(context: &Context, x: &Tensor, y: &Tensor, metric: Metric) -> Result<Tensor> {
    const NAME: &str = "distances";
    let (n, m, _) = sizes(NAME, x, y)?;
    with_float!(NAME, x.dtype(), T => {
        let out = Tensor::zeros_for(context, NAME, &[n, m], x.dtype())?;
        let (x, y) = (x.to_contiguous(context, NAME)?, y.to_contiguous(context, NAME)?);
        fill::<T>(context, NAME, (&x, &y), metric, &out)?;
        Ok(out)
    })
}

/// `x` and `y` are row-major.
fn fill<T: Float>(context: &Context, operation: &str, (x, y): (&Tensor, &Tensor), metric: Metric, out: &Tensor) -> Result<()> {
    let (n, m, d) = (x.shape()[0], y.shape()[0], x.shape()[1]);
    context.check(operation)?;
    if n == 0 || m == 0 {
        return Ok(());
    }
    let (x_storage, y_storage, mut out_storage) = (x.read(operation)?, y.read(operation)?, out.write(operation)?);
    let x_elements = &x_storage.elements::<T>()[x.offset()..];
    let y_elements = &y_storage.elements::<T>()[y.offset()..];
    let out = &mut out_storage.elements::<T>()[..n * m];
    let piece = (TASK / d.max(1)).max(1);
    let measure = |(at, out): (usize, &mut [T])| {
        context.check(operation)?;
        vectorized(
            #[inline(always)]
            || {
                let (mut row, mut column) = (at * piece / m, at * piece % m);
                for to in out.iter_mut() {
                    *to = shown(distance(&x_elements[row * d..][..d], &y_elements[column * d..][..d], metric), metric);
                    column += 1;
                    if column == m {
                        (row, column) = (row + 1, 0);
                    }
                }
            },
        );
        Ok(())
    };
    context.each(n.saturating_mul(m).saturating_mul(d) >= PARALLEL, out.chunks_mut(piece).enumerate(), measure)
}
