//! Linear models for numbers, two classes and many, from dense or sparse rows, as an algohost component.
//!
//! What to read first: `train` (the life of a job), `objective` (a loss and its gradient in three host calls), `predict`.
//! `lbfgs`, `owlqn`, `adam`, `decision` and `model` are plain Rust and know nothing of the host.

mod adam;
mod bytes;
mod channel;
mod class_weights;
mod decision;
mod design;
mod lbfgs;
mod model;
mod objective;
mod options;
mod owlqn;
mod predict;
mod report;
mod rows;
mod train;

wit_bindgen::generate!({ world: "algorithm", path: "../../wit" });

use algohost::ml::types::{Error, ErrorCode};
use bytes::{double_bytes, doubles, float_bytes, floats};

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
