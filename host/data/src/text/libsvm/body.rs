//! Rows in the body of a request, with labels or without.

use algohost_kernels::{Context, Tensor};
use anyhow::Result;

use super::super::super::request::RowForm;
use super::super::body::Body;
use super::super::lines::first_row;
use super::{Extent, Libsvm, has_items, is_blank};
use algohost_failure::Failure;

/// Decodes a request: rows of features. `labelled` says whether rows begin with a label, where that is known; else it is what the first row
/// does.
///
/// # Errors
/// Invalid input, naming the line; limit exceeded beyond the budget.
pub(in super::super::super) fn decode_libsvm_body(context: &Context, form: RowForm, labelled: Option<bool>, text: &[u8]) -> Result<Tensor> {
    let Some(first) = first_row(text, true, has_items) else {
        return Err(Failure::user("request: the body has no rows").into());
    };
    // `1:2` could be a label with a weight, which a row to be predicted does not have.
    let begins_with_label =
        || first.line.split(|&byte| is_blank(byte)).find(|item| !item.is_empty()).is_some_and(|item| !item.contains(&b':'));
    let libsvm = Libsvm::new(first.end, labelled.unwrap_or_else(begins_with_label));
    let mut body = Body::new(text, libsvm);
    let extent = body.look()?;
    let base = form.index_base.unwrap_or(if extent.has_zero { 0 } else { 1 });
    body.format = body.format.with_extent(extent, base, form.columns);
    let columns = body.format.columns;
    if columns == 0 {
        return Err(Failure::user("request: no row has a feature").help(HOW_WIDE).into());
    }
    body.decode_all(context, columns)
}

const HOW_WIDE: &str = "the parameter columns of the content type says how many features rows have: text/libsvm; columns=30";

impl Body<'_, Libsvm> {
    fn look(&self) -> Result<Extent> {
        let (_, extent) = self.format.look(self.text).map_err(|fault| self.explain(0, fault))?;
        Ok(extent)
    }
}
