//! The life of a training job.

use std::hint::black_box;

use crate::adam::Adam;
use crate::algohost::ml::losses::Loss;
use crate::algohost::ml::tensors::{Dtype, Tensor, from_bytes};
use crate::algohost::ml::types::{Error, ErrorCode};
use crate::algohost::ml::{artifacts, data, job, random};
use crate::channel::{check_classes, largest_label, read_channel};
use crate::class_weights::weigh;
use crate::decision::{Criterion, Curve};
use crate::design::Scaler;
use crate::exports::algohost::ml::trainer::Guest;
use crate::lbfgs::{self, Ending};
use crate::model::{Linear, Meaning, Scores, Task, metadata};
use crate::objective::Objective;
use crate::options::Options;
use crate::owlqn::{self, Penalty};
use crate::report::{Learned, Patience, Report, Validation};
use crate::rows::{Features, Rows};
use crate::{LinearLearner, float_bytes, invalid_input};

/// Scores and slopes of a row come from float32.
const FLOAT32_NOISE: f64 = 1e-7;
/// Steps from which L-BFGS estimates the curvature.
const LBFGS_MEMORY: usize = 10;
/// As long as the weights, float64: two for each remembered step, two points with their gradients, directions, what crosses to the host
/// and back, and the best weights.
const LBFGS_VECTORS: usize = 2 * LBFGS_MEMORY + 12;
/// Likewise: weights, two gradients, two moments, what crosses to the host and back, and the best weights.
const ADAM_VECTORS: usize = 10;

impl Guest for LinearLearner {
    fn train() -> Result<(), Error> {
        check_cluster()?;
        let options = Options::read()?;
        let patience = Patience { steps: job::integer("early_stopping_patience")?, tolerance: job::number("early_stopping_tolerance")? };
        let has_validation = data::channels().iter().any(|channel| channel.name == "validation");
        if patience.steps > 0 && !has_validation {
            return Err(invalid_input("early_stopping_patience needs the channel validation: add it, or leave the hyperparameter out"));
        }
        if options.criterion != Criterion::LossFunction && !has_validation {
            return Err(invalid_input(
                "binary_classifier_model_selection_criteria chooses the threshold on the channel validation, which the job lacks: add it, or leave the hyperparameter out",
            ));
        }
        let feature_dim = if job::has("feature_dim") { Some(job::integer("feature_dim")? as u32) } else { None };
        let rows = read_channel("train", options.task, options.row_weights, feature_dim)?;
        let n_classes = count_classes(&rows, options.task)?;
        let n_outputs = if options.task == Task::Multiclass { n_classes } else { 1 };
        let [n_rows, n_features] = rows.features.shape();
        let form = if matches!(rows.features, Features::Sparse(_)) { ", sparse" } else { "" };
        job::log(job::Level::Info, &format!("training on {n_rows} rows of {n_features} features{form}"));

        check_memory((u64::from(n_features) + u64::from(options.use_bias)) * u64::from(n_outputs))?;
        let scaler = Scaler::of(&rows, &options)?;
        let loss = scaler.loss(options.loss);
        let penalties = (job::number("l1")?, job::number("l2")?);
        let objective = Objective::new(loss, n_features, n_outputs, options.use_bias, penalties)?;
        let validation = if has_validation { Some(read_validation(&options, n_features, (n_classes, n_outputs), &scaler)?) } else { None };
        let rows = weigh(rows, &options, n_classes)?;
        let rows = scaler.apply(rows)?;

        let report = Report::new(&objective, validation, scaler.loss_unit(loss), patience);
        let learned = match job::text("optimizer")?.as_str() {
            "adam" => run_adam(&objective, &rows, report)?,
            _ => run_lbfgs(&objective, &rows, report)?,
        };
        let scores = if matches!(loss, Loss::Logistic | Loss::Softmax) { Scores::Probabilities } else { Scores::Values };
        let threshold = decide(&options, &objective, &learned, scores)?;
        let mut weights = learned.weights;
        weights.resize((n_features as usize + 1) * n_outputs as usize, 0.0); // without a bias it is 0
        let model = Linear::unscaled(&weights, n_outputs as usize, &scaler.standardization());
        let meaning = Meaning { task: options.task, scores, threshold };
        save(&model, n_features, n_outputs, &metadata(&meaning, n_features as usize, n_classes as usize))
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
fn count_classes(rows: &Rows, task: Task) -> Result<u32, Error> {
    match task {
        Task::Regression => Ok(0),
        Task::Binary => Ok(2),
        Task::Multiclass if job::has("num_classes") => {
            let n_classes = job::integer("num_classes")? as u32;
            check_classes("train", &rows.labels, n_classes)?;
            Ok(n_classes)
        }
        Task::Multiclass => Ok((largest_label(&rows.labels)? as u32 + 1).max(2)),
    }
}

/// Refuses models whose optimizer does not fit into the guest's memory. What is reserved here is what the optimizer then takes.
fn check_memory(n_weights: u64) -> Result<(), Error> {
    let optimizer = job::text("optimizer")?;
    let vectors = if optimizer == "adam" { ADAM_VECTORS } else { LBFGS_VECTORS };
    let bytes = n_weights.saturating_mul(8 * vectors as u64);
    let mut room: Vec<u8> = Vec::new();
    let fits = usize::try_from(bytes).is_ok_and(|bytes| room.try_reserve_exact(bytes).is_ok());
    black_box(&room); // or the compiler would leave the reservation out
    if fits {
        return Ok(());
    }
    let mib = bytes >> 20;
    let message = format!(
        "{optimizer} needs {mib} MiB for {n_weights} weights, more than the algorithm's memory has left: raise ALGOHOST_MEMORY_MB, take fewer features, or optimizer adam, which needs a third of what lbfgs does"
    );
    Err(Error { code: ErrorCode::LimitExceeded, message })
}

fn read_validation(options: &Options, n_features: u32, (n_classes, n_outputs): (u32, u32), scaler: &Scaler) -> Result<Validation, Error> {
    let rows = read_channel("validation", options.task, options.row_weights, Some(n_features))?;
    if options.task == Task::Multiclass {
        check_classes("validation", &rows.labels, n_classes)?;
    }
    Validation::new(scaler.apply(rows)?, options.task, n_outputs)
}

fn run_lbfgs(objective: &Objective, rows: &Rows, mut report: Report<'_>) -> Result<Learned, Error> {
    let max_iterations = job::integer("max_iterations")? as u32;
    let options =
        lbfgs::Options { memory: LBFGS_MEMORY, max_iterations, gradient_tolerance: job::number("tolerance")?, noise: FLOAT32_NOISE };
    let start = vec![0.0; objective.n_weights()];
    let evaluate = |weights: &[f64], gradient: &mut [f64]| objective.evaluate(rows, weights, gradient);
    let after_step = |at: &lbfgs::Iterate<'_>| report.step(at.iteration, max_iterations, at.value, at.x);
    let (name, outcome) = if objective.l1 > 0.0 {
        let penalty = Penalty { weight: objective.l1, count: objective.n_penalized() };
        ("OWL-QN", owlqn::minimize(start, &options, penalty, evaluate, after_step)?)
    } else {
        ("L-BFGS", lbfgs::minimize(start, &options, evaluate, after_step)?)
    };
    check_loss(outcome.value, name)?;
    if outcome.iterations == 0 {
        // The start is as good as it gets, and somebody waits for a figure.
        report.step(0, max_iterations, outcome.value, &outcome.x)?;
    }
    let ending = match outcome.ending {
        Ending::Converged => "converged",
        Ending::Stalled => "reached the precision of float32",
        Ending::OutOfIterations => "used up max_iterations",
        Ending::Interrupted => "was stopped",
    };
    let (iterations, evaluations) = (outcome.iterations, outcome.evaluations);
    job::log(job::Level::Info, &format!("{name} {ending} after {iterations} iterations, {evaluations} evaluations"));
    Ok(report.finish(outcome.x))
}

fn run_adam(objective: &Objective, rows: &Rows, mut report: Report<'_>) -> Result<Learned, Error> {
    let epochs = job::integer("epochs")? as u32;
    let mut weights = vec![0.0; objective.n_weights()];
    let mut gradient = vec![0.0; objective.n_weights()];
    let mut adam = Adam::new(weights.len(), job::number("learning_rate")?);
    for epoch in 1..=epochs {
        let order = random::permutation(rows.count(), job::integer("seed")? as u32, epoch)?;
        let finished = run_epoch(objective, &rows.shuffled(&order)?, &mut adam, &mut weights)?;
        let value = objective.evaluate(rows, &weights, &mut gradient)? + objective.l1_penalty(&weights);
        check_loss(value, "Adam")?;
        if !report.step(epoch, epochs, value, &weights)? || !finished {
            job::log(job::Level::Info, &format!("Adam ended in epoch {epoch} of {epochs}"));
            break;
        }
    }
    Ok(report.finish(weights))
}

/// One step for each mini-batch; false when the job is to end before the last one.
fn run_epoch(objective: &Objective, rows: &Rows, adam: &mut Adam, weights: &mut [f64]) -> Result<bool, Error> {
    let batch_size = job::integer("mini_batch_size")? as u32;
    let mut gradient = vec![0.0; weights.len()];
    let mut start = 0;
    while start < rows.count() {
        if job::should_stop() {
            return Ok(false);
        }
        let end = rows.count().min(start.saturating_add(batch_size));
        objective.evaluate(&rows.slice(start, end)?, weights, &mut gradient)?;
        adam.step(weights, &gradient, objective.l1, objective.n_penalized());
        start = end;
    }
    Ok(true)
}

/// The threshold of a binary classifier, chosen and judged on the validation rows where there are any.
fn decide(options: &Options, objective: &Objective, learned: &Learned, scores: Scores) -> Result<f32, Error> {
    let usual = scores.usual_threshold();
    let Some(validation) = learned.validation.as_ref().filter(|_| options.task == Task::Binary) else { return Ok(usual) };
    let Some(curve) = Curve::new(validation.judged(objective, &learned.weights, scores)?) else {
        job::log(job::Level::Warn, &format!("channel validation lacks rows of a class: the threshold is {usual}, and not judged"));
        return Ok(usual);
    };
    let (threshold, counts) = curve.choose(options.criterion, options.f_beta, usual);
    if !options.criterion.is_met(&counts) {
        let (precision, recall) = (counts.precision(), counts.recall());
        job::log(job::Level::Warn, &format!("no threshold reaches the target: precision is {precision:.3}, recall {recall:.3}"));
    }
    job::log(job::Level::Info, &format!("class 1 is predicted above a score of {threshold}"));
    for (name, value) in [
        ("validation_accuracy", counts.accuracy()),
        ("validation_precision", counts.precision()),
        ("validation_recall", counts.recall()),
        ("validation_f_beta", counts.f_beta(options.f_beta)),
        ("validation_auc", curve.area()),
    ] {
        job::metric(name, value, learned.last_step);
    }
    Ok(threshold)
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
