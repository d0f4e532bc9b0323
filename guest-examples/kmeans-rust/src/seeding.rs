//! Where a clustering begins: points far from each other, or any points.
//!
//! k-means++ draws each next centroid with probability proportional to its squared distance from those drawn before (Arthur and
//! Vassilvitskii 2007). The greedy form tries several points for each centroid and takes the best, as scikit-learn does.

use crate::algohost::ml::formulas::{Formula, Reduction, compile};
use crate::algohost::ml::job;
use crate::algohost::ml::neighbors::{Metric, distances};
use crate::algohost::ml::random::{choice, permutation};
use crate::algohost::ml::select::gather;
use crate::algohost::ml::tensors::{Dtype, Tensor, full, zeros};
use crate::algohost::ml::types::Error;
use crate::bytes::floats;
use crate::parallel::Oversampling;
use crate::points::Points;

/// Sequences of random numbers that one restart may use besides one for each centroid.
pub(crate) const SPARE: u32 = 64;

/// Draws first centroids.
pub(crate) struct Seeder {
    seed: u32,
    k: u32,
    method: Method,
    nearer: Formula,
    potential: Formula,
}

enum Method {
    PlusPlus,
    Parallel(Oversampling),
    Random,
}

impl Seeder {
    pub(crate) fn new(seed: u32, k: u32) -> Result<Seeder, Error> {
        let method = match job::text("init_method")?.as_str() {
            "kmeans||" => Method::Parallel(Oversampling::new(seed, k)?),
            "random" => Method::Random,
            _ => Method::PlusPlus,
        };
        Ok(Seeder { seed, k, method, nearer: compile("a b", "min(a, b)")?, potential: compile("w a b", "w * min(a, b)")? })
    }

    /// k centroids, as k x features. Other numbers of `restart` draw others.
    pub(crate) fn centroids(&self, points: &Points, restart: u32) -> Result<Tensor, Error> {
        let sequences = restart.wrapping_mul(self.k + SPARE);
        let ones;
        let weights = match &points.weights {
            Some(weights) => weights,
            None => {
                ones = full(&[points.n_rows, 1], Dtype::Float32, 1.0)?;
                &ones
            }
        };
        match &self.method {
            Method::PlusPlus => self.plus_plus(&points.rows, weights, sequences),
            Method::Random => gather(&points.rows, &permutation(points.n_rows, self.seed, sequences)?.slice(0, 0, self.k)?),
            Method::Parallel(oversampling) => {
                let (candidates, weights) = oversampling.candidates(&points.rows, weights, sequences)?;
                self.plus_plus(&candidates, &weights, sequences.wrapping_add(SPARE))
            }
        }
    }

    /// k of the `rows` (n x features, n at least k), where each counts as its entry in `weights` (n x 1) says.
    fn plus_plus(&self, rows: &Tensor, weights: &Tensor, sequences: u32) -> Result<Tensor, Error> {
        let (n_rows, n_features) = (rows.shape()[0], rows.shape()[1]);
        let centroids = zeros(&[self.k, n_features], Dtype::Float32)?;
        let by_weight = weights.reshape(&[n_rows])?;
        let first = gather(rows, &choice(&by_weight, 1, self.seed, sequences)?)?;
        centroids.slice(0, 0, 1)?.assign(&first)?;
        let closest = distances(rows, &first, Metric::SquaredEuclidean)?; // n x 1: to the nearest centroid so far
        let share = self.potential.apply(&[weights, &closest, &closest])?; // n x 1: of the potential
        let by_share = share.reshape(&[n_rows])?; // the same numbers with one axis
        let mut potential = self.nearer.reduce_all(Reduction::Sum, &[&share, &share])?;
        for cluster in 1..self.k {
            // With fewer different points than clusters, all distances are 0 at last: then any point will do.
            let chances = if potential > 0.0 { &by_share } else { &by_weight };
            let drawn = choice(chances, trials(self.k), self.seed, sequences.wrapping_add(cluster))?;
            let tried = gather(rows, &drawn)?;
            let to_tried = distances(rows, &tried, Metric::SquaredEuclidean)?; // n x tried
            let potentials = self.potential.reduce(Reduction::Sum, &[0], false, &[weights, &closest, &to_tried])?;
            let best;
            (best, potential) = least(floats(&potentials.read(0, trials(self.k))?));
            centroids.slice(0, cluster, cluster + 1)?.assign(&tried.slice(0, best, best + 1)?)?;
            self.nearer.apply_into(&closest, &[&closest, &to_tried.slice(1, best, best + 1)?])?;
            self.potential.apply_into(&share, &[weights, &closest, &closest])?;
        }
        Ok(centroids)
    }
}

/// Points tried for each centroid.
fn trials(k: u32) -> u32 {
    2 + f64::from(k).ln() as u32
}

/// Where the least number is, and what it is: the first among equals.
fn least(numbers: impl Iterator<Item = f64>) -> (u32, f64) {
    numbers.zip(0..).fold((0, f64::INFINITY), |(best, least), (number, at)| if number < least { (at, number) } else { (best, least) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trials_grow_with_the_logarithm_of_k() {
        assert_eq!([1, 2, 10, 1000].map(trials), [2, 2, 4, 8]);
    }

    #[test]
    fn the_least_is_the_first_among_equals() {
        assert_eq!(least([3.0, 1.0, 2.0, 1.0].into_iter()), (1, 1.0));
    }
}
