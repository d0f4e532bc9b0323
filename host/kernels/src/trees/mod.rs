//! Decision trees: cutting features into bins, growing trees from gradients and hessians, predicting with forests.
//!
//! A caller grows a tree by saying which leaf to split next; everything that takes time happens here:
//!
//! 1. [`BinnedMatrix::new`] cuts every feature once into at most 255 bins, and one more for missing values.
//! 2. [`Grower::start`] takes each row's gradient and hessian and looks for the root's best split.
//! 3. [`Grower::split`] carries a split out and looks for the children's best splits, as often as the caller likes.
//! 4. [`Grower::finish`] adds the tree to a [`Forest`], and its leaves' values to the rows' scores.
//!
//! The methods are those of XGBoost (Chen and Guestrin, KDD 2016) and LightGBM (Ke et al., NIPS 2017): histograms of gradients for the
//! smaller child, the sibling's by subtraction, splits by gain, missing values to the side that gains more, categories in the order of
//! gradient over hessian.
//!
//! # Why whole numbers
//! Histograms are sums of whole numbers: gradients and hessians are scaled to 15 bits and rounded up or down at random, so that sums are
//! right on average (Shi et al., Quantized training of gradient boosting decision trees, NeurIPS 2022, do it with far fewer bits). Adding
//! them is exact: any order, any number of threads and a subtraction give the same histogram, and 8 bytes hold both sums while a block is
//! added. Only the choice of splits sees the rounding: leaf values are computed from the gradients as they were given.

mod binning;
mod categories;
mod cuts;
mod forest;
mod gradients;
mod grower;
mod histogram;
mod leaves;
mod matrix;
mod partition;
mod predict;
mod read;
mod scan;
mod split;

pub use forest::{Forest, ForestParts};
pub use grower::{Children, Grower, Leaf};
pub use matrix::{BinOptions, BinnedMatrix};
pub use split::SplitOptions;

/// Bins that values of one feature can have.
pub(crate) const MOST_BINS: usize = 255;
/// The code of a missing value.
const MISSING: u8 = 255;
/// Categories are whole numbers below this; a float32 holds all of them.
const MOST_CATEGORIES: f32 = 16_777_216.0;

/// The category that a value names; none for what is missing: NaN, negative, or too large.
#[inline(always)]
fn category_of(value: f32) -> Option<i32> {
    (0.0..MOST_CATEGORIES).contains(&value).then_some(value as i32)
}
