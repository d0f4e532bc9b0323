//! The nearest rows of each row.

use super::search::{Measured, Scratch, Search};
use super::{Metric, PARALLEL, check_positions, direct, sizes};
use crate::context::Context;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::float::{Float, with_float};
use crate::linalg::Matrix;
use crate::tensor::Tensor;

/// For fewer rows making `y` ready costs more than it brings.
const FEW: usize = 8;

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
    let (n, m, _) = sizes(NAME, x, y)?;
    if k < 1 || k > m {
        return Err(Error::bad(format!("{NAME}: {k} neighbours among {m} rows; from 1 to {m} are possible")));
    }
    check_positions(NAME, m)?;
    with_float!(NAME, x.dtype(), T => {
        let indices = Tensor::zeros_for(context, NAME, &[n, k], DType::Int32)?;
        let distances = Tensor::zeros_for(context, NAME, &[n, k], x.dtype())?;
        let (x, y) = (x.to_contiguous(context, NAME)?, y.to_contiguous(context, NAME)?);
        search::<T>(context, NAME, (&x, &y), k, metric, (&indices, &distances))?;
        Ok(NeighborList { indices, distances })
    })
}

/// Fills the n x k indices and distances. `x` and `y` are row-major.
fn search<T: Float>(
    context: &Context,
    operation: &str,
    (x, y): (&Tensor, &Tensor),
    k: usize,
    metric: Metric,
    (indices, distances): (&Tensor, &Tensor),
) -> Result<()> {
    let (n, m, d) = (x.shape()[0], y.shape()[0], x.shape()[1]);
    let (x_storage, y_storage) = (x.read(operation)?, y.read(operation)?);
    let x = Matrix::row_major(&x_storage.elements::<T>()[x.offset()..], n, d);
    let y = Matrix::row_major(&y_storage.elements::<T>()[y.offset()..], m, d);
    let (mut indices, mut distances) = (indices.write(operation)?, distances.write(operation)?);
    let indices = &mut indices.elements::<i32>()[..n * k];
    let distances = &mut distances.elements::<T>()[..n * k];
    if n < FEW {
        return direct::search(context, operation, (x, y), k, metric, (indices, distances));
    }
    let search = Search::new(context, operation, (x, y), k, (metric, Measured::Float64))?;
    let rows = search.block();
    let block = |scratch: &mut Scratch<T>, (at, (indices, distances)): (usize, (&mut [i32], &mut [T]))| {
        search.rows(at * rows, scratch, indices, distances)
    };
    let scratch = || Scratch::new(&search);
    let parallel = n.saturating_mul(m).saturating_mul(d) >= PARALLEL;
    let parts = indices.chunks_mut(rows * k).zip(distances.chunks_mut(rows * k)).enumerate();
    context.each_with(parallel, parts, scratch, block)
}
