//! Principal component analysis as an algohost component.
//!
//! What to read first: `train` (the life of a job), `solve` (how components are found, a handful of host calls each), `moments` (what is
//! kept of rows that pass by), `predict`.

mod model;
mod moments;
mod points;
mod predict;
mod solve;
mod train;

wit_bindgen::generate!({ world: "algorithm", path: "../../wit" });

use algohost::ml::types::{Error, ErrorCode};

struct Pca;

#[cfg(target_family = "wasm")]
export!(Pca);

impl exports::algohost::ml::metadata::Guest for Pca {
    fn describe() -> String {
        include_str!("../description.json").to_owned()
    }
}

/// The caller's data, request or hyperparameters are wrong.
fn invalid_input(message: impl Into<String>) -> Error {
    Error { code: ErrorCode::InvalidInput, message: message.into() }
}
