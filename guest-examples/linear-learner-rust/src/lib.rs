//! Linear regression, logistic regression and multinomial logistic regression as an algohost component.
//!
//! What to read first: `train` (the life of a job), `objective` (a loss and its gradient in a handful of host calls), `predict`.
//! `lbfgs`, `adam` and `model` are plain Rust and know nothing of the host.

mod adam;
mod bytes;
mod design;
mod lbfgs;
mod model;
mod objective;
mod predict;
mod train;

wit_bindgen::generate!({ world: "algorithm", path: "../../wit" });

use algohost::ml::types::{Error, ErrorCode};
use bytes::{float_bytes, floats};

struct LinearLearner;

#[cfg(target_family = "wasm")]
export!(LinearLearner);

impl exports::algohost::ml::metadata::Guest for LinearLearner {
    fn describe() -> String {
        include_str!("../description.json").to_owned()
    }
}

/// The caller's data, request or hyperparameters are wrong.
fn invalid_input(message: impl Into<String>) -> Error {
    Error { code: ErrorCode::InvalidInput, message: message.into() }
}
