//! The model and what moves it.

use crate::algohost::ml::factorization::{Learner, create_learner, scores};
use crate::algohost::ml::formulas::{Formula, Reduction, compile, reduce};
use crate::algohost::ml::job;
use crate::algohost::ml::random::{normal, permutation};
use crate::algohost::ml::tensors::{Dtype, Tensor, full, zeros};
use crate::algohost::ml::types::Error;
use crate::model::Task;
use crate::rows::Rows;

/// Mini-batches in one host call: enough that calls cost nothing, few enough that a job that is to stop does.
const BATCHES_A_CALL: u32 = 100;
/// Which random numbers are drawn for what; epochs, counted from 1, take the streams below.
const LINEAR_STREAM: u32 = u32::MAX;
const FACTOR_STREAM: u32 = u32::MAX - 1;

/// The parameters: bias (1), linear weights (features x 1), factors (features x factors).
pub(crate) struct Parameters {
    pub(crate) bias: Tensor,
    pub(crate) linear: Tensor,
    pub(crate) factors: Tensor,
}

impl Parameters {
    /// What the job says to begin with.
    pub(crate) fn first(rows: &Rows, task: Task) -> Result<Parameters, Error> {
        let (seed, n_factors) = (job::integer("seed")? as u32, job::integer("num_factors")? as u32);
        let random = |columns: u32, sigma: f64, stream: u32| -> Result<Tensor, Error> {
            if sigma == 0.0 {
                return zeros(&[rows.n_features, columns], Dtype::Float32);
            }
            let numbers = normal(&[rows.n_features, columns], Dtype::Float32, seed, stream)?;
            let scale = compile("x s", "x * s")?;
            scale.bind_scalar("s", sigma)?;
            scale.apply_into(&numbers, &[&numbers])?;
            Ok(numbers)
        };
        let linear_sigma = if job::flag("use_linear")? { job::number("linear_init_sigma")? } else { 0.0 };
        Ok(Parameters {
            bias: full(&[1], Dtype::Float32, first_bias(rows, task)?)?,
            linear: random(1, linear_sigma, LINEAR_STREAM)?,
            factors: random(n_factors, job::number("factors_init_sigma")?, FACTOR_STREAM)?,
        })
    }

    pub(crate) fn copy(&self) -> Result<Parameters, Error> {
        Ok(Parameters { bias: self.bias.copy()?, linear: self.linear.copy()?, factors: self.factors.copy()? })
    }

    /// rows x 1
    fn scores(&self, rows: &Rows) -> Result<Tensor, Error> {
        scores(&rows.features, &self.bias, &self.linear, &self.factors)
    }
}

fn first_bias(rows: &Rows, task: Task) -> Result<f64, Error> {
    if !job::flag("use_bias")? {
        return Ok(0.0);
    }
    if job::has("bias_init_value") {
        return job::number("bias_init_value");
    }
    let mean = reduce(&rows.labels, Reduction::Mean, &[], false)?.item()?;
    Ok(match task {
        Task::Regression => mean,
        Task::Binary => log_odds(mean, rows.n_rows),
    })
}

/// The log of the odds of a share of `n` rows. None or all count as half a row, so that it is finite.
fn log_odds(share: f64, n: u32) -> f64 {
    let half = 0.5 / f64::from(n);
    let share = share.clamp(half, 1.0 - half);
    (share / (1.0 - share)).ln()
}

/// The options of the host's learner, as the job's hyperparameters say.
fn options(task: Task) -> Result<String, Error> {
    let part = |name: &str, used: bool| -> Result<String, Error> {
        let rate = if used { job::number(&format!("{name}_lr"))? } else { 0.0 };
        Ok(format!(r#"{{"learning_rate": {rate:e}, "l2": {:e}}}"#, job::number(&format!("{name}_wd"))?))
    };
    let loss = match task {
        Task::Regression => "squared",
        Task::Binary => "logistic",
    };
    let clip = if job::has("clip_gradient") { format!(r#", "clip_gradient": {:e}"#, job::number("clip_gradient")?) } else { String::new() };
    Ok(format!(
        r#"{{"loss": "{loss}", "optimizer": "{}", "epsilon": {:e}, "bias": {}, "linear": {}, "factors": {}{clip}}}"#,
        job::text("optimizer")?,
        job::number("epsilon")?,
        part("bias", job::flag("use_bias")?)?,
        part("linear", job::flag("use_linear")?)?,
        part("factors", true)?,
    ))
}

/// Moves parameters.
pub(crate) struct Trainer {
    learner: Learner,
    mini_batch: u32,
    seed: u32,
}

impl Trainer {
    pub(crate) fn new(task: Task, parameters: &Parameters) -> Result<Trainer, Error> {
        let learner = create_learner(&options(task)?, &parameters.bias, &parameters.linear, &parameters.factors)?;
        Ok(Trainer { learner, mini_batch: job::integer("mini_batch_size")? as u32, seed: job::integer("seed")? as u32 })
    }

    /// Goes over all rows once, in an order of the epoch's own. Answers the mean loss, each row's before its step; none when the job was to
    /// stop before the end.
    pub(crate) fn epoch(&self, rows: &Rows, epoch: u32) -> Result<Option<f64>, Error> {
        let order = permutation(rows.n_rows, self.seed, epoch)?;
        let at_once = self.mini_batch.saturating_mul(BATCHES_A_CALL);
        let (mut start, mut loss) = (0, 0.0);
        while start < rows.n_rows {
            if job::should_stop() {
                return Ok(None);
            }
            let end = rows.n_rows.min(start.saturating_add(at_once));
            let at = order.slice(0, start, end)?;
            loss += match &rows.weights {
                Some(weights) => self.learner.train_on_weighted(&rows.features, &rows.labels, weights, &at, self.mini_batch)?,
                None => self.learner.train_on(&rows.features, &rows.labels, &at, self.mini_batch)?,
            };
            start = end;
        }
        Ok(Some(loss / rows.total_weight))
    }
}

/// Judges parameters on rows that they are not learned from. A row counts by its weight.
pub(crate) struct Judge {
    rows: Rows,
    task: Task,
    loss: Formula,
    right: Formula,
}

impl Judge {
    pub(crate) fn new(rows: Rows, task: Task) -> Result<Judge, Error> {
        let loss = match task {
            Task::Regression => "w * square(s - y)",
            Task::Binary => "w * (softplus(s) - s * y)",
        };
        let weighted = |formula: &str| -> Result<Formula, Error> {
            let formula = compile("s y w", formula)?;
            match &rows.weights {
                Some(weights) => formula.bind("w", weights)?,
                None => formula.bind_scalar("w", 1.0)?,
            }
            Ok(formula)
        };
        let (loss, right) = (weighted(loss)?, weighted("w * ((s > 0) == y)")?);
        Ok(Judge { rows, task, loss, right })
    }

    /// The mean over the rows, each by its weight.
    fn mean(&self, of: &Formula, scores: &Tensor) -> Result<f64, Error> {
        Ok(of.reduce_all(Reduction::Sum, &[scores, &self.rows.labels])? / self.rows.total_weight)
    }

    /// Reports how the parameters do; answers their mean loss.
    pub(crate) fn judge(&self, parameters: &Parameters, epoch: u32) -> Result<f64, Error> {
        let scores = parameters.scores(&self.rows)?;
        let loss = self.mean(&self.loss, &scores)?;
        match self.task {
            Task::Regression => job::metric("validation_rmse", loss.sqrt(), epoch),
            Task::Binary => {
                job::metric("validation_loss", loss, epoch);
                job::metric("validation_accuracy", self.mean(&self.right, &scores)?, epoch);
            }
        }
        Ok(loss)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_odds_are_finite_even_where_all_labels_are_alike() {
        assert_eq!(log_odds(0.5, 10), 0.0);
        assert!((log_odds(0.8, 10) - 4.0_f64.ln()).abs() < 1e-12);
        assert!((log_odds(0.0, 10) + 19.0_f64.ln()).abs() < 1e-12);
        assert!((log_odds(1.0, 10) - 19.0_f64.ln()).abs() < 1e-12);
    }
}
