//! A round: one tree for each output, grown from the gradients of the rows that are drawn.

use crate::algohost::ml::formulas::{Formula, compile};
use crate::algohost::ml::random::{permutation, uniform};
use crate::algohost::ml::tensors::{Dtype, Tensor, from_bytes, zeros};
use crate::algohost::ml::trees::{BinnedMatrix, Forest, Grower, Leaf, bin_features, new_forest, new_grower};
use crate::algohost::ml::types::Error;
use crate::objective::Objective;
use crate::queue::{Candidate, Limits, Queue};
use crate::renewal::Renewal;
use crate::settings::Settings;
use crate::table::Table;
use crate::{categories, float_bytes};

/// A model that is being learned.
pub(crate) struct Boosting<'a> {
    settings: &'a Settings,
    objective: Objective,
    grower: Grower,
    /// Held for the grower.
    _matrix: BinnedMatrix,
    pub(crate) forest: Forest,
    /// One for each output.
    pub(crate) base_scores: Vec<f64>,
    /// The training rows', rows x outputs
    pub(crate) scores: Tensor,
    /// Where leaf values are not the gradients'.
    renewal: Option<Renewal>,
    /// Keeps a number where a row is drawn, else 0.
    draw: Option<Formula>,
    n_rows: u32,
    n_features: u32,
    n_trees: u32,
}

impl<'a> Boosting<'a> {
    /// Cuts the features into bins and begins with the best scores that need no trees.
    pub(crate) fn new(settings: &'a Settings, table: &Table) -> Result<Boosting<'a>, Error> {
        let matrix = bin_features(&table.features, &settings.binning()?)?;
        categories::warn(table, settings, &matrix.bin_counts())?;
        let objective = Objective::new(settings, &table.rows)?;
        let base_scores = objective.base_scores(settings, &table.rows)?;
        let draw = if settings.subsample < 1.0 { Some(compile("g u share", "where(u < share, g, 0)")?) } else { None };
        if let Some(draw) = &draw {
            draw.bind_scalar("share", settings.subsample)?;
        }
        Ok(Boosting {
            settings,
            objective,
            grower: new_grower(&matrix, &settings.growing()?)?,
            _matrix: matrix,
            forest: new_forest(table.n_features, settings.n_outputs)?,
            scores: initial_scores(&base_scores, table.rows.count)?,
            base_scores,
            renewal: settings.leaf_quantile().map(|quantile| Renewal::new(quantile, table)).transpose()?,
            draw,
            n_rows: table.rows.count,
            n_features: table.n_features,
            n_trees: 0,
        })
    }

    /// Grows the trees of round `round`, from 1; answers how many leaves they have.
    pub(crate) fn round(&mut self, round: u32) -> Result<u32, Error> {
        let (gradients, hessians) = self.objective.differentiate(&self.scores)?;
        if let Some(draw) = &self.draw {
            // A row whose gradient and hessian are 0 takes no part.
            let numbers = uniform(&[self.n_rows, 1], Dtype::Float32, self.settings.seed, round)?;
            draw.apply_into(gradients, &[gradients, &numbers])?;
            draw.apply_into(hessians, &[hessians, &numbers])?;
        }
        let mut leaves = 0;
        for output in 0..self.settings.n_outputs {
            let features = choose_features(self.settings, self.n_features, self.n_trees)?;
            let (gradients, hessians) = (gradients.slice(1, output, output + 1)?, hessians.slice(1, output, output + 1)?);
            let root = self.grower.start(&gradients, &hessians, &features)?;
            grow(&self.grower, root, self.settings.limits)?;
            leaves += match &self.renewal {
                None => self.grower.finish(&self.forest, output, self.settings.eta, &self.scores)?,
                Some(renewal) => {
                    let (forest, leaves) = renewal.finish(&self.grower, &self.forest, self.settings.eta, &self.scores)?;
                    self.forest = forest;
                    leaves
                }
            };
            self.n_trees += 1;
        }
        Ok(leaves)
    }
}

/// Splits leaves until nothing is gained or a limit is reached.
fn grow(grower: &Grower, root: Leaf, limits: Limits) -> Result<(), Error> {
    let mut queue = Queue::new(limits.policy);
    let mut n_leaves = 1;
    let candidate = |leaf: Leaf| Candidate { node: leaf.node, depth: leaf.depth, gain: leaf.gain };
    queue.offer(candidate(root));
    while let Some(next) = queue.next() {
        if !limits.allow(next.depth, n_leaves) {
            continue;
        }
        n_leaves += 1;
        let children = grower.split(next.node, limits.allow(next.depth + 1, n_leaves))?;
        queue.offer(candidate(children.left));
        queue.offer(candidate(children.right));
    }
    Ok(())
}

/// The features that tree number `tree` may ask for; none named: all.
fn choose_features(settings: &Settings, n_features: u32, tree: u32) -> Result<Vec<u32>, Error> {
    let count = ((settings.colsample * f64::from(n_features)) as u32).max(1);
    if count >= n_features {
        return Ok(Vec::new());
    }
    let bytes = permutation(n_features, settings.seed, tree)?.read(0, count)?;
    Ok(bytes.as_chunks::<4>().0.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect())
}

/// `rows` rows of the base scores.
pub(crate) fn initial_scores(base_scores: &[f64], rows: u32) -> Result<Tensor, Error> {
    let n_outputs = base_scores.len() as u32;
    let scores = zeros(&[rows, n_outputs], Dtype::Float32)?;
    scores.assign(&from_bytes(&[1, n_outputs], Dtype::Float32, &float_bytes(base_scores.iter().copied()))?)?;
    Ok(scores)
}
