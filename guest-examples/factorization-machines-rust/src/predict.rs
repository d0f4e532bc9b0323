//! Answers requests: three to five host calls, whatever the number of rows.

use std::cell::OnceCell;

use crate::algohost::ml::artifacts::open_archive;
use crate::algohost::ml::factorization::scores;
use crate::algohost::ml::formulas::{Formula, compile};
use crate::algohost::ml::sparse::from_dense;
use crate::algohost::ml::tensors::{Dtype, Tensor};
use crate::algohost::ml::types::{Error, ErrorCode};
use crate::exports::algohost::ml::predictor::{Guest, Output};
use crate::model::{Task, task_of_metadata};
use crate::{FactorizationMachines, invalid_input};

/// The model as `load` leaves it.
struct Loaded {
    bias: Tensor,
    linear: Tensor,
    factors: Tensor,
    n_features: u32,
    answer: Answer,
}

/// From scores to outputs.
enum Answer {
    Regression,
    Binary { probability: Formula, label: Formula },
}

thread_local! {
    /// An instance has one thread.
    static MODEL: OnceCell<Loaded> = const { OnceCell::new() };
}

impl Guest for FactorizationMachines {
    fn load() -> Result<(), Error> {
        let loaded = load_model()?;
        MODEL.with(|model| model.set(loaded)).map_err(|_| internal("load was called twice"))
    }

    fn predict(features: Tensor) -> Result<Vec<Output>, Error> {
        MODEL.with(|model| model.get().ok_or_else(|| internal("predict was called before load"))?.predict(&features))
    }
}

fn load_model() -> Result<Loaded, Error> {
    let bad_model = |message: String| Error { code: ErrorCode::BadModel, message };
    let archive = open_archive("model.safetensors")?;
    let (bias, linear, factors) = (archive.get("bias")?, archive.get("linear")?, archive.get("factors")?);
    let task = task_of_metadata(&archive.metadata()).map_err(bad_model)?;
    let [n_features, _] = factors.shape()[..] else {
        return Err(bad_model(format!("the model's tensor factors has {} axes, not features x factors", factors.shape().len())));
    };
    if bias.shape() != [1] || linear.shape() != [n_features, 1] {
        return Err(bad_model(format!("the model's tensor factors has {n_features} features, which its tensors bias or linear deny")));
    }
    let answer = match task {
        Task::Regression => Answer::Regression,
        Task::Binary => Answer::Binary { probability: compile("s", "sigmoid(s)")?, label: compile("p", "p > 0.5")? },
    };
    Ok(Loaded { bias, linear, factors, n_features, answer })
}

impl Loaded {
    fn predict(&self, features: &Tensor) -> Result<Vec<Output>, Error> {
        let width = features.shape()[1];
        if width != self.n_features {
            return Err(invalid_input(format!(
                "the request has {width} columns, the model was trained on {} features: send the features without the label",
                self.n_features
            )));
        }
        check_finite(features)?;
        let score = scores(&from_dense(features)?, &self.bias, &self.linear, &self.factors)?;
        match &self.answer {
            Answer::Regression => Ok(vec![output("score", score)]),
            Answer::Binary { probability, label } => {
                probability.apply_into(&score, &[&score])?;
                let label = label.apply_as(Dtype::Int32, &[&score])?;
                Ok(vec![output("score", score), output("predicted_label", label)])
            }
        }
    }
}

/// Refuses values that are missing or not finite, and names the first one.
fn check_finite(features: &Tensor) -> Result<(), Error> {
    let Some(at) = features.first_not_finite()? else { return Ok(()) };
    let width = u64::from(features.shape()[1]);
    let (row, column) = (at / width + 1, at % width + 1);
    Err(invalid_input(format!("the request's row {row} has no finite number in column {column}: this model does not take missing values")))
}

fn output(name: &str, value: Tensor) -> Output {
    Output { name: name.to_owned(), value }
}

fn internal(message: &str) -> Error {
    Error { code: ErrorCode::Internal, message: message.to_owned() }
}
