//! What is said after each step, and whether there is a next one.

use crate::algohost::ml::formulas::{self, Formula, Reduction, compile};
use crate::algohost::ml::job;
use crate::algohost::ml::tensors::{Dtype, Tensor, from_bytes};
use crate::algohost::ml::types::Error;
use crate::decision::Judged;
use crate::model::{Scores, Task};
use crate::objective::Objective;
use crate::rows::Rows;
use crate::{float_bytes, floats};

/// The rows on which the model is judged while it learns.
pub(crate) struct Validation {
    rows: Rows,
    task: Task,
    n_outputs: usize,
    /// Of scores z, biases b and labels y (of several classes: the best class): what is averaged for the quality.
    quality: Formula,
    label_variance: f64,
}

impl Validation {
    pub(crate) fn new(rows: Rows, task: Task, n_outputs: u32) -> Result<Validation, Error> {
        let quality = match task {
            Task::Regression => compile("z b y", "square(z + b - y)")?,
            Task::Binary => compile("z b y", "(z + b > 0) == y")?,
            Task::Multiclass => compile("best y", "best == y")?,
        };
        let label_variance = formulas::reduce(&rows.labels, Reduction::Variance, &[], false)?.item()?;
        Ok(Validation { rows, task, n_outputs: n_outputs as usize, quality, label_variance })
    }

    /// Reports how the weights do; answers their loss.
    fn judge(&self, objective: &Objective, weights: &[f64], loss_unit: f64, step: u32) -> Result<f64, Error> {
        let loss = objective.loss(&self.rows, weights)?;
        job::metric("validation_loss", loss * loss_unit, step);
        let quality = self.quality(&weights[..objective.n_penalized()], &weights[objective.n_penalized()..])?;
        match self.task {
            // Undefined when all labels are alike.
            Task::Regression if self.label_variance == 0.0 => {}
            Task::Regression => job::metric("validation_r2", 1.0 - quality / self.label_variance, step),
            Task::Binary | Task::Multiclass => job::metric("validation_accuracy", quality, step),
        }
        Ok(loss)
    }

    /// The rows as a binary classifier of these weights sees them.
    pub(crate) fn judged(&self, objective: &Objective, weights: &[f64], scores: Scores) -> Result<Vec<Judged>, Error> {
        let (z, b) = self.products(&weights[..objective.n_penalized()], &weights[objective.n_penalized()..])?;
        let score = compile("z b", if scores == Scores::Probabilities { "sigmoid(z + b)" } else { "z + b" })?;
        let (scores, labels) = (floats(&score.apply(&[&z, &b])?)?, floats(&self.rows.labels)?);
        let weights = self.rows.weights.as_ref().map_or_else(|| Ok(vec![1.0; labels.len()]), floats)?;
        let rows = scores.into_iter().zip(labels).zip(weights);
        Ok(rows.map(|((score, label), weight)| Judged { score, is_positive: label == 1.0, weight }).collect())
    }

    /// Share of rows that are classified rightly, or the mean squared error of a regressor.
    fn quality(&self, weights: &[f64], biases: &[f64]) -> Result<f64, Error> {
        let (z, b) = self.products(weights, biases)?;
        if self.task != Task::Multiclass {
            return self.quality.reduce_all(Reduction::Mean, &[&z, &b, &self.rows.labels]);
        }
        let best = compile("z b", "z + b")?.reduce(Reduction::ArgMax, &[1], true, &[&z, &b])?;
        self.quality.reduce_all(Reduction::Mean, &[&best, &self.rows.labels])
    }

    /// What the rows' features give with the weights (rows x outputs), and the biases (1 x outputs).
    fn products(&self, weights: &[f64], biases: &[f64]) -> Result<(Tensor, Tensor), Error> {
        let matrix = |numbers: &[f64]| -> Result<Tensor, Error> {
            from_bytes(&[(numbers.len() / self.n_outputs) as u32, self.n_outputs as u32], Dtype::Float32, &float_bytes(numbers))
        };
        let z = self.rows.products(&matrix(weights)?)?;
        let no_biases = vec![0.0; self.n_outputs];
        let b = matrix(if biases.is_empty() { &no_biases } else { biases })?;
        Ok((z, b))
    }
}

/// When to stop before the optimizer does.
pub(crate) struct Patience {
    /// Steps without a lower validation loss; 0 waits for ever.
    pub(crate) steps: i32,
    /// Lower means by this share at least.
    pub(crate) tolerance: f64,
}

pub(crate) struct Report<'a> {
    objective: &'a Objective,
    validation: Option<Validation>,
    loss_unit: f64,
    patience: Patience,
    /// Least validation loss so far, and its weights; only kept for early stopping.
    best: Option<(f64, Vec<f64>)>,
    steps_since_best: i32,
    last_step: u32,
}

/// How learning ended.
pub(crate) struct Learned {
    /// The best ones where early stopping watched, else the last.
    pub(crate) weights: Vec<f64>,
    pub(crate) validation: Option<Validation>,
    pub(crate) last_step: u32,
}

impl<'a> Report<'a> {
    pub(crate) fn new(objective: &'a Objective, validation: Option<Validation>, loss_unit: f64, patience: Patience) -> Report<'a> {
        Report { objective, validation, loss_unit, patience, best: None, steps_since_best: 0, last_step: 0 }
    }

    /// Reports the step's weights, at which loss and penalties are `value`. False when the job is to end here.
    pub(crate) fn step(&mut self, step: u32, of: u32, value: f64, weights: &[f64]) -> Result<bool, Error> {
        self.last_step = step;
        job::metric("train_loss", value * self.loss_unit, step);
        job::progress(f64::from(step), f64::from(of));
        let Some(validation) = &self.validation else {
            return Ok(!job::should_stop());
        };
        let loss = validation.judge(self.objective, weights, self.loss_unit, step)?;
        if self.patience.steps == 0 {
            return Ok(!job::should_stop());
        }
        if self.best.as_ref().is_none_or(|(best, _)| loss < best - self.patience.tolerance * best.abs()) {
            self.best = Some((loss, weights.to_vec()));
            self.steps_since_best = 0;
        } else {
            self.steps_since_best += 1;
        }
        Ok(self.steps_since_best < self.patience.steps && !job::should_stop())
    }

    /// What was learned, when `last` are the last weights.
    pub(crate) fn finish(self, last: Vec<f64>) -> Learned {
        let weights = self.best.map_or(last, |(_, best)| best);
        Learned { weights, validation: self.validation, last_step: self.last_step }
    }
}
