//! The life of a training job.

use crate::adam::Adam;
use crate::algohost::ml::formulas::{self, Reduction};
use crate::algohost::ml::tensors::{Dtype, Tensor, from_bytes};
use crate::algohost::ml::types::{Error, ErrorCode};
use crate::algohost::ml::{artifacts, data, job, random};
use crate::design::{Scaler, Table, read_channel};
use crate::exports::algohost::ml::trainer::Guest;
use crate::lbfgs::{self, Ending};
use crate::model::{Linear, Task, metadata};
use crate::objective::{Objective, Rows};
use crate::{LinearLearner, float_bytes, invalid_input};

/// Values and gradients come from float32 sums.
const FLOAT32_NOISE: f64 = 1e-7;

impl Guest for LinearLearner {
    fn train() -> Result<(), Error> {
        check_cluster()?;
        let predictor_type = job::text("predictor_type")?;
        let task =
            Task::from_name(&predictor_type).ok_or_else(|| invalid_input(format!("predictor_type '{predictor_type}' is not known")))?;
        let table = read_channel("train", task)?;
        let n_classes = count_classes(&table, task)?;
        let n_outputs = if task == Task::Multiclass { n_classes } else { 1 };
        job::log(job::Level::Info, &format!("training on {} rows of {} features", table.n_rows, table.n_features));

        let scaler = if job::flag("normalize_data")? { Scaler::of(&table, task)? } else { Scaler::identity(table.n_features)? };
        let objective = Objective::new(task, table.n_features, n_outputs, job::number("l2")?)?;
        let validation = Validation::open(&table, task, n_classes, n_outputs, &scaler)?;
        let n_features = table.n_features;
        let rows = prepare(&table, &scaler, n_outputs)?;
        drop(table); // the raw features are not needed any more

        let report = Report { objective: &objective, validation, loss_unit: scaler.loss_unit(), best: None, steps_since_best: 0 };
        let learned = match job::text("optimizer")?.as_str() {
            "adam" => run_adam(&objective, &rows, report)?,
            _ => run_lbfgs(&objective, &rows, report)?,
        };
        let model = Linear::unscaled(&learned, n_outputs as usize, &scaler.standardization()?);
        save(&model, n_features, n_outputs, &metadata(task, n_features as usize, n_classes as usize))
    }
}

fn check_cluster() -> Result<(), Error> {
    let hosts = job::cluster_info().size;
    if hosts == 1 {
        Ok(())
    } else {
        Err(invalid_input(format!("the job has {hosts} hosts, this algorithm trains on one: set InstanceCount to 1")))
    }
}

/// Number of classes: given or found; 0 for a regressor.
fn count_classes(table: &Table, task: Task) -> Result<u32, Error> {
    match task {
        Task::Regression => Ok(0),
        Task::Binary => Ok(2),
        Task::Multiclass if job::has("num_classes") => {
            let n_classes = job::integer("num_classes")? as u32;
            check_classes("train", table, n_classes)?;
            Ok(n_classes)
        }
        Task::Multiclass => Ok((largest_label(table)? as u32 + 1).max(2)),
    }
}

fn check_classes(channel: &str, table: &Table, n_classes: u32) -> Result<(), Error> {
    let largest = largest_label(table)?;
    if largest < f64::from(n_classes) {
        return Ok(());
    }
    Err(invalid_input(format!(
        "channel {channel} has label {largest}, but there are {n_classes} classes, counted from 0: raise num_classes or correct the label"
    )))
}

fn largest_label(table: &Table) -> Result<f64, Error> {
    formulas::reduce(&table.labels, Reduction::Max, &[], false)?.item()
}

fn prepare(table: &Table, scaler: &Scaler, n_outputs: u32) -> Result<Rows, Error> {
    let (design, labels) = scaler.design(table)?;
    Rows::new(design, labels, n_outputs)
}

/// The rows on which the model is judged while it learns.
struct Validation {
    rows: Rows,
    task: Task,
    label_variance: f64,
}

impl Validation {
    /// None when the job has no such channel.
    fn open(train: &Table, task: Task, n_classes: u32, n_outputs: u32, scaler: &Scaler) -> Result<Option<Validation>, Error> {
        if !data::channels().iter().any(|channel| channel.name == "validation") {
            return Ok(None);
        }
        let table = read_channel("validation", task)?;
        if table.n_features != train.n_features {
            return Err(invalid_input(format!(
                "channel validation has {} feature columns, channel train has {}: they must be alike",
                table.n_features, train.n_features
            )));
        }
        if task == Task::Multiclass {
            check_classes("validation", &table, n_classes)?;
        }
        let (design, labels) = scaler.design(&table)?;
        let label_variance = formulas::reduce(&labels, Reduction::Variance, &[], false)?.item()?;
        Ok(Some(Validation { rows: Rows::new(design, labels, n_outputs)?, task, label_variance }))
    }

    /// Reports how the weights that are set do; answers their loss.
    fn judge(&self, objective: &Objective, loss_unit: f64, step: u32) -> Result<f64, Error> {
        let forward = objective.forward(&self.rows)?;
        let loss = objective.loss(&forward)?;
        let quality = objective.quality(&forward)?;
        job::metric("validation_loss", loss * loss_unit, step);
        match self.task {
            // Undefined when all labels are alike.
            Task::Regression if self.label_variance == 0.0 => {}
            Task::Regression => job::metric("validation_r2", 1.0 - quality / self.label_variance, step),
            Task::Binary | Task::Multiclass => job::metric("validation_accuracy", quality, step),
        }
        Ok(loss)
    }
}

/// What is said after each step, and whether there is a next one.
struct Report<'a> {
    objective: &'a Objective,
    validation: Option<Validation>,
    loss_unit: f64,
    /// Least validation loss so far, and its weights; only kept for early stopping.
    best: Option<(f64, Vec<f64>)>,
    steps_since_best: i32,
}

impl Report<'_> {
    /// False when the job is to end here.
    fn step(&mut self, step: u32, of: u32, loss: f64, weights: &[f64]) -> Result<bool, Error> {
        job::metric("train_loss", loss * self.loss_unit, step);
        job::progress(f64::from(step), f64::from(of));
        let Some(validation) = &self.validation else {
            return Ok(!job::should_stop());
        };
        self.objective.set_weights(weights)?;
        let loss = validation.judge(self.objective, self.loss_unit, step)?;
        let patience = job::integer("early_stopping_patience")?;
        if patience == 0 {
            return Ok(!job::should_stop());
        }
        if self.best.as_ref().is_none_or(|(best, _)| loss < *best) {
            self.best = Some((loss, weights.to_vec()));
            self.steps_since_best = 0;
        } else {
            self.steps_since_best += 1;
        }
        Ok(self.steps_since_best < patience && !job::should_stop())
    }

    /// The weights to keep: the best ones where early stopping watched, else the last.
    fn choose(self, last: Vec<f64>) -> Vec<f64> {
        self.best.map_or(last, |(_, best)| best)
    }
}

fn run_lbfgs(objective: &Objective, rows: &Rows, mut report: Report<'_>) -> Result<Vec<f64>, Error> {
    let max_iterations = job::integer("max_iterations")? as u32;
    let options = lbfgs::Options { memory: 10, max_iterations, gradient_tolerance: job::number("tolerance")?, noise: FLOAT32_NOISE };
    let evaluate = |weights: &[f64], gradient: &mut [f64]| {
        objective.set_weights(weights)?;
        let forward = objective.forward(rows)?;
        objective.gradient(&forward, weights, gradient)?;
        Ok(objective.loss(&forward)? + objective.penalty(weights))
    };
    let after_step = |at: &lbfgs::Iterate<'_>| report.step(at.iteration, max_iterations, at.value, at.x);
    let outcome = lbfgs::minimize(vec![0.0; objective.n_weights()], &options, evaluate, after_step)?;
    check_loss(outcome.value, "L-BFGS")?;
    let ending = match outcome.ending {
        Ending::Converged => "converged",
        Ending::Stalled => "reached the precision of float32",
        Ending::OutOfIterations => "used up max_iterations",
        Ending::Interrupted => "was stopped",
    };
    let (iterations, evaluations) = (outcome.iterations, outcome.evaluations);
    job::log(job::Level::Info, &format!("L-BFGS {ending} after {iterations} iterations, {evaluations} evaluations"));
    Ok(report.choose(outcome.x))
}

fn run_adam(objective: &Objective, rows: &Rows, mut report: Report<'_>) -> Result<Vec<f64>, Error> {
    let epochs = job::integer("epochs")? as u32;
    let mut weights = vec![0.0; objective.n_weights()];
    let mut adam = Adam::new(weights.len(), job::number("learning_rate")?);
    for epoch in 1..=epochs {
        let order = random::permutation(rows.n_rows(), job::integer("seed")? as u32, epoch)?;
        let finished = run_epoch(objective, &rows.shuffled(&order)?, &mut adam, &mut weights)?;
        objective.set_weights(&weights)?;
        let loss = objective.loss(&objective.forward(rows)?)? + objective.penalty(&weights);
        check_loss(loss, "Adam")?;
        if !report.step(epoch, epochs, loss, &weights)? || !finished {
            job::log(job::Level::Info, &format!("Adam ended in epoch {epoch} of {epochs}"));
            break;
        }
    }
    Ok(report.choose(weights))
}

/// One step for each mini-batch; false when the job is to end before the last one.
fn run_epoch(objective: &Objective, rows: &Rows, adam: &mut Adam, weights: &mut [f64]) -> Result<bool, Error> {
    let batch_size = job::integer("mini_batch_size")? as u32;
    let mut gradient = vec![0.0; weights.len()];
    let mut start = 0;
    while start < rows.n_rows() {
        if job::should_stop() {
            return Ok(false);
        }
        let end = rows.n_rows().min(start.saturating_add(batch_size));
        let batch = rows.slice(start, end)?;
        objective.set_weights(weights)?;
        objective.gradient(&objective.forward(&batch)?, weights, &mut gradient)?;
        adam.step(weights, &gradient);
        start = end;
    }
    Ok(true)
}

fn check_loss(loss: f64, optimizer: &str) -> Result<(), Error> {
    if loss.is_finite() {
        return Ok(());
    }
    Err(invalid_input(format!(
        "the training loss is not finite: {optimizer} went too far; lower learning_rate, or set normalize_data to true"
    )))
}

fn save(model: &Linear, n_features: u32, n_outputs: u32, metadata: &str) -> Result<(), Error> {
    let tensor =
        |rows: u32, numbers: &[f64]| -> Result<Tensor, Error> { from_bytes(&[rows, n_outputs], Dtype::Float32, &float_bytes(numbers)) };
    if !model.weights.iter().chain(&model.bias).all(|number| (*number as f32).is_finite()) {
        return Err(Error { code: ErrorCode::Internal, message: "the model has weights that are not finite".to_owned() });
    }
    let archive = artifacts::create_archive("model.safetensors")?;
    archive.add("weight", &tensor(n_features, &model.weights)?)?;
    archive.add("bias", &tensor(1, &model.bias)?)?;
    archive.finish(metadata)
}
