//! Which rows are near: exact nearest neighbours without the matrix of all distances.
//!
//! Products of tiles give a lower bound of each distance; the few rows with the least bounds get their distance computed exactly, and a
//! result stands only when no bound of another row undercuts it. Otherwise the row is searched again with the exact distances of every
//! row that could matter. So the answer is that of the plain double loop, whatever was rounded on the way.

mod bound;
mod candidates;
mod direct;
mod exact;
mod least;
mod search;

use crate::context::Context;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::float::with_float;
use crate::tensor::Tensor;

/// How far two rows are from each other; less is nearer everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Σ(x − y)².
    SquaredEuclidean,
    /// The root of Σ(x − y)².
    Euclidean,
    /// 1 minus the cosine of the angle, from 0 to 2; 1 where a row is all 0.
    Cosine,
    /// −Σxy.
    InnerProduct,
}

/// The nearest rows of each row, nearest first, the lower position first among equals; distances that are NaN come last.
#[derive(Clone, Debug)]
pub struct NeighborList {
    /// n x k, int32: positions.
    pub indices: Tensor,
    /// n x k, the inputs' dtype: distances, computed in float64 from the inputs and rounded.
    pub distances: Tensor,
}

/// For each row of `x` (n x d) the `k` nearest rows of `y` (m x d), float32 or float64, 1 <= k <= m. Equal rows are at distance 0 exactly.
///
/// Charges workspace of about the size of `y`, unless `x` has very few rows. Rows with many neighbours at nearly the same distance take longer.
///
/// # Errors
/// Bad operation when shapes, dtypes or k do not fit, not supported for other dtypes, limit exceeded, interrupted.
pub fn nearest(context: &Context, x: &Tensor, y: &Tensor, k: usize, metric: Metric) -> Result<NeighborList> {
    const NAME: &str = "nearest";
    if x.dtype() != y.dtype() {
        return Err(Error::bad(format!("{NAME}: {} against {}; cast one of them to the other's dtype", x.dtype(), y.dtype())));
    }
    if x.shape().len() != 2 || y.shape().len() != 2 || x.shape()[1] != y.shape()[1] {
        return Err(Error::bad(format!(
            "{NAME}: shapes {} and {}; two matrices with equally many columns are wanted",
            x.shape(),
            y.shape()
        )));
    }
    let (n, m) = (x.shape()[0], y.shape()[0]);
    if k < 1 || k > m {
        return Err(Error::bad(format!("{NAME}: {k} neighbours among {m} rows; from 1 to {m} are possible")));
    }
    if i32::try_from(m).is_err() {
        return Err(Error::bad(format!("{NAME}: {m} rows to choose from, positions are int32")));
    }
    with_float!(NAME, x.dtype(), T => {
        let indices = Tensor::zeros_for(context, NAME, &[n, k], DType::Int32)?;
        let distances = Tensor::zeros_for(context, NAME, &[n, k], x.dtype())?;
        let (x, y) = (x.to_contiguous(context)?, y.to_contiguous(context)?);
        search::search::<T>(context, NAME, (&x, &y), k, metric, (&indices, &distances))?;
        Ok(NeighborList { indices, distances })
    })
}
