//! Lloyd's iterations: each point to its nearest centroid, each centroid to the mean of its points.

use std::mem::swap;

use crate::algohost::ml::formulas::{self, Formula, Reduction, compile};
use crate::algohost::ml::job;
use crate::algohost::ml::neighbors::{Metric, NeighborList, nearest};
use crate::algohost::ml::select::segment_sum;
use crate::algohost::ml::tensors::{Dtype, Tensor, full, zeros};
use crate::algohost::ml::types::Error;
use crate::seeding::Seeder;

/// Where the centroids came to rest.
pub(crate) struct Clustering {
    /// k x features
    pub(crate) centroids: Tensor,
    /// Sum of the points' squared distances to their centroids.
    pub(crate) inertia: f64,
    pub(crate) iterations: u32,
}

/// The points, and what every run over them needs.
pub(crate) struct Clusterer {
    /// rows x features
    points: Tensor,
    n_rows: u32,
    n_features: u32,
    /// rows x 1: what each row counts
    ones: Tensor,
    k: u32,
    max_iterations: u32,
    /// A run has converged when the centroids' squared moves add up to no more.
    tolerance: f64,
    seeder: Seeder,
    mean: Formula,
    squared_move: Formula,
    itself: Formula,
}

impl Clusterer {
    pub(crate) fn new(points: Tensor) -> Result<Clusterer, Error> {
        let shape = points.shape();
        let (n_rows, n_features) = (shape[0], shape[1]);
        let variances = formulas::reduce(&points, Reduction::Variance, &[0], false)?;
        let mean_variance = formulas::reduce(&variances, Reduction::Mean, &[], false)?.item()?;
        Ok(Clusterer {
            ones: full(&[n_rows, 1], Dtype::Float32, 1.0)?,
            k: job::integer("k")? as u32,
            max_iterations: job::integer("max_iterations")? as u32,
            tolerance: job::number("tolerance")? * mean_variance,
            seeder: Seeder::new(job::integer("seed")? as u32)?,
            mean: compile("sum n", "sum / max(n, 1)")?,
            squared_move: compile("a b", "square(a - b)")?,
            itself: compile("x", "x")?,
            points,
            n_rows,
            n_features,
        })
    }

    /// One clustering. Each `restart` begins elsewhere. Ends early when the job is to stop.
    pub(crate) fn run(&self, restart: u32) -> Result<Clustering, Error> {
        let mut centroids = self.seeder.centroids(&self.points, self.k, restart)?;
        let mut moved = zeros(&[self.k, self.n_features], Dtype::Float32)?;
        let mut iterations = 0;
        while iterations < self.max_iterations && !job::should_stop() {
            self.move_centroids(&centroids, &moved)?;
            let shift = self.squared_move.reduce_all(Reduction::Sum, &[&centroids, &moved])?;
            swap(&mut centroids, &mut moved);
            iterations += 1;
            if shift <= self.tolerance {
                break;
            }
        }
        let distances = self.assign(&centroids)?.distances;
        let inertia = self.itself.reduce_all(Reduction::Sum, &[&distances])?;
        Ok(Clustering { centroids, inertia, iterations })
    }

    fn assign(&self, centroids: &Tensor) -> Result<NeighborList, Error> {
        nearest(&self.points, centroids, 1, Metric::SquaredEuclidean)
    }

    /// Writes the means of the points nearest to each centroid into `moved`.
    fn move_centroids(&self, centroids: &Tensor, moved: &Tensor) -> Result<(), Error> {
        let assigned = self.assign(centroids)?;
        let ids = assigned.indices.reshape(&[self.n_rows])?;
        let sums = segment_sum(&self.points, &ids, self.k)?;
        let sizes = segment_sum(&self.ones, &ids, self.k)?;
        self.mean.apply_into(moved, &[&sums, &sizes])?;
        for cluster in empty(&sizes.read(0, self.k)?) {
            self.move_to_farthest(moved, cluster, &assigned.distances)?;
        }
        Ok(())
    }

    /// A centroid without points goes to the point that is farthest from its own centroid, where it saves the most.
    fn move_to_farthest(&self, moved: &Tensor, cluster: u32, distances: &Tensor) -> Result<(), Error> {
        let farthest = formulas::reduce(distances, Reduction::ArgMax, &[], false)?.item()? as u32;
        let point = self.points.slice(0, farthest, farthest + 1)?;
        moved.slice(0, cluster, cluster + 1)?.assign(&point)?;
        // The next empty cluster takes another one.
        distances.slice(0, farthest, farthest + 1)?.fill(0.0)
    }
}

/// Positions of the zeros among the bytes of float32 numbers.
fn empty(sizes: &[u8]) -> impl Iterator<Item = u32> {
    sizes.chunks_exact(4).zip(0..).filter(|(size, _)| **size == [0; 4]).map(|(_, cluster)| cluster)
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
