//! Lots of rows made one, where nobody knew before how many there would be.

use algohost_kernels::{Context, Csr, Tensor};
use anyhow::Result;

use super::super::batch::Batch;
use super::super::fault::kernel;
use super::super::sparse::SparseBatch;

/// What can be put one after the other.
pub(super) trait Joined: Sized {
    /// All the rows in their order; none when there are no lots.
    fn joined(context: &Context, lots: Vec<Self>) -> Result<Option<Self>>;
}

impl Joined for Batch {
    fn joined(context: &Context, mut lots: Vec<Batch>) -> Result<Option<Batch>> {
        if lots.len() < 2 {
            return Ok(lots.pop());
        }
        Ok(Some(Batch {
            features: rows(context, lots.iter().map(|lot| &lot.features))?,
            labels: optional_rows(context, lots.iter().map(|lot| lot.labels.as_ref()))?,
            weights: optional_rows(context, lots.iter().map(|lot| lot.weights.as_ref()))?,
        }))
    }
}

impl Joined for SparseBatch {
    fn joined(context: &Context, mut lots: Vec<SparseBatch>) -> Result<Option<SparseBatch>> {
        if lots.len() < 2 {
            return Ok(lots.pop());
        }
        let indices = lots.iter().map(|lot| lot.features.copy_indices(context)).collect::<Result<Vec<_>, _>>().map_err(kernel)?;
        let features = Csr::from_parts(
            context,
            lots[0].features.columns(),
            &offsets(context, &lots)?,
            &rows(context, &indices)?,
            &rows(context, lots.iter().map(|lot| lot.features.values()))?,
        );
        Ok(Some(SparseBatch {
            features: features.map_err(kernel)?,
            labels: optional_rows(context, lots.iter().map(|lot| lot.labels.as_ref()))?,
            weights: optional_rows(context, lots.iter().map(|lot| lot.weights.as_ref()))?,
        }))
    }
}

/// Where the elements of each row begin, and where the last one's end.
fn offsets(context: &Context, lots: &[SparseBatch]) -> Result<Tensor> {
    let (mut base, mut bytes) = (0_i64, Vec::new());
    for lot in lots {
        let of_lot = lot.features.copy_offsets(context).and_then(|offsets| offsets.to_bytes()).map_err(kernel)?;
        let starts = of_lot.as_chunks::<8>().0;
        // The end of a lot is where the next one begins.
        bytes.extend(starts[..starts.len() - 1].iter().flat_map(|start| (base + i64::from_le_bytes(*start)).to_le_bytes()));
        base += lot.features.stored() as i64;
    }
    bytes.extend(base.to_le_bytes());
    Tensor::from_bytes(context, &[bytes.len() / 8], algohost_kernels::DType::Int64, &bytes).map_err(kernel)
}

fn rows<'a>(context: &Context, parts: impl IntoIterator<Item = &'a Tensor>) -> Result<Tensor> {
    Tensor::concat(context, &parts.into_iter().collect::<Vec<_>>(), 0).map_err(kernel)
}

fn optional_rows<'a>(context: &Context, parts: impl Iterator<Item = Option<&'a Tensor>>) -> Result<Option<Tensor>> {
    let parts: Option<Vec<&Tensor>> = parts.collect();
    parts.map(|parts| rows(context, parts)).transpose()
}
