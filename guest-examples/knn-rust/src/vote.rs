//! From neighbours to answers: a fixed number of host calls, whatever the number of rows and classes.

use crate::algohost::ml::formulas::{self, Formula, Reduction, compile};
use crate::algohost::ml::neighbors::{Metric, nearest};
use crate::algohost::ml::tensors::{Dtype, Tensor, from_bytes, full};
use crate::algohost::ml::types::Error;
use crate::model::{Distance, Settings, Task, Weighting};
use crate::rows_of;

/// What the rows of a request are told.
pub(crate) struct Answer {
    /// n x 1: the class (the lowest among equals), or the value.
    pub(crate) label: Tensor,
    /// n x classes, of a classifier.
    pub(crate) probabilities: Option<Tensor>,
}

/// Everything about an election but who votes.
pub(crate) struct Voter {
    k: u32,
    metric: Metric,
    weighting: Weighting,
    /// 1 x 1 x classes: their numbers; none for a regressor.
    classes: Option<Tensor>,
    nearness: Formula,
    votes: Formula,
    share: Formula,
    mean: Formula,
}

impl Voter {
    pub(crate) fn new(settings: &Settings) -> Result<Voter, Error> {
        let classes = if settings.task == Task::Classifier { Some(counted(settings.classes)?) } else { None };
        Ok(Voter {
            k: settings.k,
            metric: match settings.distance {
                Distance::Euclidean => Metric::Euclidean,
                Distance::Cosine => Metric::Cosine,
                Distance::InnerProduct => Metric::InnerProduct,
            },
            weighting: settings.weighting,
            classes,
            // The nearest counts 1: no quotient overflows.
            nearness: compile("d least", "where(least > 0, least / d, d == 0)")?,
            votes: compile("label class weight", "where(label == class, weight, 0)")?,
            share: compile("votes all", "votes / all")?,
            mean: compile("value weight", "value * weight")?,
        })
    }

    /// For `queries` (n x features), from `rows` (m x features, scaled alike) and their `labels` (m x 1).
    pub(crate) fn answer(&self, queries: &Tensor, rows: &Tensor, labels: &Tensor) -> Result<Answer, Error> {
        let (n, k) = (queries.shape()[0], self.k);
        let found = nearest(queries, rows, k, self.metric)?;
        let labels = rows_of(labels, &found.indices.reshape(&[n * k])?)?.reshape(&[n, k])?;
        let weights = match self.weighting {
            Weighting::Uniform => full(&[n, k], Dtype::Float32, 1.0)?,
            Weighting::Distance => {
                let least = formulas::reduce(&found.distances, Reduction::Min, &[1], true)?;
                self.nearness.apply(&[&found.distances, &least])?
            }
        };
        let total = formulas::reduce(&weights, Reduction::Sum, &[1], true)?; // n x 1
        let Some(classes) = &self.classes else {
            let label = self.mean.reduce(Reduction::Sum, &[1], true, &[&labels, &weights])?;
            self.share.apply_into(&label, &[&label, &total])?;
            return Ok(Answer { label, probabilities: None });
        };
        let (labels, weights) = (labels.reshape(&[n, k, 1])?, weights.reshape(&[n, k, 1])?);
        let votes = self.votes.reduce(Reduction::Sum, &[1], false, &[&labels, classes, &weights])?; // n x classes
        let label = formulas::reduce(&votes, Reduction::ArgMax, &[1], true)?.cast(Dtype::Int32)?;
        self.share.apply_into(&votes, &[&votes, &total])?;
        Ok(Answer { label, probabilities: Some(votes) })
    }
}

/// 0, 1, 2 …
fn counted(classes: u32) -> Result<Tensor, Error> {
    let bytes: Vec<u8> = (0..classes).flat_map(|class| (class as f32).to_le_bytes()).collect();
    from_bytes(&[1, 1, classes], Dtype::Float32, &bytes)
}
