//! Which rows are near: distances, exact nearest neighbours without the matrix of all distances, and the step of k-means.
//!
//! Products of tiles give a lower bound of each distance; the few rows with the least bounds get their distance computed exactly, and a
//! result stands only when no bound of another row undercuts it. Otherwise the row is searched again with the exact distances of every
//! row that could matter. So the answer is that of the plain double loop, whatever was rounded on the way.

mod assign;
mod bound;
mod candidates;
mod compare;
mod direct;
mod distances;
mod exact;
mod least;
mod look;
mod nearest;
mod panels;
mod rows;
mod search;
mod tile;

pub use assign::{ClusterAssignment, assign_clusters};
pub(crate) use compare::Compare;
pub use distances::distances;
pub use nearest::{NeighborList, nearest};

use crate::error::{Error, Result};
use crate::tensor::Tensor;

/// Below so many multiplications the hop to the pool costs more than it brings.
const PARALLEL: usize = 1 << 18;

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

/// Rows of `x`, rows of `y`, and the columns that both have.
fn sizes(operation: &str, x: &Tensor, y: &Tensor) -> Result<(usize, usize, usize)> {
    if x.dtype() != y.dtype() {
        return Err(Error::bad(format!("{operation}: {} against {}; cast one of them to the other's dtype", x.dtype(), y.dtype())));
    }
    match (&x.shape()[..], &y.shape()[..]) {
        (&[n, d], &[m, columns]) if d == columns => Ok((n, m, d)),
        _ => Err(Error::bad(format!(
            "{operation}: shapes {} and {}; two matrices with equally many columns are wanted",
            x.shape(),
            y.shape()
        ))),
    }
}

/// Positions are int32.
fn check_positions(operation: &str, rows: usize) -> Result<()> {
    if i32::try_from(rows).is_err() {
        return Err(Error::bad(format!("{operation}: {rows} rows to choose from, positions are int32")));
    }
    Ok(())
}
