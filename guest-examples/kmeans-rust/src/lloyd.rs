//! Lloyd's iterations: each point to its nearest centroid, each centroid to the mean of its points. An iteration is one pass over the
//! points and a few calls on what is as small as the centroids.

use std::mem::swap;

use crate::Clustering;
use crate::algohost::ml::formulas::{self, Formula, Reduction, compile};
use crate::algohost::ml::job;
use crate::algohost::ml::neighbors::assign_clusters;
use crate::algohost::ml::tensors::{Dtype, Tensor, zeros};
use crate::algohost::ml::types::Error;
use crate::bytes::floats;
use crate::points::Points;

/// What every run over the points needs.
pub(crate) struct Lloyd<'a> {
    points: &'a Points,
    max_iterations: u32,
    /// A run has converged when the centroids' squared moves add up to no more.
    tolerance: f64,
    mean: Formula,
    squared_move: Formula,
}

impl Lloyd<'_> {
    pub(crate) fn new(points: &Points) -> Result<Lloyd<'_>, Error> {
        let variances = formulas::reduce(&points.rows, Reduction::Variance, &[0], false)?;
        let mean_variance = formulas::reduce(&variances, Reduction::Mean, &[], false)?.item()?;
        Ok(Lloyd {
            points,
            max_iterations: job::integer("max_iterations")? as u32,
            tolerance: job::number("tolerance")? * mean_variance,
            mean: compile("sum size old", "where(size > 0, sum / size, old)")?,
            squared_move: compile("a b", "square(a - b)")?,
        })
    }

    /// One clustering from these first centroids. Ends early when the job is to stop. `steps` counts the iterations of all runs.
    pub(crate) fn run(&self, mut centroids: Tensor, steps: &mut u32) -> Result<Clustering, Error> {
        let mut moved = zeros(&centroids.shape(), Dtype::Float32)?;
        let mut iterations = 0;
        while iterations < self.max_iterations && !job::should_stop() {
            let inertia = self.move_centroids(&centroids, &moved)?;
            let shift = self.squared_move.reduce_all(Reduction::Sum, &[&centroids, &moved])?;
            swap(&mut centroids, &mut moved);
            (iterations, *steps) = (iterations + 1, *steps + 1);
            job::metric("train_msd", inertia / self.points.total_weight, *steps);
            if shift <= self.tolerance {
                break;
            }
        }
        let inertia = assign_clusters(&self.points.rows, &centroids, self.points.weights.as_ref())?.inertia;
        Ok(Clustering { centroids, inertia, iterations })
    }

    /// Writes the means of the points nearest to each centroid into `moved`, and returns how tight the clusters were before.
    fn move_centroids(&self, centroids: &Tensor, moved: &Tensor) -> Result<f64, Error> {
        let found = assign_clusters(&self.points.rows, centroids, self.points.weights.as_ref())?;
        self.mean.apply_into(moved, &[&found.sums, &found.sizes, centroids])?;
        for cluster in empty(&found.sizes.read(0, found.sizes.shape()[0])?) {
            self.move_to_farthest(moved, cluster, &found.distances)?;
        }
        Ok(found.inertia)
    }

    /// A centroid without points goes to the point that is farthest from its own centroid, where it saves the most.
    fn move_to_farthest(&self, moved: &Tensor, cluster: u32, distances: &Tensor) -> Result<(), Error> {
        let farthest = formulas::reduce(distances, Reduction::ArgMax, &[], false)?.item()? as u32;
        let point = self.points.rows.slice(0, farthest, farthest + 1)?;
        moved.slice(0, cluster, cluster + 1)?.assign(&point)?;
        // The next empty cluster takes another one.
        distances.slice(0, farthest, farthest + 1)?.fill(0.0)
    }
}

/// Positions of the zeros among the bytes of float32 numbers.
pub(crate) fn empty(sizes: &[u8]) -> impl Iterator<Item = u32> {
    floats(sizes).zip(0..).filter(|&(size, _)| size == 0.0).map(|(_, cluster)| cluster)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_clusters_without_points_are_empty() {
        let sizes: Vec<u8> = [3.0_f32, 0.0, 1.0, 0.0].iter().flat_map(|size| size.to_le_bytes()).collect();
        assert_eq!(empty(&sizes).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(empty(&[]).count(), 0);
    }
}
