//! Random cut forests as an algohost component.
//!
//! What to read first: `train` (the life of a job), then `grow` (the trees, plain Rust that knows nothing of the host). Scores are the
//! host's: they are wanted of any number of rows.

mod grow;
mod model;
mod predict;
mod quality;
mod train;

wit_bindgen::generate!({ world: "algorithm", path: "../../wit" });

use algohost::ml::types::{Error, ErrorCode};

struct RandomCutForest;

#[cfg(target_family = "wasm")]
export!(RandomCutForest);

impl exports::algohost::ml::metadata::Guest for RandomCutForest {
    fn describe() -> String {
        include_str!("../description.json").to_owned()
    }
}

/// The caller's data, request or hyperparameters are wrong.
fn invalid_input(message: impl Into<String>) -> Error {
    Error { code: ErrorCode::InvalidInput, message: message.into() }
}
