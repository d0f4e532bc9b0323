//! k-means++: the first centroids are points far from each other (Arthur and Vassilvitskii 2007). The greedy form tries several points
//! for each centroid and takes the best, as scikit-learn does.

use crate::algohost::ml::formulas::{Formula, Reduction, compile};
use crate::algohost::ml::random::choice;
use crate::algohost::ml::select::gather;
use crate::algohost::ml::tensors::{Dtype, Tensor, full, zeros};
use crate::algohost::ml::types::Error;

/// Draws first centroids.
pub(crate) struct Seeder {
    seed: u32,
    squared_difference: Formula,
    nearer: Formula,
}

impl Seeder {
    pub(crate) fn new(seed: u32) -> Result<Seeder, Error> {
        Ok(Seeder { seed, squared_difference: compile("x c", "square(x - c)")?, nearer: compile("a b", "min(a, b)")? })
    }

    /// k of the points (rows x features), as k x features. Other numbers of `restart` draw others.
    pub(crate) fn centroids(&self, points: &Tensor, k: u32, restart: u32) -> Result<Tensor, Error> {
        let shape = points.shape();
        let (n_rows, n_features) = (shape[0], shape[1]);
        let alike = full(&[n_rows], Dtype::Float32, 1.0)?;
        let centroids = zeros(&[k, n_features], Dtype::Float32)?;
        let sequences = restart.wrapping_mul(k);

        let first = gather(points, &choice(&alike, 1, self.seed, sequences)?)?;
        centroids.slice(0, 0, 1)?.assign(&first)?;
        let closest = self.squared_distances(points, &first)?; // rows x 1: to the nearest centroid so far
        let weights = closest.reshape(&[n_rows])?; // the same numbers with one axis
        let mut potential = self.nearer.reduce_all(Reduction::Sum, &[&closest, &closest])?;
        for cluster in 1..k {
            // With fewer different points than clusters, all distances are 0 at last: then any point will do.
            let weights = if potential > 0.0 { &weights } else { &alike };
            let drawn = choice(weights, trials(k), self.seed, sequences.wrapping_add(cluster))?;
            let best = self.best_candidate(points, &closest, &gather(points, &drawn)?)?;
            centroids.slice(0, cluster, cluster + 1)?.assign(&best.point)?;
            self.nearer.apply_into(&closest, &[&closest, &best.distances])?;
            potential = best.potential;
        }
        Ok(centroids)
    }

    /// The candidate that leaves the least sum of distances.
    fn best_candidate(&self, points: &Tensor, closest: &Tensor, candidates: &Tensor) -> Result<Candidate, Error> {
        let mut best = self.candidate(points, closest, candidates.slice(0, 0, 1)?)?;
        for row in 1..candidates.shape()[0] {
            let other = self.candidate(points, closest, candidates.slice(0, row, row + 1)?)?;
            if other.potential < best.potential {
                best = other;
            }
        }
        Ok(best)
    }

    fn candidate(&self, points: &Tensor, closest: &Tensor, point: Tensor) -> Result<Candidate, Error> {
        let distances = self.squared_distances(points, &point)?;
        let potential = self.nearer.reduce_all(Reduction::Sum, &[closest, &distances])?;
        Ok(Candidate { point, distances, potential })
    }

    /// Of each point to one: rows x 1. Differences, not products: what is near must not be lost in rounding.
    fn squared_distances(&self, points: &Tensor, center: &Tensor) -> Result<Tensor, Error> {
        self.squared_difference.reduce(Reduction::Sum, &[1], true, &[points, center])
    }
}

struct Candidate {
    /// 1 x features
    point: Tensor,
    /// rows x 1
    distances: Tensor,
    /// Sum of all points' squared distances to their nearest centroid, were this the next one.
    potential: f64,
}

/// Points tried for each centroid.
fn trials(k: u32) -> u32 {
    2 + f64::from(k).ln() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trials_grow_with_the_logarithm_of_k() {
        assert_eq!([1, 2, 10, 1000].map(trials), [2, 2, 4, 8]);
    }
}
