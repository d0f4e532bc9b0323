//! Answers requests.

use std::cell::OnceCell;

use crate::algohost::ml::artifacts::open_archive;
use crate::algohost::ml::tensors::Tensor;
use crate::algohost::ml::types::{Error, ErrorCode};
use crate::exports::algohost::ml::predictor::{Guest, Output};
use crate::model::{Settings, Task};
use crate::table::Scale;
use crate::vote::Voter;
use crate::{Neighbors, invalid_input};

/// The model as `load` leaves it.
struct Loaded {
    voter: Voter,
    /// m x features
    rows: Tensor,
    /// m x 1
    labels: Tensor,
    scale: Scale,
    n_features: u32,
}

thread_local! {
    /// An instance has one thread.
    static MODEL: OnceCell<Loaded> = const { OnceCell::new() };
}

impl Guest for Neighbors {
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
    let settings = Settings::from_metadata(&archive.metadata()).map_err(bad_model)?;
    let (rows, labels) = (archive.get("rows")?, archive.get("labels")?);
    let scale = Scale::from_parts(archive.get("means")?, archive.get("factors")?)?;
    let shape = rows.shape();
    let [n_rows, n_features] = shape[..] else {
        return Err(bad_model(format!("the model's tensor rows has {} axes, not rows x features", shape.len())));
    };
    if labels.shape() != [n_rows, 1] || scale.means.shape() != [1, n_features] || scale.factors.shape() != [1, n_features] {
        return Err(bad_model(format!("the model's tensors do not fit together: rows is {n_rows} x {n_features}")));
    }
    if settings.k < 1 || settings.k > n_rows || (settings.task == Task::Classifier && settings.classes < 1) {
        return Err(bad_model(format!("the model has {n_rows} rows and {} classes for k = {}", settings.classes, settings.k)));
    }
    Ok(Loaded { voter: Voter::new(&settings)?, rows, labels, scale, n_features })
}

impl Loaded {
    fn predict(&self, features: &Tensor) -> Result<Vec<Output>, Error> {
        let width = features.shape()[1];
        if width != self.n_features {
            let wanted = self.n_features;
            return Err(invalid_input(format!(
                "the request has {width} columns, the model was trained on {wanted} features: send the features without the label"
            )));
        }
        check_finite(features)?;
        let answer = self.voter.answer(&self.scale.apply(features)?, &self.rows, &self.labels)?;
        let mut outputs = vec![Output { name: "predicted_label".to_owned(), value: answer.label }];
        outputs.extend(answer.probabilities.map(|value| Output { name: "probabilities".to_owned(), value }));
        Ok(outputs)
    }
}

/// Refuses values that are missing or not finite, and names the first one.
fn check_finite(features: &Tensor) -> Result<(), Error> {
    let Some(at) = features.first_not_finite()? else { return Ok(()) };
    let width = u64::from(features.shape()[1]);
    let (row, column) = (at / width + 1, at % width + 1);
    Err(invalid_input(format!("the request's row {row} has no finite number in column {column}: this model does not take missing values")))
}

fn internal(message: &str) -> Error {
    Error { code: ErrorCode::Internal, message: message.to_owned() }
}
