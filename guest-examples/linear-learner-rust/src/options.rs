//! The job's hyperparameters, read once.

use crate::algohost::ml::job;
use crate::algohost::ml::losses::Loss;
use crate::algohost::ml::types::Error;
use crate::decision::Criterion;
use crate::invalid_input;
use crate::model::Task;

pub(crate) struct Options {
    pub(crate) task: Task,
    /// With its number in the labels' unit.
    pub(crate) loss: Loss,
    pub(crate) use_bias: bool,
    pub(crate) normalize_data: bool,
    pub(crate) unbias_data: bool,
    pub(crate) normalize_label: bool,
    pub(crate) row_weights: bool,
    pub(crate) positive_weight: PositiveWeight,
    pub(crate) balanced_multiclass_weights: bool,
    /// What a binary classifier's threshold is chosen by.
    pub(crate) criterion: Criterion,
    pub(crate) f_beta: f64,
}

/// How much a positive row counts against a negative one.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum PositiveWeight {
    Times(f64),
    /// As much as makes both classes weigh the same.
    Balanced,
}

impl Options {
    pub(crate) fn read() -> Result<Options, Error> {
        let predictor_type = job::text("predictor_type")?;
        let task =
            Task::from_name(&predictor_type).ok_or_else(|| invalid_input(format!("predictor_type '{predictor_type}' is not known")))?;
        let options = Options {
            task,
            loss: loss_of(task, &predictor_type)?,
            use_bias: job::flag("use_bias")?,
            normalize_data: job::flag("normalize_data")?,
            unbias_data: job::flag("unbias_data")?,
            normalize_label: job::flag("normalize_label")?,
            row_weights: job::flag("row_weights")?,
            positive_weight: positive_weight()?,
            balanced_multiclass_weights: job::flag("balanced_multiclass_weights")?,
            criterion: criterion()?,
            f_beta: job::number("f_beta")?,
        };
        if task != Task::Binary && options.criterion != Criterion::LossFunction {
            return Err(invalid_input(format!(
                "binary_classifier_model_selection_criteria is of binary_classifier, not of {predictor_type}: leave it out"
            )));
        }
        if task != Task::Binary && options.positive_weight != PositiveWeight::Times(1.0) {
            return Err(invalid_input(format!(
                "positive_example_weight_mult is of binary_classifier, not of {predictor_type}: leave it out"
            )));
        }
        if task != Task::Multiclass && options.balanced_multiclass_weights {
            return Err(invalid_input(format!(
                "balanced_multiclass_weights is of multiclass_classifier, not of {predictor_type}: leave it out"
            )));
        }
        Ok(options)
    }
}

/// The loss that the job names, if it suits the task.
fn loss_of(task: Task, predictor_type: &str) -> Result<Loss, Error> {
    let name = job::text("loss")?;
    let (loss, of) = match name.as_str() {
        "auto" => (default_loss(task), task),
        "squared_loss" => (Loss::Squared, Task::Regression),
        "absolute_loss" => (Loss::Absolute, Task::Regression),
        "huber_loss" => (Loss::Huber(job::number("huber_delta")?), Task::Regression),
        "quantile_loss" => (Loss::Quantile(job::number("quantile")?), Task::Regression),
        "eps_insensitive_absolute_loss" => (Loss::EpsilonInsensitive(job::number("loss_insensitivity")?), Task::Regression),
        "eps_insensitive_squared_loss" => (Loss::SquaredEpsilonInsensitive(job::number("loss_insensitivity")?), Task::Regression),
        "logistic" => (Loss::Logistic, Task::Binary),
        "hinge_loss" => (Loss::Hinge, Task::Binary),
        "squared_hinge_loss" => (Loss::SquaredHinge, Task::Binary),
        "softmax_loss" => (Loss::Softmax, Task::Multiclass),
        _ => return Err(invalid_input(format!("loss '{name}' is not known"))),
    };
    if of == task {
        return Ok(loss);
    }
    let known = match task {
        Task::Regression => {
            "squared_loss, absolute_loss, huber_loss, quantile_loss, eps_insensitive_absolute_loss, eps_insensitive_squared_loss"
        }
        Task::Binary => "logistic, hinge_loss, squared_hinge_loss",
        Task::Multiclass => "softmax_loss",
    };
    Err(invalid_input(format!("loss is {name}, which a {predictor_type} does not have: use auto or one of {known}")))
}

fn default_loss(task: Task) -> Loss {
    match task {
        Task::Regression => Loss::Squared,
        Task::Binary => Loss::Logistic,
        Task::Multiclass => Loss::Softmax,
    }
}

fn criterion() -> Result<Criterion, Error> {
    match job::text("binary_classifier_model_selection_criteria")?.as_str() {
        "accuracy" => Ok(Criterion::Accuracy),
        "f_beta" => Ok(Criterion::FBeta),
        "precision_at_target_recall" => Ok(Criterion::PrecisionAtTargetRecall(job::number("target_recall")?)),
        "recall_at_target_precision" => Ok(Criterion::RecallAtTargetPrecision(job::number("target_precision")?)),
        _ => Ok(Criterion::LossFunction),
    }
}

fn positive_weight() -> Result<PositiveWeight, Error> {
    let text = job::text("positive_example_weight_mult")?;
    if text == "balanced" {
        return Ok(PositiveWeight::Balanced);
    }
    let number = text.parse::<f64>().ok().filter(|number| *number > 0.0 && number.is_finite());
    let number =
        number.ok_or_else(|| invalid_input(format!("positive_example_weight_mult is '{text}': balanced or a number above 0 is wanted")))?;
    Ok(PositiveWeight::Times(number))
}
