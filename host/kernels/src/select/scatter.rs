//! Rows added where positions say.

use super::positions::Positions;
use super::{PARALLEL, TASK, row_count};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::float::{Float, with_float};
use crate::tensor::Tensor;
use crate::vectorized::vectorized;

/// Tasks that the rows of the target are cut into, at most: each looks at every position.
const TASKS: usize = 8;

/// Adds row i of `rows` (k x ..., the dtype of `target`) to row `indices[i]` (k, int32 or int64) of `target` (n x ..., float32 or float64).
/// Several rows for one place are added one after the other, in the order of `indices`, rounding each time: the gradient of an embedding
/// comes out the same whatever the number of threads.
///
/// # Errors
/// Bad operation for a position outside of `target` (nothing is added then), shapes or dtypes that do not fit, a target that is read-only,
/// repeats elements, or shares storage with `rows` or `indices`; not supported for other dtypes; limit exceeded; interrupted, with a part
/// of the rows added.
pub fn scatter_add(context: &Context, target: &Tensor, indices: &Tensor, rows: &Tensor) -> Result<()> {
    const NAME: &str = "scatter-add";
    let count = row_count(NAME, target)?;
    if rows.dtype() != target.dtype() {
        return Err(Error::bad(format!("{NAME}: rows of {} to a target of {}; cast them", rows.dtype(), target.dtype())));
    }
    let fits = rows.shape().len() == target.shape().len() && rows.shape().without(0) == target.shape().without(0);
    if !fits {
        let (rows, target) = (rows.shape(), target.shape());
        return Err(Error::bad(format!(
            "{NAME}: rows of shape {rows} to a target of shape {target}; all axes but the first must be equal"
        )));
    }
    target.check_distinct(NAME, "the target")?;
    let index_storage = indices.read(NAME)?;
    let positions = Positions::new(NAME, "indices", indices, &index_storage)?;
    if positions.count != rows.shape()[0] {
        return Err(Error::bad(format!("{NAME}: {} positions for {} rows", positions.count, rows.shape()[0])));
    }
    positions.check(context, NAME, count, "rows")?;
    if rows.shares_storage_with(target) {
        // Even where a copy would be taken of it: what is allowed does not depend on the layout.
        return Err(Error::bad(format!("{NAME}: the output shares storage with an input; give it storage of its own")));
    }
    let rows = rows.to_contiguous(context, NAME)?;
    with_float!(NAME, target.dtype(), T => {
        if target.contiguous().is_some() {
            return add::<T>(context, NAME, target, &positions, &rows);
        }
        // Seldom, so simply: through a copy in row-major order.
        let copy = target.to_contiguous(context, NAME)?;
        drop(target.write(NAME)?);
        add::<T>(context, NAME, &copy, &positions, &rows)?;
        target.take_elements(context, NAME, &copy)
    })
}

/// `target` and `rows` are row-major.
fn add<T: Float>(context: &Context, operation: &str, target: &Tensor, positions: &Positions<'_>, rows: &Tensor) -> Result<()> {
    let (from, mut to) = (rows.read(operation)?, target.write(operation)?);
    let from = &from.elements::<T>()[rows.offset()..][..rows.element_count()];
    let to = &mut to.elements::<T>()[target.offset()..][..target.element_count()];
    if to.is_empty() || from.is_empty() {
        return Ok(());
    }
    let width = from.len() / positions.count;
    let share = if from.len() < PARALLEL { to.len() / width } else { (to.len() / width).div_ceil(TASKS) };
    let add = |(task, to): (usize, &mut [T])| {
        let own = task * share..task * share + to.len() / width;
        for start in (0..positions.count).step_by((TASK / width).max(1)) {
            context.check(operation)?;
            let some = start..positions.count.min(start + (TASK / width).max(1));
            vectorized(
                #[inline(always)]
                || {
                    for row in some.clone() {
                        let at = positions.at(row);
                        if own.contains(&at) {
                            let to = &mut to[(at - own.start) * width..][..width];
                            to.iter_mut().zip(&from[row * width..][..width]).for_each(|(to, &value)| *to = *to + value);
                        }
                    }
                },
            );
        }
        Ok(())
    };
    context.each(from.len() >= PARALLEL, to.chunks_mut(share * width).enumerate(), add)
}
