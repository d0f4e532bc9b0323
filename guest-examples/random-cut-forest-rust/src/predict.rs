//! Answers requests: four host calls, whatever the number of rows.

use std::cell::OnceCell;

use crate::algohost::ml::formulas::{Formula, compile};
use crate::algohost::ml::tensors::Tensor;
use crate::algohost::ml::types::{Error, ErrorCode};
use crate::exports::algohost::ml::predictor::{Guest, Output};
use crate::model::{self, Model};
use crate::{RandomCutForest, invalid_input};

/// The model as `load` leaves it.
struct Loaded {
    model: Model,
    /// Whether a score lies above the threshold.
    anomaly: Formula,
}

thread_local! {
    /// An instance has one thread.
    static MODEL: OnceCell<Loaded> = const { OnceCell::new() };
}

impl Guest for RandomCutForest {
    fn load() -> Result<(), Error> {
        let (model, threshold) = model::open()?;
        let anomaly = compile("t s", "s > t")?;
        anomaly.bind_scalar("t", threshold)?;
        MODEL.with(|loaded| loaded.set(Loaded { model, anomaly })).map_err(|_| internal("load was called twice"))
    }

    fn predict(features: Tensor) -> Result<Vec<Output>, Error> {
        MODEL.with(|loaded| {
            let loaded = loaded.get().ok_or_else(|| internal("predict was called before load"))?;
            let (width, wanted) = (features.shape()[1], loaded.model.n_features);
            if width != wanted {
                return Err(invalid_input(format!("the request has {width} columns, the model was trained on {wanted} features")));
            }
            check_finite(&features)?;
            let score = loaded.model.score(&features)?;
            let anomaly = loaded.anomaly.apply(&[&score])?;
            Ok(vec![output("score", score), output("anomaly", anomaly)])
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
