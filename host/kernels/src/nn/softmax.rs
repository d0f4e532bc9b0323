//! Softmax along the last axis, and its logarithm.

use super::number::{Number, largest, sum};
use super::rows::{check_alike, row_length};
use super::tasks::{rows_per_task, run};
use crate::context::Context;
use crate::dtype::Element;
use crate::error::Result;
use crate::float::{Float, with_float};
use crate::tensor::Tensor;
use crate::vectorized::vectorized;

/// exp(x) / Σ exp(x) along the last axis of `x` (..., c), float32 or float64, without overflow: the largest element is taken off first. A row
/// with a NaN, with +∞, or with nothing but -∞ becomes NaN.
///
/// # Errors
/// Bad operation for a tensor without axes, not supported for other dtypes, limit exceeded, interrupted.
pub fn softmax(context: &Context, x: &Tensor) -> Result<Tensor> {
    const NAME: &str = "softmax";
    with_float!(NAME, x.dtype(), T => each_row::<T>(context, NAME, x, x, #[inline(always)] |x, _, out| {
        let most = largest(x);
        out.iter_mut().zip(x).for_each(|(out, &x)| *out = (x - most).exp());
        let factor = T::ONE / sum(out, #[inline(always)] |_, e| e);
        out.iter_mut().for_each(|out| *out *= factor);
    }))
}

/// x - ln Σ exp(x) along the last axis of `x` (..., c): the logarithm of [`softmax`], exact where that underflows.
///
/// # Errors
/// As [`softmax`].
pub fn log_softmax(context: &Context, x: &Tensor) -> Result<Tensor> {
    const NAME: &str = "log-softmax";
    with_float!(NAME, x.dtype(), T => each_row::<T>(context, NAME, x, x, #[inline(always)] |x, _, out| {
        let most = largest(x);
        let total = sum(x, #[inline(always)] |_, x| (x - most).exp());
        let log = T::from_f64(total.to_f64().ln());
        out.iter_mut().zip(x).for_each(|(out, &x)| *out = (x - most) - log);
    }))
}

/// The gradient of a loss with respect to the input of [`softmax`], from its output `y` (..., c) and the loss' gradient with respect to
/// that, `gradient` (alike): y (g - Σ g y).
///
/// # Errors
/// As [`softmax`], and bad operation when the two are not alike.
pub fn softmax_gradient(context: &Context, y: &Tensor, gradient: &Tensor) -> Result<Tensor> {
    const NAME: &str = "softmax-gradient";
    with_float!(NAME, y.dtype(), T => each_row::<T>(context, NAME, y, gradient, #[inline(always)] |y, gradient, out| {
        let inner = sum(y, #[inline(always)] |i, y| y * gradient[i]);
        out.iter_mut().zip(y).zip(gradient).for_each(|((out, &y), &g)| *out = y * (g - inner));
    }))
}

/// As [`softmax_gradient`], of [`log_softmax`]: g - exp(y) Σ g.
///
/// # Errors
/// As [`softmax_gradient`].
pub fn log_softmax_gradient(context: &Context, y: &Tensor, gradient: &Tensor) -> Result<Tensor> {
    const NAME: &str = "log-softmax-gradient";
    with_float!(NAME, y.dtype(), T => each_row::<T>(context, NAME, y, gradient, #[inline(always)] |y, gradient, out| {
        let total = sum(gradient, #[inline(always)] |_, g| g);
        out.iter_mut().zip(y).zip(gradient).for_each(|((out, &y), &g)| *out = g - y.exp() * total);
    }))
}

/// A tensor like `a`, whose rows `work` fills from those of `a` and `b`.
#[inline(always)]
fn each_row<T: Number>(
    context: &Context,
    operation: &str,
    a: &Tensor,
    b: &Tensor,
    work: impl Fn(&[T], &[T], &mut [T]) + Sync,
) -> Result<Tensor> {
    let columns = row_length(operation, a)?;
    check_alike(operation, ("y", a), ("the gradient", b))?;
    let out = Tensor::zeros_for(context, operation, a.shape(), a.dtype())?;
    if out.element_count() == 0 {
        return Ok(out);
    }
    let (a, b) = (a.to_contiguous(context, operation)?, b.to_contiguous(context, operation)?);
    let (a_storage, b_storage) = (a.read(operation)?, b.read(operation)?);
    let a = &a_storage.elements::<T>()[a.offset()..][..a.element_count()];
    let b = &b_storage.elements::<T>()[b.offset()..][..b.element_count()];
    let mut storage = out.write(operation)?;
    let part = rows_per_task(columns) * columns;
    let tasks = storage.elements::<T>()[..a.len()].chunks_mut(part).zip(a.chunks(part).zip(b.chunks(part))).collect();
    run(context, operation, tasks, |(out, (a, b)): (&mut [T], (&[T], &[T]))| {
        vectorized(
            #[inline(always)]
            || {
                let rows = out.chunks_exact_mut(columns).zip(a.chunks_exact(columns).zip(b.chunks_exact(columns)));
                rows.for_each(
                    #[inline(always)]
                    |(out, (a, b))| work(a, b, out),
                );
            },
        );
        Ok(())
    })?;
    drop(storage);
    Ok(out)
}
