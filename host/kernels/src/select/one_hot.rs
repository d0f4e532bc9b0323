//! Classes as rows of 0 and 1.

use super::TASK;
use super::positions::Positions;
use crate::context::Context;
use crate::dtype::{DType, Element};
use crate::error::Result;
use crate::tensor::Tensor;
use crate::with_element;

/// For each of `ids` (n, int32 or int64) a row (n x `classes`, any dtype) that is 1 at that place and 0 elsewhere.
///
/// # Errors
/// Bad operation for an id outside of 0 to `classes` - 1, other axes or dtypes; limit exceeded, interrupted.
pub fn one_hot(context: &Context, ids: &Tensor, classes: usize, dtype: DType) -> Result<Tensor> {
    const NAME: &str = "one-hot";
    let storage = ids.read(NAME)?;
    let ids = Positions::new(NAME, "ids", ids, &storage)?;
    ids.check(context, NAME, classes, "classes")?;
    let out = Tensor::zeros_for(context, NAME, &[ids.count, classes], dtype)?;
    let mut to = out.write(NAME)?;
    with_element!(dtype, T => {
        let to = to.elements::<T>();
        for start in (0..ids.count).step_by(TASK) {
            context.check(NAME)?;
            (start..ids.count.min(start + TASK)).for_each(|i| to[i * classes + ids.at(i)] = T::from_f64(1.0));
        }
    });
    drop(to);
    Ok(out)
}
