//! Softmax and cross-entropy in one pass: the loss of a classifier and where it falls.

use super::number::{Number, largest, sum};
use super::rows::{check_alike, check_vector, in_place, read_labels};
use super::tasks::{rows_per_task, run};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::float::with_float;
use crate::moving::copy_slice;
use crate::tensor::Tensor;
use crate::vectorized::vectorized;
use crate::workspace::Workspace;

/// A loss and its gradient.
#[derive(Clone, Debug)]
pub struct Loss {
    /// The weighted mean over the rows.
    pub value: f64,
    /// n x c, the logits' dtype: the gradient of `value` with respect to the logits.
    pub gradient: Tensor,
}

/// The mean over rows of `-ln softmax(logits)[label]`, and its gradient: (softmax(logits) - one-hot(labels)) / n.
///
/// `logits` is n x c, float32 or float64; `labels` has n classes from 0 to c - 1, int32 or int64, one axis (or n x 1). `weights` (n, the
/// logits' dtype, finite, not negative, not all 0) makes it the weighted mean. The mean is summed in float64. A row with a NaN makes the
/// loss NaN, and its own gradient.
///
/// # Errors
/// Bad operation when shapes or dtypes do not fit, for no rows, for a label that is no class and for weights that are none; not supported
/// for other dtypes; limit exceeded, interrupted.
pub fn softmax_cross_entropy(context: &Context, logits: &Tensor, labels: &Tensor, weights: Option<&Tensor>) -> Result<Loss> {
    const NAME: &str = "softmax-cross-entropy";
    with_float!(NAME, logits.dtype(), T => {
        let prepared = Rows::new::<T>(context, NAME, logits, labels, weights)?;
        let gradient = Tensor::zeros_for(context, NAME, logits.shape(), logits.dtype())?;
        let logits = logits.to_contiguous(context, NAME)?;
        let value = {
            let (from, mut to) = (logits.read(NAME)?, gradient.write(NAME)?);
            let to = &mut to.elements::<T>()[..gradient.element_count()];
            copy_slice(context, NAME, &from.elements::<T>()[logits.offset()..][..to.len()], to)?;
            prepared.run(context, NAME, to)?
        };
        Ok(Loss { value, gradient })
    })
}

/// As [`softmax_cross_entropy`], with the gradient written to `gradient`, which may be `logits` itself: then nothing is allocated but a
/// few bytes a row.
///
/// # Errors
/// As [`softmax_cross_entropy`]; bad operation when `gradient` is not like `logits`, not row-major, read-only, or overlaps `logits`
/// without being the same view.
pub fn softmax_cross_entropy_into(
    context: &Context,
    gradient: &Tensor,
    logits: &Tensor,
    labels: &Tensor,
    weights: Option<&Tensor>,
) -> Result<f64> {
    const NAME: &str = "softmax-cross-entropy-into";
    check_alike(NAME, ("the logits", logits), ("the gradient", gradient))?;
    let place = in_place(NAME, ("the gradient", gradient))?;
    with_float!(NAME, logits.dtype(), T => {
        let prepared = Rows::new::<T>(context, NAME, logits, labels, weights)?;
        let logits = if gradient.is_same_view_as(logits) { None } else { Some(logits.to_contiguous(context, NAME)?) };
        let mut to = gradient.write(NAME)?;
        let to = &mut to.elements::<T>()[place];
        if let Some(logits) = logits {
            copy_slice(context, NAME, &logits.read(NAME)?.elements::<T>()[logits.offset()..][..to.len()], to)?;
        }
        prepared.run(context, NAME, to)
    })
}

/// What is known of each row before the logits are looked at.
struct Rows {
    classes: usize,
    labels: Workspace<u32>,
    /// Each row's share of the mean; none: all are alike.
    shares: Option<Workspace<f64>>,
}

impl Rows {
    fn new<T: Number>(context: &Context, operation: &str, logits: &Tensor, labels: &Tensor, weights: Option<&Tensor>) -> Result<Rows> {
        let &[n, classes] = &logits.shape()[..] else {
            return Err(Error::bad(format!("{operation}: logits of shape {}; rows x classes are wanted", logits.shape())));
        };
        if n == 0 {
            return Err(Error::bad(format!("{operation}: logits of shape {}: no rows have no mean", logits.shape())));
        }
        let labels = read_labels(context, operation, labels, n, classes)?;
        let shares = match weights {
            None => None,
            Some(weights) => {
                check_vector(operation, ("weights", weights), n, logits.dtype())?;
                Some(shares::<T>(context, operation, weights)?)
            }
        };
        Ok(Rows { classes, labels, shares })
    }

    /// Turns logits into gradients and answers the loss.
    fn run<T: Number>(&self, context: &Context, operation: &str, logits: &mut [T]) -> Result<f64> {
        let rows = rows_per_task(self.classes);
        let equal = 1.0 / self.labels.len() as f64;
        let tasks = logits.chunks_mut(rows * self.classes).enumerate().collect();
        let losses = run(context, operation, tasks, |(task, logits): (usize, &mut [T])| {
            let mut loss = 0.0;
            vectorized(
                #[inline(always)]
                || {
                    for (i, logits) in logits.chunks_exact_mut(self.classes).enumerate() {
                        let row = task * rows + i;
                        let share = self.shares.as_ref().map_or(equal, |shares| shares[row]);
                        loss += share * turn_into_gradient(logits, self.labels[row] as usize, share);
                    }
                },
            );
            Ok(loss)
        })?;
        Ok(losses.iter().sum())
    }
}

/// The row's loss; leaves (softmax - one-hot) · share.
#[inline(always)]
fn turn_into_gradient<T: Number>(row: &mut [T], label: usize, share: f64) -> f64 {
    let most = largest(row);
    let chosen = row[label] - most;
    row.iter_mut().for_each(|z| *z = (*z - most).exp());
    let total = sum(
        row,
        #[inline(always)]
        |_, e| e,
    );
    let factor = T::from_f64(share / total.to_f64());
    let own = row[label];
    row.iter_mut().for_each(|e| *e = *e * factor);
    // (p - 1) as (e - Σe) / Σe, so that what is nearly certain keeps its digits.
    let others = sum(
        row,
        #[inline(always)]
        |i, p| if i == label { T::ZERO } else { p },
    );
    row[label] = if own.is_nan() { own } else { -others };
    total.to_f64().ln() - chosen.to_f64()
}

/// Weights over their sum.
fn shares<T: Number>(context: &Context, operation: &str, weights: &Tensor) -> Result<Workspace<f64>> {
    let mut shares = Workspace::<f64>::new(context, operation, weights.shape()[0])?;
    let storage = weights.read(operation)?;
    let elements = storage.elements::<T>();
    for (row, share) in shares.iter_mut().enumerate() {
        let weight = elements[weights.offset() + row * weights.strides()[0]].to_f64();
        if !(weight >= 0.0 && weight.is_finite()) {
            return Err(Error::bad(format!("{operation}: weight {weight} of row {row}; finite numbers from 0 up are wanted")));
        }
        *share = weight;
    }
    let total: f64 = shares.iter().sum();
    if total == 0.0 || total.is_infinite() {
        return Err(Error::bad(format!("{operation}: the weights sum to {total}; scale them, and give some row a weight")));
    }
    shares.iter_mut().for_each(|share| *share /= total);
    Ok(shares)
}
