//! The body of a request in lines.

use algohost_kernels::{Context, Tensor};
use anyhow::Result;

use super::super::batch::{Layout, Number, Piece, Rows, Table, fill};
use super::super::fault::Fault;
use super::super::files::Excerpt;
use super::lines::without_mark;
use super::{LineFormat, PIECE};

/// A request's text and how its rows are written.
pub(in super::super) struct Body<'a, F> {
    pub(super) text: &'a [u8],
    pub(super) format: F,
}

impl<'a, F: LineFormat> Body<'a, F> {
    pub(super) fn new(text: &'a [u8], format: F) -> Body<'a, F> {
        Body { text: without_mark(text), format }
    }

    /// All rows, which are features only.
    pub(super) fn decode_all(&self, context: &Context, columns: usize) -> Result<Tensor> {
        let batch = fill::<f32>(context, "request", self, Layout::features(columns), &self.pieces())?;
        Ok(batch.features)
    }

    fn pieces(&self) -> Vec<Piece> {
        let (mut pieces, mut from) = (Vec::new(), 0);
        while from < self.text.len() {
            let near = self.text.len().min(from + PIECE);
            let end = self.text[near - 1..].iter().position(|&byte| byte == self.format.end());
            let to = end.map_or(self.text.len(), |at| near + at);
            let rows = self.format.count(&self.text[from..to]);
            if rows > 0 {
                pieces.push(Piece { offset: from as u64, bytes: to - from, rows, ..Piece::default() });
            }
            from = to;
        }
        pieces
    }

    /// The failure for a fault in the text from byte `from` on.
    pub(super) fn explain(&self, from: usize, fault: Fault) -> anyhow::Error {
        let at = from + fault.at;
        let line = 1 + self.text[..at.min(self.text.len())].iter().filter(|&&byte| byte == self.format.end()).count();
        let failure = fault.wrong.failure(&format!("request: line {line}"), "the lines before have");
        match self.format.first_line_help().filter(|_| line == 1 && failure.help.is_none()) {
            Some(_) => failure.help("requests have no header line").into(),
            None => failure.into(),
        }
    }
}

impl<F: LineFormat> Table for Body<'_, F> {
    fn decode<T: Number>(&self, piece: &Piece, _buffer: &mut Excerpt, mut rows: Rows<'_, T>) -> Result<()> {
        let start = piece.offset as usize;
        let text = &self.text[start..start + piece.bytes];
        self.format.decode(text, &mut rows).map_err(|fault| self.explain(start, fault))
    }
}
