//! A linear model as an algohost component: the same algorithm as in the other languages beside it.

mod predict;
mod train;

wit_bindgen::generate!({ world: "algorithm", path: "../../wit" });

use algohost::ml::types::{Error, ErrorCode};

struct Linear;

#[cfg(target_family = "wasm")]
export!(Linear);

impl exports::algohost::ml::metadata::Guest for Linear {
    fn describe() -> String {
        include_str!("../description.json").to_owned()
    }
}

/// Where the model is, in the model directory.
const MODEL: &str = "model.safetensors";

fn error(code: ErrorCode, message: String) -> Error {
    Error { code, message }
}
