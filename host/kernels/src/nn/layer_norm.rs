//! Layer normalisation (Ba, Kiros and Hinton, 2016).

use super::number::{Number, sum};
use super::rows::{check_alike, check_vector, row_length};
use super::tasks::{TASK, rows_per_task, run};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::float::{Float, with_float};
use crate::storage::Read;
use crate::tensor::Tensor;
use crate::vectorized::vectorized;
use crate::workspace::Workspace;

/// Most partial sums of the gradients that are merged.
const MOST_PARTIALS: usize = 16;

/// What [`layer_norm_gradients`] answers with.
#[derive(Clone, Debug)]
pub struct LayerNormGradients {
    /// Like x.
    pub x: Tensor,
    /// d: of the weight, also where none was given.
    pub weight: Tensor,
    /// d: of the bias.
    pub bias: Tensor,
}

/// (x - mean) / √(variance + `epsilon`) · weight + bias along the last axis of `x` (..., d), float32 or float64; the variance is the
/// population's. `weight` and `bias` (d, the dtype of `x`) are 1 and 0 where they are not given.
///
/// # Errors
/// Bad operation when shapes or dtypes do not fit, when rows have no elements, or epsilon is not above 0; not supported for other dtypes;
/// limit exceeded, interrupted.
pub fn layer_norm(context: &Context, x: &Tensor, weight: Option<&Tensor>, bias: Option<&Tensor>, epsilon: f64) -> Result<Tensor> {
    const NAME: &str = "layer-norm";
    let d = check(NAME, x, weight, bias, epsilon)?;
    with_float!(NAME, x.dtype(), T => {
        let out = Tensor::zeros_for(context, NAME, x.shape(), x.dtype())?;
        let x = x.to_contiguous(context, NAME)?;
        let (weight, bias) = (vector::<T>(context, NAME, weight, d, T::ONE)?, vector::<T>(context, NAME, bias, d, T::ZERO)?);
        let (storage, mut out_storage) = (x.read(NAME)?, out.write(NAME)?);
        let part = rows_per_task(d) * d;
        let out_elements = &mut out_storage.elements::<T>()[..x.element_count()];
        let tasks = out_elements.chunks_mut(part).zip(elements::<T>(&x, &storage).chunks(part)).collect();
        run(context, NAME, tasks, |(out, x): (&mut [T], &[T])| {
            vectorized(#[inline(always)] || {
                for (out, x) in out.chunks_exact_mut(d).zip(x.chunks_exact(d)) {
                    let (mean, scale) = moments(x, epsilon);
                    for i in 0..d {
                        out[i] = (x[i] - mean) * scale * weight[i] + bias[i];
                    }
                }
            });
            Ok(())
        })?;
        drop(out_storage);
        Ok(out)
    })
}

/// The gradients of a loss with respect to the operands of [`layer_norm`], from those operands and the loss' gradient with respect to
/// its result, `gradient` (like `x`). Those of weight and bias are summed in float64.
///
/// # Errors
/// As [`layer_norm`].
pub fn layer_norm_gradients(
    context: &Context,
    x: &Tensor,
    weight: Option<&Tensor>,
    epsilon: f64,
    gradient: &Tensor,
) -> Result<LayerNormGradients> {
    const NAME: &str = "layer-norm-backward";
    let d = check(NAME, x, weight, None, epsilon)?;
    check_alike(NAME, ("x", x), ("the gradient", gradient))?;
    with_float!(NAME, x.dtype(), T => {
        let made = LayerNormGradients {
            x: Tensor::zeros_for(context, NAME, x.shape(), x.dtype())?,
            weight: Tensor::zeros_for(context, NAME, &[d], x.dtype())?,
            bias: Tensor::zeros_for(context, NAME, &[d], x.dtype())?,
        };
        let weight = vector::<T>(context, NAME, weight, d, T::ONE)?;
        let operands = (&x.to_contiguous(context, NAME)?, &gradient.to_contiguous(context, NAME)?);
        backward::<T>(context, NAME, operands, &weight, epsilon, &made)?;
        Ok(made)
    })
}

/// The gradients of some rows, and the sums that they add to.
type Made<'a, T> = (&'a mut [T], &'a mut [f64]);

/// The operands are row-major.
fn backward<T: Number>(
    context: &Context,
    operation: &str,
    (x, gradient): (&Tensor, &Tensor),
    weight: &[T],
    epsilon: f64,
    made: &LayerNormGradients,
) -> Result<()> {
    let d = weight.len();
    if x.element_count() == 0 {
        return Ok(());
    }
    let (x_storage, gradient_storage) = (x.read(operation)?, gradient.read(operation)?);
    let (x, gradient) = (elements::<T>(x, &x_storage), elements::<T>(gradient, &gradient_storage));
    let rows = x.len() / d;
    let share = rows.div_ceil((x.len() / TASK).clamp(1, MOST_PARTIALS));
    let mut sums = Workspace::<f64>::new(context, operation, rows.div_ceil(share) * 2 * d)?;
    let mut out = made.x.write(operation)?;
    let parts = out.elements::<T>()[..x.len()].chunks_mut(share * d).zip(sums.chunks_mut(2 * d));
    let tasks = parts.zip(x.chunks(share * d).zip(gradient.chunks(share * d))).collect();
    let stretch = rows_per_task(d) * d;
    run(context, operation, tasks, |((out, sums), (x, gradient)): (Made<'_, T>, (&[T], &[T]))| {
        let (weight_sums, bias_sums) = sums.split_at_mut(d);
        for (out, (x, gradient)) in out.chunks_mut(stretch).zip(x.chunks(stretch).zip(gradient.chunks(stretch))) {
            context.check(operation)?;
            vectorized(
                #[inline(always)]
                || {
                    for (out, (x, gradient)) in out.chunks_exact_mut(d).zip(x.chunks_exact(d).zip(gradient.chunks_exact(d))) {
                        row_gradient(out, x, gradient, weight, epsilon);
                        let (mean, scale) = moments(x, epsilon);
                        for i in 0..d {
                            weight_sums[i] += (gradient[i] * ((x[i] - mean) * scale)).to_f64();
                            bias_sums[i] += gradient[i].to_f64();
                        }
                    }
                },
            );
        }
        Ok(())
    })?;
    let (mut weight_out, mut bias_out) = (made.weight.write(operation)?, made.bias.write(operation)?);
    let total = |i: usize| T::from_f64(sums.chunks_exact(2 * d).map(|part| part[i]).sum());
    weight_out.elements::<T>()[..d].iter_mut().enumerate().for_each(|(i, out)| *out = total(i));
    bias_out.elements::<T>()[..d].iter_mut().enumerate().for_each(|(i, out)| *out = total(d + i));
    Ok(())
}

/// With h the normalised row and v = g · weight: (v - mean(v) - h mean(v h)) / √(variance + epsilon).
#[inline(always)]
fn row_gradient<T: Number>(out: &mut [T], x: &[T], gradient: &[T], weight: &[T], epsilon: f64) {
    let (mean, scale) = moments(x, epsilon);
    let part = T::ONE / T::from_f64(x.len() as f64);
    let mean_v = part
        * sum(
            x,
            #[inline(always)]
            |i, _| gradient[i] * weight[i],
        );
    let mean_vh = part
        * sum(
            x,
            #[inline(always)]
            |i, x| gradient[i] * weight[i] * ((x - mean) * scale),
        );
    for i in 0..x.len() {
        out[i] = (gradient[i] * weight[i] - mean_v - (x[i] - mean) * scale * mean_vh) * scale;
    }
}

/// Mean and 1 / √(variance + epsilon).
#[inline(always)]
fn moments<T: Number>(x: &[T], epsilon: f64) -> (T, T) {
    let part = T::ONE / T::from_f64(x.len() as f64);
    let mean = part
        * sum(
            x,
            #[inline(always)]
            |_, x| x,
        );
    let variance = part
        * sum(
            x,
            #[inline(always)]
            |_, x| (x - mean) * (x - mean),
        );
    (mean, T::ONE / (variance + T::from_f64(epsilon)).sqrt())
}

fn check(operation: &str, x: &Tensor, weight: Option<&Tensor>, bias: Option<&Tensor>, epsilon: f64) -> Result<usize> {
    let d = row_length(operation, x)?;
    if d == 0 {
        return Err(Error::bad(format!("{operation}: x of shape {}: rows without elements have no mean", x.shape())));
    }
    if !(epsilon > 0.0 && epsilon.is_finite()) {
        return Err(Error::bad(format!("{operation}: epsilon {epsilon}; a number above 0 is wanted")));
    }
    weight.map_or(Ok(()), |weight| check_vector(operation, ("weight", weight), d, x.dtype()))?;
    bias.map_or(Ok(()), |bias| check_vector(operation, ("bias", bias), d, x.dtype()))?;
    Ok(d)
}

fn elements<'a, T: Number>(tensor: &Tensor, storage: &'a Read<'_>) -> &'a [T] {
    &storage.elements::<T>()[tensor.offset()..][..tensor.element_count()]
}

/// The vector's elements one after the other, or `otherwise` d times.
fn vector<T: Number>(context: &Context, operation: &str, vector: Option<&Tensor>, d: usize, otherwise: T) -> Result<Workspace<T>> {
    let mut values = Workspace::<T>::new(context, operation, d)?;
    match vector {
        None => values.fill(otherwise),
        Some(vector) => {
            let storage = vector.read(operation)?;
            let (elements, stride) = (&storage.elements::<T>()[vector.offset()..], vector.strides()[0]);
            values.iter_mut().enumerate().for_each(|(i, value)| *value = elements[i * stride]);
        }
    }
    Ok(values)
}
