//! A request's body to rows of features.

mod json;
mod table;

use algohost_kernels::{Context, Tensor};
use anyhow::Result;

use super::content_type::{ContentType, Format};
use super::{npy, recordio, text};
use algohost_failure::{Code, Failure};

/// The formats that requests are read in.
const FORMATS: [Format; 6] = [Format::Csv, Format::Json, Format::JsonLines, Format::Libsvm, Format::RecordIo, Format::Npy];

/// What sparse rows do not say of themselves, and the rows that the model learned from did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowForm {
    /// How many features a row has.
    pub columns: Option<usize>,
    /// The index of the first feature in libsvm rows: 0 or 1.
    pub index_base: Option<u64>,
}

/// Decodes a request: rows × columns of features as float32, charged to the context's budget.
///
/// - CSV: as in a channel, but without label columns.
/// - JSON: `{"instances": […]}` with instances `[…]`, `{"features": […]}` or `{"data": {"features": {"values": […]}}}`; one such instance;
///   an array of numbers, which is one row; an array of instances. `null` is NaN. Features may be sparse:
///   `{"keys": […], "values": […], "shape": [8]}`.
/// - JSON Lines: such an instance in each line.
/// - libsvm: as in a channel, with a label or without one, which does not matter here; the first row decides. The parameters `columns` and
///   `index_base` of the content type say what `form` says else; where neither does, rows are as wide as the largest index, and indices
///   begin at 0 if index 0 occurs, else at 1.
/// - RecordIO-protobuf: as in a channel; labels do not matter.
/// - NPY: an array with two axes, or with one, which is one row.
///
/// Of sparse rows, what is not written is 0.
///
/// # Errors
/// Invalid input that names line, or row, and column; unsupported media naming what is supported; limit exceeded beyond the budget.
pub fn decode_request(context: &Context, content_type: &ContentType, form: RowForm, body: &[u8]) -> Result<Tensor> {
    let format = content_type.format("request", &FORMATS)?;
    if body.is_empty() {
        return Err(Failure::user("request: the body is empty").into());
    }
    match format {
        Format::Csv => text::decode_body(context, body),
        Format::Json => json::decode_body(context, form, body),
        Format::JsonLines => json::decode_lines(context, form, body),
        Format::Libsvm => text::decode_libsvm_body(context, form_of(content_type, form)?, labels_of(content_type)?, body),
        Format::RecordIo => recordio::decode_body(context, form, body),
        Format::Npy => npy::decode_body(context, body),
        Format::Npz | Format::Parquet => {
            Err(Failure::new(Code::UnsupportedMedia, format!("request: {} cannot be read", format.media_type())).into())
        }
    }
}

/// The form of rows, with what the content type says about it.
fn form_of(content_type: &ContentType, form: RowForm) -> Result<RowForm> {
    Ok(RowForm { columns: content_type.columns()?.or(form.columns), index_base: content_type.index_base()?.or(form.index_base) })
}

/// Whether rows begin with a label, where the content type says it.
fn labels_of(content_type: &ContentType) -> Result<Option<bool>> {
    match content_type.label_size()? {
        None => Ok(None),
        Some(labels @ (0 | 1)) => Ok(Some(labels == 1)),
        Some(labels) => Err(Failure::user(format!("request: label_size is {labels}; libsvm rows have one label or none")).into()),
    }
}

#[cfg(test)]
mod tests;
