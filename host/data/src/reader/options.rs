//! How a channel is to be read.

use algohost_kernels::DType;
use anyhow::Result;
use serde_json::{Map, Value};

use super::super::fault::quote;
use super::super::text::Categories;
use super::selection::{Selection, Wishes};
use algohost_failure::Failure;

/// How a channel is to be read, beyond what its content type says.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The element type of all tensors: float32 (the default) or float64.
    pub dtype: DType,
    /// Number of leading label columns. By default what the content type's `label_size` says, else 1 for CSV, libsvm and Parquet, 0 for NPY,
    /// and for NPZ the width of its member of labels.
    pub label_size: Option<usize>,
    /// Whether the column after the labels is the rows' weight. In libsvm the label carries the weight; with this option rows without
    /// one have the weight 1.
    pub weight: bool,
    /// Number of feature columns: the width of libsvm rows, and what other formats must have.
    pub columns: Option<usize>,
    /// Of CSV: which columns are text, and which texts they hold.
    pub categories: Categories,
    /// Which rows, and in which order. [`Reader`](super::Reader) gives all as they come; [`Feed`](super::super::Feed) looks at it.
    pub selection: Selection,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            dtype: DType::Float32,
            label_size: None,
            weight: false,
            columns: None,
            categories: Categories::default(),
            selection: Selection::default(),
        }
    }
}

impl Options {
    /// Reads options from a JSON object with any of the keys `dtype`, `label_size`, `weight`, `columns`, `categories`, and those of a [`Selection`].
    ///
    /// # Errors
    /// Invalid input for anything else, naming what is known.
    pub fn from_json(text: &str) -> Result<Options> {
        let wrong = |error: serde_json::Error| Failure::user(format!("channel options {}: {error}", quote(text.as_bytes())));
        let object: Map<String, Value> = serde_json::from_str(text).map_err(wrong)?;
        let (mut options, mut wishes) = (Options::default(), Wishes::default());
        for (key, value) in object {
            match key.as_str() {
                "dtype" => options.dtype = dtype(&value)?,
                "label_size" => options.label_size = Some(count(&key, &value)?),
                "weight" => options.weight = value.as_bool().ok_or_else(|| unexpected(&key, &value, "true or false"))?,
                "columns" => options.columns = Some(count(&key, &value)?),
                "categories" => options.categories = Categories::from_json(&value)?,
                name if wishes.take(name, &value)? => {}
                _ => {
                    let what = format!("channel option {} is unknown", quote(key.as_bytes()));
                    return Err(Failure::user(what)
                        .help(format!("known are dtype, label_size, weight, columns, categories, {}", Wishes::NAMES))
                        .into());
                }
            }
        }
        Ok(Options { selection: wishes.selection()?, ..options })
    }
}

fn dtype(value: &Value) -> Result<DType, Failure> {
    match value.as_str() {
        Some("float32") => Ok(DType::Float32),
        Some("float64") => Ok(DType::Float64),
        _ => Err(unexpected("dtype", value, "\"float32\" or \"float64\"")),
    }
}

fn count(key: &str, value: &Value) -> Result<usize, Failure> {
    value.as_u64().and_then(|count| usize::try_from(count).ok()).ok_or_else(|| unexpected(key, value, "a whole number of at least 0"))
}

pub(super) fn unexpected(key: &str, value: &Value, wanted: &str) -> Failure {
    Failure::user(format!("channel option {key} is {}, not {wanted}", quote(value.to_string().as_bytes())))
}
