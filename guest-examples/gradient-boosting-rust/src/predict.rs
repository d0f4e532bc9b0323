//! Answers to requests.

use std::cell::OnceCell;

use crate::GradientBoosting;
use crate::algohost::ml::artifacts::open_archive;
use crate::algohost::ml::formulas::{Formula, Reduction, compile, reduce};
use crate::algohost::ml::tensors::{Dtype, Tensor};
use crate::algohost::ml::trees::{Forest, forest_from};
use crate::algohost::ml::types::{Error, ErrorCode};
use crate::boosting::initial_scores;
use crate::exports::algohost::ml::predictor::{Guest, Output};
use crate::invalid_input;
use crate::model::Metadata;
use crate::objective::Kind;

/// The model as `load` leaves it.
struct Loaded {
    forest: Forest,
    n_features: u32,
    base_scores: Vec<f64>,
    answer: Answer,
}

/// From scores to outputs.
enum Answer {
    Regression,
    Count { mean: Formula },
    Binary { probability: Formula, label: Formula },
    Multiclass { probability: Formula },
}

thread_local! {
    /// An instance has one thread.
    static MODEL: OnceCell<Loaded> = const { OnceCell::new() };
}

impl Guest for GradientBoosting {
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
    let metadata = Metadata::from_json(&archive.metadata()).map_err(bad_model)?;
    let kind = Kind::from_name(&metadata.objective);
    let kind =
        kind.ok_or_else(|| bad_model(format!("the model's objective is '{}', which this version does not know", metadata.objective)))?;
    let n_outputs = metadata.base_scores.len() as u32;
    if n_outputs == 0 || (kind != Kind::Multiclass && n_outputs != 1) {
        return Err(bad_model(format!("the model has {n_outputs} base scores, which its objective {} denies", metadata.objective)));
    }
    let (trees, nodes) = (archive.get("trees")?, archive.get("nodes")?);
    let (values, categories) = (archive.get("values")?, archive.get("categories")?);
    let forest = forest_from(metadata.n_features, n_outputs, &trees, &nodes, &values, &categories);
    let forest = forest.map_err(|error| bad_model(format!("the model's trees are not sound: {}", error.message)))?;
    let answer = match kind {
        Kind::Squared | Kind::PseudoHuber | Kind::Absolute | Kind::Quantile => Answer::Regression,
        Kind::Poisson => Answer::Count { mean: compile("s", "exp(s)")? },
        Kind::Binary => Answer::Binary { probability: compile("s", "sigmoid(s)")?, label: compile("p", "p > 0.5")? },
        Kind::Multiclass => Answer::Multiclass { probability: compile("s n", "exp(s - n)")? },
    };
    Ok(Loaded { forest, n_features: metadata.n_features, base_scores: metadata.base_scores, answer })
}

impl Loaded {
    fn predict(&self, features: &Tensor) -> Result<Vec<Output>, Error> {
        let (rows, width) = (features.shape()[0], features.shape()[1]);
        if width != self.n_features {
            return Err(invalid_input(format!(
                "the request has {width} columns, the model was trained on {} features: send the features without label and weight",
                self.n_features
            )));
        }
        let scores = initial_scores(&self.base_scores, rows)?;
        self.forest.add_predictions(features, 0, self.forest.tree_count(), &scores)?;
        match &self.answer {
            Answer::Regression => Ok(vec![output("score", scores)]),
            Answer::Count { mean } => {
                mean.apply_into(&scores, &[&scores])?;
                Ok(vec![output("score", scores)])
            }
            Answer::Binary { probability, label } => {
                probability.apply_into(&scores, &[&scores])?;
                let label = label.apply_as(Dtype::Int32, &[&scores])?;
                Ok(vec![output("score", scores), output("predicted_label", label)])
            }
            Answer::Multiclass { probability } => {
                let normalizers = reduce(&scores, Reduction::LogSumExp, &[1], true)?;
                let label = reduce(&scores, Reduction::ArgMax, &[1], true)?;
                probability.apply_into(&scores, &[&scores, &normalizers])?;
                Ok(vec![output("score", scores), output("predicted_label", label)])
            }
        }
    }
}

fn output(name: &str, value: Tensor) -> Output {
    Output { name: name.to_owned(), value }
}

fn internal(message: &str) -> Error {
    Error { code: ErrorCode::Internal, message: message.to_owned() }
}
