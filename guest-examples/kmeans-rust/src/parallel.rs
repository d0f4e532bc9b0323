//! k-means||: a few rounds draw many candidates at once, and k-means++ among these, weighted by the points nearest to each, chooses the
//! centroids (Bahmani et al., Scalable k-means++, 2012). As good as k-means++ with `rounds` passes over the points instead of k.

use crate::algohost::ml::formulas::{Formula, Reduction, compile};
use crate::algohost::ml::job;
use crate::algohost::ml::neighbors::assign_clusters;
use crate::algohost::ml::random::choice;
use crate::algohost::ml::select::gather;
use crate::algohost::ml::tensors::{Tensor, concat};
use crate::algohost::ml::types::Error;

pub(crate) struct Oversampling {
    seed: u32,
    /// Candidates drawn in each round.
    drawn: u32,
    rounds: u32,
    nearer: Formula,
    share: Formula,
}

impl Oversampling {
    pub(crate) fn new(seed: u32, k: u32) -> Result<Oversampling, Error> {
        let drawn = (job::number("oversampling")? * f64::from(k)).ceil() as u32;
        // Enough for k candidates in any case.
        let rounds = (job::integer("rounds")? as u32).max(k.div_ceil(drawn));
        Ok(Oversampling { seed, drawn, rounds, nearer: compile("a b", "min(a, b)")?, share: compile("w d", "w * d")? })
    }

    /// Candidates (c x features, at least k of them) and the weight of the rows nearest to each (c x 1).
    pub(crate) fn candidates(&self, rows: &Tensor, weights: &Tensor, sequences: u32) -> Result<(Tensor, Tensor), Error> {
        let n_rows = rows.shape()[0];
        let by_weight = weights.reshape(&[n_rows])?;
        let mut candidates = gather(rows, &choice(&by_weight, 1, self.seed, sequences)?)?;
        let closest = assign_clusters(rows, &candidates, None)?.distances; // n: to the nearest candidate so far
        for round in 1..=self.rounds {
            let share = self.share.apply(&[&by_weight, &closest])?;
            let potential = self.nearer.reduce_all(Reduction::Sum, &[&share, &share])?;
            let chances = if potential > 0.0 { &share } else { &by_weight };
            let drawn = gather(rows, &choice(chances, self.drawn, self.seed, sequences.wrapping_add(round))?)?;
            self.nearer.apply_into(&closest, &[&closest, &assign_clusters(rows, &drawn, None)?.distances])?;
            candidates = concat(&[&candidates, &drawn], 0)?;
        }
        let sizes = assign_clusters(rows, &candidates, Some(weights))?.sizes;
        Ok((candidates, sizes))
    }
}
