//! Answers requests: four to six host calls, whatever the number of rows.

use std::cell::OnceCell;

use crate::algohost::ml::artifacts::open_archive;
use crate::algohost::ml::formulas::{self, Formula, Reduction, compile};
use crate::algohost::ml::linalg::{Transposed, matmul};
use crate::algohost::ml::tensors::{Dtype, Tensor};
use crate::algohost::ml::types::{Error, ErrorCode};
use crate::exports::algohost::ml::predictor::{Guest, Output};
use crate::model::{Meaning, Scores, Task, of_metadata};
use crate::{LinearLearner, invalid_input};

/// The model as `load` leaves it.
struct Loaded {
    /// features x outputs
    weight: Tensor,
    n_features: u32,
    /// Of a number that is not finite, x - x is NaN.
    missing: Formula,
    answer: Answer,
}

/// From products to outputs; the bias is bound in the formulas.
enum Answer {
    Regression { score: Formula },
    Binary { score: Formula, label: Formula },
    Multiclass { logit: Formula, score: Formula },
}

thread_local! {
    /// An instance has one thread.
    static MODEL: OnceCell<Loaded> = const { OnceCell::new() };
}

impl Guest for LinearLearner {
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
    let (weight, bias) = (archive.get("weight")?, archive.get("bias")?);
    let Meaning { task, scores, threshold } = of_metadata(&archive.metadata()).map_err(bad_model)?;
    let (weight_shape, bias_shape) = (weight.shape(), bias.shape());
    let [n_features, n_outputs] = weight_shape[..] else {
        return Err(bad_model(format!("the model's tensor weight has {} axes, not features x outputs", weight_shape.len())));
    };
    if bias_shape != [1, n_outputs] || (task != Task::Multiclass && n_outputs != 1) {
        return Err(bad_model(format!(
            "the model's tensor weight has {n_outputs} outputs, which its tensor bias or its predictor_type denies"
        )));
    }
    let with_bias = |formula: &str| -> Result<Formula, Error> {
        let formula = compile("b z", formula)?;
        formula.bind("b", &bias)?;
        Ok(formula)
    };
    let answer = match task {
        Task::Regression => Answer::Regression { score: with_bias("z + b")? },
        Task::Binary => {
            let label = compile("t s", "s > t")?;
            label.bind_scalar("t", threshold.into())?;
            Answer::Binary { score: with_bias(if scores == Scores::Values { "z + b" } else { "sigmoid(z + b)" })?, label }
        }
        Task::Multiclass => Answer::Multiclass { logit: with_bias("z + b")?, score: compile("z n", "exp(z - n)")? },
    };
    Ok(Loaded { weight, n_features, missing: compile("x", "isnan(x - x)")?, answer })
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
        check_finite(&self.missing, features)?;
        let z = matmul(features, &self.weight, Transposed::Neither)?;
        match &self.answer {
            Answer::Regression { score } => {
                score.apply_into(&z, &[&z])?;
                Ok(vec![output("score", z)])
            }
            Answer::Binary { score, label } => {
                score.apply_into(&z, &[&z])?;
                let label = label.apply(&[&z])?.cast(Dtype::Int32)?;
                Ok(vec![output("score", z), output("predicted_label", label)])
            }
            Answer::Multiclass { logit, score } => {
                logit.apply_into(&z, &[&z])?;
                let normalizers = formulas::reduce(&z, Reduction::LogSumExp, &[1], true)?;
                let label = formulas::reduce(&z, Reduction::ArgMax, &[1], true)?;
                score.apply_into(&z, &[&z, &normalizers])?;
                Ok(vec![output("score", z), output("predicted_label", label)])
            }
        }
    }
}

/// Refuses values that are missing or not finite, and names the first one. `missing` is 1 for these.
fn check_finite(missing: &Formula, features: &Tensor) -> Result<(), Error> {
    if missing.reduce_all(Reduction::Any, &[features])? == 0.0 {
        return Ok(());
    }
    let (at, width) = (missing.reduce_all(Reduction::ArgMax, &[features])? as u64, u64::from(features.shape()[1]));
    let (row, column) = (at / width + 1, at % width + 1);
    Err(invalid_input(format!("the request's row {row} has no finite number in column {column}: this model does not take missing values")))
}

fn output(name: &str, value: Tensor) -> Output {
    Output { name: name.to_owned(), value }
}

fn internal(message: &str) -> Error {
    Error { code: ErrorCode::Internal, message: message.to_owned() }
}
