//! The step of k-means: each row to its nearest centroid, and what the next centroids need, in one pass over the rows.

use super::search::{Measured, Scratch, Search};
use super::{Metric, PARALLEL, check_positions, sizes};
use crate::context::Context;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::float::{Float, with_float};
use crate::linalg::Matrix;
use crate::tensor::Tensor;
use crate::vectorized::vectorized;
use crate::workspace::Unfilled;

/// Most partial sums that are merged.
const MOST_PARTS: usize = 64;

/// Which centroid is nearest to each row, and the rows of each centroid added up.
#[derive(Clone, Debug)]
pub struct ClusterAssignment {
    /// n, int32: the nearest centroid of each row, the lower one among equals.
    pub labels: Tensor,
    /// n, the inputs' dtype: the squared Euclidean distance to it.
    pub distances: Tensor,
    /// k x d, the inputs' dtype: of each centroid the sum of its rows, each times its weight. 0 where there are none.
    pub sums: Tensor,
    /// k x 1, the inputs' dtype: of each centroid the sum of its rows' weights; without weights, their number.
    pub sizes: Tensor,
    /// The sum of all distances, each times its row's weight.
    pub inertia: f64,
}

/// Assigns each row of `x` (n x d) to the nearest of the `centroids` (k x d, at least one), and adds up what the centroids' means are made
/// of: `sums / sizes`. Both float32 or both float64; `weights`, if there are any, of the same dtype with n elements (n, or n x 1).
///
/// Labels are those of [`nearest`](fn@super::nearest) with k = 1, exactly. Distances are computed in the dtype from the differences and wrong
/// by at most (d + 16) roundoffs, relatively (2e-6 for 16 columns of float32). Sums are made in float64 and rounded once. A row with a NaN
/// goes to centroid 0 at distance NaN.
///
/// This is Lloyd's step (S. Lloyd, Least squares quantization in PCM, 1982). Charges workspace of about the size of the centroids for each
/// part of the work, at most 64.
///
/// # Errors
/// Bad operation when shapes or dtypes do not fit or there is no centroid, not supported for other dtypes, limit exceeded, interrupted.
pub fn assign_clusters(context: &Context, x: &Tensor, centroids: &Tensor, weights: Option<&Tensor>) -> Result<ClusterAssignment> {
    const NAME: &str = "assign-clusters";
    let (n, k, d) = sizes(NAME, x, centroids)?;
    if k == 0 {
        return Err(Error::bad(format!("{NAME}: no centroids to choose from, centroids have shape {}", centroids.shape())));
    }
    check_positions(NAME, k)?;
    if let Some(weights) = weights {
        check_weights(NAME, weights, n, x.dtype())?;
    }
    with_float!(NAME, x.dtype(), T => {
        let made = |shape: &[usize], dtype| Tensor::zeros_for(context, NAME, shape, dtype);
        let mut out = ClusterAssignment {
            labels: made(&[n], DType::Int32)?,
            distances: made(&[n], x.dtype())?,
            sums: made(&[k, d], x.dtype())?,
            sizes: made(&[k, 1], x.dtype())?,
            inertia: 0.0,
        };
        let (x, centroids) = (x.to_contiguous(context, NAME)?, centroids.to_contiguous(context, NAME)?);
        let weights = weights.map(|weights| weights.to_contiguous(context, NAME)).transpose()?;
        out.inertia = fill::<T>(context, NAME, (&x, &centroids, weights.as_ref()), &out)?;
        Ok(out)
    })
}

fn check_weights(operation: &str, weights: &Tensor, rows: usize, dtype: DType) -> Result<()> {
    if weights.dtype() != dtype {
        return Err(Error::bad(format!("{operation}: weights of {}, rows of {dtype}; cast one of them", weights.dtype())));
    }
    match weights.shape()[..] {
        [count] | [count, 1] if count == rows => Ok(()),
        _ => Err(Error::bad(format!("{operation}: weights of shape {} for {rows} rows; [{rows}] is wanted", weights.shape()))),
    }
}

/// Fills `out`, all row-major, and returns the inertia.
fn fill<T: Float>(
    context: &Context,
    operation: &str,
    (x, centroids, weights): (&Tensor, &Tensor, Option<&Tensor>),
    out: &ClusterAssignment,
) -> Result<f64> {
    let (n, k, d) = (x.shape()[0], centroids.shape()[0], x.shape()[1]);
    let (x_storage, y_storage) = (x.read(operation)?, centroids.read(operation)?);
    let weights_storage = weights.map(|weights| weights.read(operation)).transpose()?;
    let x = Matrix::row_major(&x_storage.elements::<T>()[x.offset()..], n, d);
    let y = Matrix::row_major(&y_storage.elements::<T>()[centroids.offset()..], k, d);
    let weights = weights.zip(weights_storage.as_ref()).map(|(weights, storage)| &storage.elements::<T>()[weights.offset()..]);
    let (mut labels, mut distances) = (out.labels.write(operation)?, out.distances.write(operation)?);
    let (labels, distances) = (&mut labels.elements::<i32>()[..n], &mut distances.elements::<T>()[..n]);

    let search = Search::new(context, operation, (x, y), 1, (Metric::SquaredEuclidean, Measured::Dtype))?;
    let step = Step { context, operation, weights, clusters: k, search };
    let rows = n.div_ceil(parts(n, k)).max(1).next_multiple_of(step.search.block());
    let totals = k * (d + 1) + 1;
    let mut sums = Unfilled::<f64>::zeroed(context, operation, n.div_ceil(rows).max(1) * totals)?;
    let parallel = n.saturating_mul(k).saturating_mul(d) >= PARALLEL;
    let work = labels.chunks_mut(rows).zip(distances.chunks_mut(rows)).zip(sums.chunks_mut(totals)).enumerate();
    context.each(parallel, work, |(part, ((labels, distances), sums))| step.part(part * rows, labels, distances, sums))?;
    let (total, others) = sums.split_at_mut(totals);
    for other in others.chunks_exact(totals) {
        total.iter_mut().zip(other).for_each(|(sum, value)| *sum += value);
    }
    let (mut sums, mut sizes) = (out.sums.write(operation)?, out.sizes.write(operation)?);
    let to = sums.elements::<T>()[..k * d].iter_mut().chain(&mut sizes.elements::<T>()[..k]);
    to.zip(&*total).for_each(|(to, &sum)| *to = T::from_f64(sum));
    Ok(total[totals - 1])
}

/// Into how many parts to cut the work: merging a part costs about as much as a few rows for each centroid, and their sums should not need
/// much more memory than the rows.
fn parts(n: usize, k: usize) -> usize {
    (n / (8 * k)).max((2 * n / k).min(8)).clamp(1, MOST_PARTS)
}

struct Step<'a, T> {
    context: &'a Context,
    operation: &'a str,
    weights: Option<&'a [T]>,
    clusters: usize,
    search: Search<'a, T>,
}

impl<T: Float> Step<'_, T> {
    /// Labels rows from `start` on and adds them to `totals`: k x d sums, k sizes, the inertia.
    fn part(&self, start: usize, labels: &mut [i32], distances: &mut [T], totals: &mut [f64]) -> Result<()> {
        let mut scratch = Scratch::new(&self.search)?;
        let block = self.search.block();
        for (at, (labels, distances)) in labels.chunks_mut(block).zip(distances.chunks_mut(block)).enumerate() {
            let start = start + at * block;
            self.context.check(self.operation)?;
            self.search.rows(start, &mut scratch, labels, distances)?;
            // While the rows are in the cache.
            vectorized(
                #[inline(always)]
                || self.add(start, labels, distances, totals),
            );
        }
        Ok(())
    }

    #[inline(always)]
    fn add(&self, start: usize, labels: &[i32], distances: &[T], totals: &mut [f64]) {
        let d = self.search.x.cols;
        let (sums, rest) = totals.split_at_mut(self.clusters * d);
        let (sizes, inertia) = rest.split_at_mut(self.clusters);
        for (row, (&label, distance)) in labels.iter().zip(distances).enumerate() {
            let weight = self.weights.map_or(1.0, |weights| weights[start + row].to_f64());
            let values = &self.search.x.elements[(start + row) * d..][..d];
            let sums = &mut sums[label as usize * d..][..d];
            sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += weight * value.to_f64());
            sizes[label as usize] += weight;
            inertia[0] += weight * distance.to_f64();
        }
    }
}
