//! Linear regression, logistic regression and multinomial logistic regression as an algohost component.
//!
//! What to read first: `train` (the life of a job), `objective` (a loss and its gradient in a handful of host calls), `predict`.
//! `lbfgs`, `adam` and `model` are plain Rust and know nothing of the host.

mod adam;
mod design;
mod lbfgs;
mod model;
mod objective;
mod predict;
mod train;

wit_bindgen::generate!({ world: "algorithm", path: "../../wit" });

use algohost::ml::types::{Error, ErrorCode};

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

/// The numbers of a float32 tensor's bytes.
fn floats(bytes: &[u8]) -> impl Iterator<Item = f64> {
    bytes.chunks_exact(4).map(|b| f64::from(f32::from_le_bytes([b[0], b[1], b[2], b[3]])))
}

/// Numbers as the bytes of a float32 tensor.
fn float_bytes(numbers: &[f64]) -> Vec<u8> {
    numbers.iter().flat_map(|number| (*number as f32).to_le_bytes()).collect()
}
