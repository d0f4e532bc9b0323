//! Mini-batches: each moves the centroids nearest to its points a little, by 1 over the weight a centroid has seen so far (Sculley,
//! Web-scale k-means clustering, 2010). A few epochs come close to Lloyd's result at a fraction of the passes.

use crate::Clustering;
use crate::algohost::ml::formulas::{Formula, Reduction, compile, reduce};
use crate::algohost::ml::job;
use crate::algohost::ml::neighbors::assign_clusters;
use crate::algohost::ml::random::permutation;
use crate::algohost::ml::select::gather;
use crate::algohost::ml::tensors::{Dtype, Tensor, zeros};
use crate::algohost::ml::types::Error;
use crate::lloyd::empty;
use crate::points::Points;

/// Sequences of random numbers from here on are the orders of epochs; those below seed centroids.
const ORDERS: u32 = 1 << 31;

pub(crate) struct MiniBatch<'a> {
    points: &'a Points,
    k: u32,
    batch_rows: u32,
    epochs: u32,
    /// Batches without a better smoothed distance before a run ends; 0: never.
    patience: u32,
    seed: u32,
    /// The mean of what a centroid stood for and what the batch adds.
    drawn_in: Formula,
    sum: Formula,
}

impl MiniBatch<'_> {
    pub(crate) fn new(points: &Points, k: u32) -> Result<MiniBatch<'_>, Error> {
        Ok(MiniBatch {
            points,
            k,
            batch_rows: (job::integer("mini_batch_size")? as u32).min(points.n_rows),
            epochs: job::integer("epochs")? as u32,
            patience: job::integer("patience")? as u32,
            seed: job::integer("seed")? as u32,
            drawn_in: compile("c seen sum size", "where(size > 0, (c * seen + sum) / (seen + size), c)")?,
            sum: compile("a b", "a + b")?,
        })
    }

    /// One clustering from these first centroids. Each `restart` sees the rows in another order.
    pub(crate) fn run(&self, centroids: Tensor, restart: u32, steps: &mut u32) -> Result<Clustering, Error> {
        let seen = zeros(&[self.k, 1], Dtype::Float32)?;
        let mut progress = Smoothed::new(f64::from(self.batch_rows) / f64::from(self.points.n_rows), self.patience);
        let mut iterations = 0;
        'epochs: for epoch in 0..self.epochs {
            let order = permutation(self.points.n_rows, self.seed, ORDERS + restart * self.epochs + epoch)?;
            let (mut inertia, mut weight) = (0.0, 0.0);
            for start in (0..self.points.n_rows).step_by(self.batch_rows as usize) {
                if job::should_stop() {
                    break 'epochs;
                }
                let end = self.points.n_rows.min(start + self.batch_rows);
                let batch = self.step(&centroids, &seen, &order.slice(0, start, end)?)?;
                iterations += 1;
                inertia += batch.inertia;
                weight += batch.weight;
                if batch.weight > 0.0 && progress.has_stalled(batch.inertia / batch.weight) {
                    break;
                }
            }
            *steps += 1;
            job::metric("train_msd", inertia / weight, *steps);
            if progress.stalled {
                break;
            }
            self.revive(&centroids, &seen, &order)?;
        }
        let inertia = assign_clusters(&self.points.rows, &centroids, self.points.weights.as_ref())?.inertia;
        Ok(Clustering { centroids, inertia, iterations })
    }

    /// Moves the centroids towards the rows of one batch.
    fn step(&self, centroids: &Tensor, seen: &Tensor, rows: &Tensor) -> Result<Batch, Error> {
        let batch = gather(&self.points.rows, rows)?;
        let weights = self.points.weights.as_ref().map(|weights| gather(weights, rows)).transpose()?;
        let found = assign_clusters(&batch, centroids, weights.as_ref())?;
        self.drawn_in.apply_into(centroids, &[centroids, seen, &found.sums, &found.sizes])?;
        self.sum.apply_into(seen, &[seen, &found.sizes])?;
        let weight = reduce(&found.sizes, Reduction::Sum, &[], false)?.item()?;
        Ok(Batch { inertia: found.inertia, weight })
    }

    /// A centroid that nothing came to in an epoch begins anew at a point that the next order would not begin with.
    fn revive(&self, centroids: &Tensor, seen: &Tensor, order: &Tensor) -> Result<(), Error> {
        for (cluster, place) in empty(&seen.read(0, self.k)?).zip((0..self.points.n_rows).rev()) {
            let point = gather(&self.points.rows, &order.slice(0, place, place + 1)?)?;
            centroids.slice(0, cluster, cluster + 1)?.assign(&point)?;
        }
        Ok(())
    }
}

struct Batch {
    inertia: f64,
    weight: f64,
}

/// The batches' mean squared distance, smoothed over about an epoch, and how long it has not become less.
struct Smoothed {
    share: f64,
    patience: u32,
    mean: Option<f64>,
    least: f64,
    batches_since: u32,
    stalled: bool,
}

impl Smoothed {
    fn new(batch_share: f64, patience: u32) -> Smoothed {
        Smoothed { share: (2.0 * batch_share).min(1.0), patience, mean: None, least: f64::INFINITY, batches_since: 0, stalled: false }
    }

    fn has_stalled(&mut self, msd: f64) -> bool {
        let mean = self.mean.map_or(msd, |mean| mean + self.share * (msd - mean));
        self.mean = Some(mean);
        self.batches_since = if mean < self.least { 0 } else { self.batches_since + 1 };
        self.least = self.least.min(mean);
        self.stalled = self.patience > 0 && self.batches_since >= self.patience;
        self.stalled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_stalls_after_as_many_batches_without_progress_as_its_patience() {
        let mut progress = Smoothed::new(0.5, 2);
        assert_eq!([4.0, 3.0, 3.0, 2.0, 2.5, 1.0].map(|msd| progress.has_stalled(msd)), [false, false, false, false, false, false]);
        assert_eq!([1.0, 1.5].map(|msd| progress.has_stalled(msd)), [false, true]);
    }

    #[test]
    fn patience_0_never_stalls() {
        let mut progress = Smoothed::new(0.1, 0);
        assert!((0..100).all(|_| !progress.has_stalled(1.0)));
    }
}
