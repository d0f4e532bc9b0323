//! Records in the body of a request.

use algohost_kernels::{Context, Tensor};
use anyhow::Result;

use super::super::batch::{Layout, Number, Piece, Rows, Table, fill};
use super::super::files::Excerpt;
use super::super::request::RowForm;
use super::frame::{End, end_of_record, payload};
use super::record::Record;
use super::rows::Shape;
use super::{Fault, PIECE, whole_records};
use algohost_failure::Failure;

/// A request's records.
struct Body<'a> {
    bytes: &'a [u8],
    shape: Shape,
}

/// Decodes a request: rows of features. Of sparse records without a shape, `form` says how wide they are.
///
/// # Errors
/// Invalid input, naming record and byte; limit exceeded beyond the budget.
pub(in super::super) fn decode_body(context: &Context, form: RowForm, bytes: &[u8]) -> Result<Tensor> {
    let shape = shape_of(bytes, form).map_err(|fault| explain(bytes, &fault))?;
    let body = Body { bytes, shape };
    let pieces = body.pieces().map_err(|fault| explain(bytes, &fault))?;
    Ok(fill::<f32>(context, "request", &body, Layout::features(shape.columns), &pieces)?.features)
}

/// What the first record says about all of them; labels are not looked at.
fn shape_of(bytes: &[u8], form: RowForm) -> Result<Shape, Fault> {
    let wrong = |what: String| Fault { at: 0, what };
    let end = whole_record(bytes, 0)?;
    let mut joined = Vec::new();
    let first = payload(&bytes[..end], &mut joined).and_then(Record::parse).map_err(wrong)?;
    let width = first.features.as_ref().and_then(|features| features.width);
    let columns = form.columns.filter(|_| width.is_none() && first.features.is_some_and(|features| features.keys > 0));
    Shape::of(&first, Some(0), columns).map_err(wrong)
}

/// Where the record ends that begins at `at`, all of which must be there.
fn whole_record(bytes: &[u8], at: usize) -> Result<usize, Fault> {
    match end_of_record(bytes, at)? {
        End::At(end) => Ok(end),
        End::Beyond(needed, _) => {
            Err(Fault { at, what: format!("the body ends within a frame; {} bytes are missing", needed - bytes.len()) })
        }
    }
}

/// The failure for a fault in records of the body.
fn explain(bytes: &[u8], fault: &Fault) -> anyhow::Error {
    let before = whole_records(&bytes[..fault.at], usize::MAX, false);
    let record = before.ok().and_then(Result::ok).map_or_else(String::new, |(_, records)| format!("record {}, ", records + 1));
    Failure::user(format!("request: {record}at byte {}: {}", fault.at, fault.what)).into()
}

impl Body<'_> {
    fn pieces(&self) -> Result<Vec<Piece>, Fault> {
        let (mut pieces, mut from) = (Vec::new(), 0);
        while from < self.bytes.len() {
            let (mut at, mut rows) = (from, 0);
            while at < self.bytes.len() && at - from < PIECE {
                (at, rows) = (whole_record(self.bytes, at)?, rows + 1);
            }
            pieces.push(Piece { offset: from as u64, bytes: at - from, rows, ..Piece::default() });
            from = at;
        }
        Ok(pieces)
    }
}

impl Table for Body<'_> {
    fn decode<T: Number>(&self, piece: &Piece, _buffer: &mut Excerpt, mut rows: Rows<'_, T>) -> Result<()> {
        let start = piece.offset as usize;
        let decoded = self.shape.decode(&self.bytes[start..start + piece.bytes], &mut rows);
        decoded.map_err(|fault| explain(self.bytes, &Fault { at: start + fault.at, what: fault.what }))
    }
}
