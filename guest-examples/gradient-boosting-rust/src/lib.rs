//! Gradient boosted decision trees as an algohost component.
//!
//! What to read first: `train` (the life of a job), `boosting` (a round, and how a tree grows), `objective` (losses and their
//! gradients), `predict`. `queue`, `auc` and `model` are plain Rust and know nothing of the host.

mod auc;
mod boosting;
mod categories;
mod metric;
mod model;
mod objective;
mod predict;
mod queue;
mod renewal;
mod settings;
mod table;
mod train;

wit_bindgen::generate!({ world: "algorithm", path: "../../wit" });

use algohost::ml::tensors::Tensor;
use algohost::ml::types::{Error, ErrorCode};

struct GradientBoosting;

#[cfg(target_family = "wasm")]
export!(GradientBoosting);

impl exports::algohost::ml::metadata::Guest for GradientBoosting {
    fn describe() -> String {
        include_str!("../description.json").to_owned()
    }
}

/// The caller's data, request or hyperparameters are wrong.
fn invalid_input(message: impl Into<String>) -> Error {
    Error { code: ErrorCode::InvalidInput, message: message.into() }
}

/// The elements of a float32 tensor.
fn floats(tensor: &Tensor) -> Result<Vec<f32>, Error> {
    let rows = tensor.shape().first().copied().unwrap_or(1);
    Ok(tensor.read(0, rows)?.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
}

/// Bytes of float32 numbers.
fn float_bytes(numbers: impl IntoIterator<Item = f64>) -> Vec<u8> {
    numbers.into_iter().flat_map(|number| (number as f32).to_le_bytes()).collect()
}
