//! Gradient descent with momentum over all rows; each step is three host calls, and no array leaves the host.

use crate::algohost::ml::data::{self, Batch};
use crate::algohost::ml::formulas::{Reduction, compile, reduce};
use crate::algohost::ml::losses::{Loss, loss_and_gradient};
use crate::algohost::ml::tensors::{Dtype, Tensor, full, zeros};
use crate::algohost::ml::types::{Error, ErrorCode};
use crate::algohost::ml::{artifacts, job};
use crate::exports::algohost::ml::trainer::Guest;
use crate::{Linear, MODEL, error};

/// How much of the last step is gone again.
const MOMENTUM: f64 = 0.9;
/// Steps between two values of the metric.
const TOLD_EVERY: u32 = 10;

impl Guest for Linear {
    fn train() -> Result<(), Error> {
        let objective = job::text("objective")?;
        let Batch { features, labels, .. } = data::open_channel("train")?.read_all()?;
        let labels = labels.ok_or_else(|| error(ErrorCode::InvalidInput, "channel train has no labels".into()))?;
        require_classes(&objective, &labels)?;
        let scaling = Scaling::of(&features)?;
        scaling.apply(&features)?;
        let weights = descend(&objective, &features, &labels)?;
        let (coefficients, intercept) = scaling.undo(&weights)?;
        save(&objective, &coefficients, &intercept)
    }
}

fn require_classes(objective: &str, labels: &Tensor) -> Result<(), Error> {
    if objective == "logistic" && compile("y", "y != 0 and y != 1")?.reduce_all(Reduction::Any, &[labels])? != 0.0 {
        return Err(error(ErrorCode::InvalidInput, "labels of objective logistic must be 0 or 1".into()));
    }
    Ok(())
}

/// The columns' means and deviations, 1 x columns.
struct Scaling {
    mean: Tensor,
    deviation: Tensor,
}

impl Scaling {
    fn of(features: &Tensor) -> Result<Scaling, Error> {
        let mean = reduce(features, Reduction::Mean, &[0], true)?;
        let variance = reduce(features, Reduction::Variance, &[0], true)?;
        // A column that is always the same says nothing, whatever its deviation.
        let deviation = compile("v", "where(v > 0, sqrt(v), 1)")?.apply(&[&variance])?;
        Ok(Scaling { mean, deviation })
    }

    /// Columns of mean 0 and deviation 1, in place.
    fn apply(&self, features: &Tensor) -> Result<(), Error> {
        compile("x mean deviation", "(x - mean) / deviation")?.apply_into(features, &[features, &self.mean, &self.deviation])
    }

    /// Coefficients (columns x 1) and intercept (1 x 1) for features as they come.
    fn undo(&self, weights: &Tensor) -> Result<(Tensor, Tensor), Error> {
        let columns = weights.shape()[0] - 1;
        let (scaled, last) = (weights.slice(0, 0, columns)?, weights.slice(0, columns, columns + 1)?);
        let (mean, deviation) = (self.mean.transpose()?, self.deviation.transpose()?);
        let coefficients = compile("w deviation", "w / deviation")?.apply_as(Dtype::Float32, &[&scaled, &deviation])?;
        let moved = compile("w mean deviation", "w * mean / deviation")?.reduce_all(Reduction::Sum, &[&scaled, &mean, &deviation])?;
        let intercept = full(&[1, 1], Dtype::Float32, last.item()? - moved)?;
        Ok((coefficients, intercept))
    }
}

/// The weights of scaled features, the intercept in the last row.
fn descend(objective: &str, features: &Tensor, labels: &Tensor) -> Result<Tensor, Error> {
    let (rows, columns) = (features.shape()[0], features.shape()[1]);
    let loss = if objective == "logistic" { Loss::Logistic } else { Loss::Squared };
    let steps = u32::try_from(job::integer("steps")?).unwrap_or(0);
    let tensor = || zeros(&[columns + 1, 1], Dtype::Float64);
    let (weights, gradient, velocity, penalty) = (tensor()?, tensor()?, tensor()?, tensor()?);
    // The intercept has no penalty.
    penalty.fill(job::number("l2")?)?;
    penalty.slice(0, columns, columns + 1)?.fill(0.0)?;
    let change = compile("v g w penalty momentum rate n", "momentum * v - rate * (g / n + penalty * w)")?;
    change.bind("penalty", &penalty)?;
    change.bind_scalar("momentum", MOMENTUM)?;
    change.bind_scalar("rate", job::number("learning_rate")?)?;
    change.bind_scalar("n", f64::from(rows))?;
    let step = compile("w v", "w + v")?;
    for at in 0..steps {
        let total = loss_and_gradient(loss, features, labels, None, &weights, &gradient)?;
        if !total.is_finite() {
            return Err(error(
                ErrorCode::InvalidInput,
                format!("the loss is {total} at step {at}: a lower learning_rate, or rows without a number"),
            ));
        }
        if at % TOLD_EVERY == 0 || at + 1 == steps {
            job::metric("train_loss", total / f64::from(rows), at);
            job::progress(f64::from(at + 1), f64::from(steps));
        }
        if job::should_stop() {
            break;
        }
        change.apply_into(&velocity, &[&velocity, &gradient, &weights])?;
        step.apply_into(&weights, &[&weights, &velocity])?;
    }
    Ok(weights)
}

fn save(objective: &str, coefficients: &Tensor, intercept: &Tensor) -> Result<(), Error> {
    let model = artifacts::create_archive(MODEL)?;
    model.add("coefficients", coefficients)?;
    model.add("intercept", intercept)?;
    model.finish(&format!(r#"{{"objective":"{objective}"}}"#))
}
