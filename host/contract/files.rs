//! Configuration files as JSON objects.

use std::path::Path;

use anyhow::Result;
use serde_json::{Map, Value};

use super::Object;
use super::paths::Base;
use crate::failure::{Code, Failure};

/// Reads `input/config/NAME`, which need not be there, and else must be a JSON object.
pub(super) fn read_optional_object(base: &Base, name: &str) -> Result<Option<Object>> {
    let missing = base.config_file(name).symlink_metadata().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound);
    if missing { Ok(None) } else { read_object(base, name).map(Some) }
}

/// Reads `input/config/NAME`, which must be a JSON object.
pub(super) fn read_object(base: &Base, name: &str) -> Result<Object> {
    let path = base.config_file(name);
    let text = std::fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))?;
    let value: Value = serde_json::from_str(&text).map_err(|error| {
        Failure::user(format!("{}:{}:{}: no valid JSON: {}", path.display(), error.line(), error.column(), short(&error)))
    })?;
    match value {
        Value::Object(object) => Ok(object),
        other => Err(Failure::user(format!("{}: {} found, wanted a JSON object", path.display(), kind(&other))).into()),
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    let path = path.display();
    match error.kind() {
        std::io::ErrorKind::NotFound => Failure::user(format!("{path} is missing")).help(
            "The platform writes it before it starts the container; for a run of your own, create it or point SAGEMAKER_BASE_DIR at a tree that has it",
        ),
        std::io::ErrorKind::InvalidData => Failure::user(format!("{path}: the file is not UTF-8 text")),
        _ => Failure::new(Code::Io, format!("{path} cannot be read: {error}")),
    }
}

/// The parser's words without the position, which stands before them.
fn short(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

/// The name of a value's kind, for messages.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// A key that may be missing and else must be a string.
pub(super) fn optional_text(file: &str, object: &Map<String, Value>, key: &str) -> Result<Option<String>, Failure> {
    match object.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(Failure::user(format!("{file}: {key} is {}, wanted a string", kind(other)))),
    }
}
