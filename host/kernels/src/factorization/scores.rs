//! What a factorization machine says about rows.

use super::{Model, check_model, check_rows};
use crate::context::Context;
use crate::error::Result;
use crate::float::{Float, with_float};
use crate::sparse::{Csr, Lines};
use crate::tensor::Tensor;
use crate::vectorized::vectorized;
use crate::workspace::Workspace;

/// Below so many multiplications the hop to the pool costs more than it brings.
const PARALLEL: usize = 1 << 17;
/// Multiplications in one task.
const TASK: usize = 1 << 15;

/// The score of each row of `x` (rows x n): rows x 1. `bias` has one element, `linear` is n or n x 1, `factors` n x k; all of one dtype,
/// float32 or float64, in which the sums are made.
///
/// # Errors
/// Bad operation when shapes or dtypes do not fit or the model's tensors have gaps; not supported for other dtypes; limit exceeded, interrupted.
pub fn factorization_scores(context: &Context, x: &Csr, bias: &Tensor, linear: &Tensor, factors: &Tensor) -> Result<Tensor> {
    const NAME: &str = "scores";
    let (n, k) = check_model(NAME, bias, linear, factors)?;
    check_rows(NAME, x, n, factors.dtype())?;
    let scores = Tensor::zeros_for(context, NAME, &[x.rows(), 1], x.dtype())?;
    with_float!(NAME, x.dtype(), T => {
        let storage = (bias.read(NAME)?, linear.read(NAME)?, factors.read(NAME)?);
        let (values, mut out) = (x.values().read(NAME)?, scores.write(NAME)?);
        let model = Model::<T> {
            bias: storage.0.elements()[bias.offset()],
            linear: &storage.1.elements()[linear.offset()..][..n],
            factors: &storage.2.elements()[factors.offset()..][..n * k],
        };
        score_rows(context, NAME, model, x.lines::<T>(&values), k, &mut out.elements::<T>()[..x.rows()])
    })?;
    Ok(scores)
}

fn score_rows<T: Float>(
    context: &Context,
    operation: &str,
    model: Model<'_, T>,
    lines: Lines<'_, T>,
    k: usize,
    out: &mut [T],
) -> Result<()> {
    let runs = lines.cut(TASK / (k + 1).min(TASK));
    let (mut rest, mut work) = (out, Vec::with_capacity(runs.len()));
    for run in runs {
        let (out, others) = rest.split_at_mut(run.len());
        work.push((lines.some(run), out));
        rest = others;
    }
    let room = || Workspace::<T>::new(context, operation, k);
    let score = |scratch: &mut Workspace<T>, (lines, out): (Lines<'_, T>, &mut [T])| {
        context.check(operation)?;
        vectorized(
            #[inline(always)]
            || {
                for (row, out) in out.iter_mut().enumerate() {
                    let (indices, values) = lines.row(row);
                    *out = model.score(indices, values, k, scratch);
                }
            },
        );
        Ok(())
    };
    context.each_with(lines.stored().saturating_mul(k + 1) >= PARALLEL, work.into_iter(), room, score)
}
