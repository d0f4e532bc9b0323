//! A request's body to rows of features.

mod json;

use algohost_kernels::{Context, Tensor};
use anyhow::Result;

use super::content_type::{ContentType, Format};
use super::{npy, text};
use crate::failure::{Code, Failure};

/// The formats that requests are read in.
const FORMATS: [Format; 3] = [Format::Csv, Format::Json, Format::Npy];

/// Decodes a request: rows × columns of features as float32, charged to the context's budget.
///
/// - CSV: as in a channel, but without label columns.
/// - JSON: `{"instances": […]}` with instances `[…]`, `{"features": […]}` or `{"data": {"features": {"values": […]}}}`; one such instance;
///   an array of numbers, which is one row; an array of instances. `null` is NaN.
/// - NPY: an array with two axes, or with one, which is one row.
///
/// # Errors
/// Invalid input that names line, or row, and column; unsupported media naming what is supported; limit exceeded beyond the budget.
pub fn decode_request(context: &Context, content_type: &ContentType, body: &[u8]) -> Result<Tensor> {
    let format = content_type.format("request", &FORMATS)?;
    if body.is_empty() {
        return Err(Failure::user("request: the body is empty").into());
    }
    match format {
        Format::Csv => text::decode_body(context, body),
        Format::Json => json::decode_body(context, body),
        Format::Npy => npy::decode_body(context, body),
        Format::Libsvm | Format::JsonLines | Format::RecordIo | Format::Npz | Format::Parquet => {
            Err(Failure::new(Code::UnsupportedMedia, format!("request: {} cannot be read", format.media_type())).into())
        }
    }
}

#[cfg(test)]
mod tests;
