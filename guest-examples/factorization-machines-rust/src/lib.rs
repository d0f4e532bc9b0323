//! Factorization machines as an algohost component.
//!
//! What to read first: `train` (the life of a job), `machine` (the model and its steps: one host call goes over an epoch's rows),
//! `predict`.

mod machine;
mod model;
mod predict;
mod rows;
mod train;

wit_bindgen::generate!({ world: "algorithm", path: "../../wit" });

use algohost::ml::types::{Error, ErrorCode};

struct FactorizationMachines;

#[cfg(target_family = "wasm")]
export!(FactorizationMachines);

impl exports::algohost::ml::metadata::Guest for FactorizationMachines {
    fn describe() -> String {
        include_str!("../description.json").to_owned()
    }
}

/// The caller's data, request or hyperparameters are wrong.
fn invalid_input(message: impl Into<String>) -> Error {
    Error { code: ErrorCode::InvalidInput, message: message.into() }
}
