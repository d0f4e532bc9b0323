//! Dense networks as an algohost component.
//!
//! What to read first: `train` (the life of a job), `network` (one step: a handful of host calls), `predict`. `settings` and `model`
//! are plain Rust and know nothing of the host's kernels.

mod checkpoint;
mod model;
mod network;
mod optimizer;
mod predict;
mod settings;
mod table;
mod train;

wit_bindgen::generate!({ world: "algorithm", path: "../../wit" });

use algohost::ml::types::{Error, ErrorCode};

struct Mlp;

#[cfg(target_family = "wasm")]
export!(Mlp);

impl exports::algohost::ml::metadata::Guest for Mlp {
    fn describe() -> String {
        include_str!("../description.json").to_owned()
    }
}

/// The caller's data, request or hyperparameters are wrong.
fn invalid_input(message: impl Into<String>) -> Error {
    Error { code: ErrorCode::InvalidInput, message: message.into() }
}
