//! Rows by position, and elements by value: selecting, adding up by position, ordering, searching and counting.

mod along;
mod edges;
mod keys;
mod one_hot;
mod positions;
mod quantiles;
mod radix;
mod rows;
mod scan;
mod scatter;
mod search;
mod segments;
mod sort;
mod top;
mod unique;

pub use along::take_along;
pub use one_hot::one_hot;
pub use quantiles::quantiles;
pub use rows::{compress, gather, nonzero, reverse};
pub use scan::cumulative_sum;
pub use scatter::scatter_add;
pub use search::{bincount, histogram, search_sorted};
pub use segments::{segment_max, segment_mean, segment_min, segment_sum};
pub(crate) use sort::sort_numbers;
pub use sort::{argsort, sort};
pub use top::{TopList, top_k};
pub use unique::{Unique, unique, unique_all};

use crate::error::{Error, Result};
use crate::tensor::Tensor;

/// Below so many elements the hop to the pool costs more than it brings.
const PARALLEL: usize = 1 << 18;
/// Elements moved between two looks at the cancel token.
const TASK: usize = 1 << 16;

/// How many rows `a` has.
fn row_count(operation: &str, a: &Tensor) -> Result<usize> {
    a.shape().first().copied().ok_or_else(|| Error::bad(format!("{operation}: a tensor without axes has no rows")))
}

/// The length of the last axis, whose places must fit int32.
fn last_axis(operation: &str, a: &Tensor) -> Result<usize> {
    let Some(&length) = a.shape().last() else {
        return Err(Error::bad(format!("{operation}: a tensor without axes has no order")));
    };
    places_fit(operation, length)?;
    Ok(length)
}

/// Places among so many elements are told in int32.
fn places_fit(operation: &str, length: usize) -> Result<()> {
    if i32::try_from(length).is_err() {
        return Err(Error::bad(format!("{operation}: {length} elements to choose from, places are int32")));
    }
    Ok(())
}
