//! Answers requests: two to five host calls, whatever the number of rows.

use std::cell::OnceCell;

use crate::algohost::ml::artifacts::open_archive;
use crate::algohost::ml::formulas::{self, Formula, Reduction, compile};
use crate::algohost::ml::linalg::{Activation, Transposed, affine};
use crate::algohost::ml::tensors::{Dtype, Tensor};
use crate::algohost::ml::types::{Error, ErrorCode};
use crate::exports::algohost::ml::predictor::{Guest, Output};
use crate::model::{Meaning, Scores, Task, of_metadata};
use crate::{LinearLearner, invalid_input};

/// The model as `load` leaves it.
struct Loaded {
    /// features x outputs
    weight: Tensor,
    /// 1 x outputs
    bias: Tensor,
    n_features: u32,
    answer: Answer,
}

/// From a row's products with the weights to outputs.
enum Answer {
    Regression,
    Binary { activation: Activation, label: Formula },
    Multiclass { score: Formula },
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
    let answer = match task {
        Task::Regression => Answer::Regression,
        Task::Binary => {
            let label = compile("t s", "s > t")?;
            label.bind_scalar("t", threshold.into())?;
            Answer::Binary { activation: if scores == Scores::Values { Activation::Identity } else { Activation::Sigmoid }, label }
        }
        Task::Multiclass => Answer::Multiclass { score: compile("z n", "exp(z - n)")? },
    };
    Ok(Loaded { weight, bias, n_features, answer })
}

impl Loaded {
    fn predict(&self, features: &Tensor) -> Result<Vec<Output>, Error> {
        check_finite(features)?;
        match &self.answer {
            Answer::Regression => Ok(vec![output("score", self.products(features, Activation::Identity)?)]),
            Answer::Binary { activation, label } => {
                let score = self.products(features, *activation)?;
                let label = label.apply_as(Dtype::Int32, &[&score])?;
                Ok(vec![output("score", score), output("predicted_label", label)])
            }
            Answer::Multiclass { score } => {
                let z = self.products(features, Activation::Identity)?;
                let normalizers = formulas::reduce(&z, Reduction::LogSumExp, &[1], true)?;
                let label = formulas::reduce(&z, Reduction::ArgMax, &[1], true)?;
                score.apply_into(&z, &[&z, &normalizers])?;
                Ok(vec![output("score", z), output("predicted_label", label)])
            }
        }
    }

    /// What the activation makes of weighted sums: rows x outputs.
    fn products(&self, features: &Tensor, activation: Activation) -> Result<Tensor, Error> {
        let products = affine(features, &self.weight, Transposed::Neither, Some(&self.bias), activation);
        products.map_err(|error| match features.shape()[1] {
            width if width != self.n_features => invalid_input(format!(
                "the request has {width} columns, the model was trained on {} features: send the features without the label",
                self.n_features
            )),
            _ => error,
        })
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
