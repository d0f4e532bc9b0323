//! Rows of a table whose features are stored sparsely.

use algohost_kernels::{Context, Csr, CsrBuilder, Tensor};
use anyhow::Result;

use super::batch::{Batch, Layout, Number, Piece, each};
use super::fault::{allocation, kernel};
use super::files::Excerpt;

/// Rows of a channel, with sparse features.
#[derive(Clone, Debug)]
pub struct SparseBatch {
    /// rows × columns
    pub features: Csr,
    /// rows × targets; none when the channel has no labels.
    pub labels: Option<Tensor>,
    /// rows × 1; none when the channel has no weights.
    pub weights: Option<Tensor>,
}

impl SparseBatch {
    /// The batch without its zeros.
    pub(super) fn of_dense(context: &Context, batch: Batch) -> Result<SparseBatch> {
        let features = Csr::from_dense(context, &batch.features).map_err(kernel)?;
        Ok(SparseBatch { features, labels: batch.labels, weights: batch.weights })
    }
}

/// A place for decoded rows.
pub(super) struct SparseRows<'a, T> {
    layout: Layout,
    labels: &'a mut [T],
    weights: &'a mut [T],
    /// Where the elements of each row end.
    ends: &'a mut [usize],
    indices: &'a mut [i32],
    values: &'a mut [T],
    /// Elements of the rows before these.
    base: usize,
    rows_begun: usize,
    /// Elements so far; more than there is room for are counted, not kept.
    written: usize,
}

impl<'a, T: Copy> SparseRows<'a, T> {
    /// Labels and weight of the next row, whose elements are put next; none when there is no room for another row.
    pub(super) fn begin_row(&mut self) -> Option<[&'a mut [T]; 2]> {
        self.end_row();
        self.rows_begun += 1;
        if self.rows_begun > self.ends.len() {
            return None;
        }
        Some([take(&mut self.labels, self.layout.labels), take(&mut self.weights, usize::from(self.layout.weight))])
    }

    /// Adds an element to the row. Its column is one of the layout's.
    #[inline]
    pub(super) fn put(&mut self, column: usize, value: T) {
        if let (Some(index), Some(slot)) = (self.indices.get_mut(self.written), self.values.get_mut(self.written)) {
            (*index, *slot) = (column as i32, value);
        }
        self.written += 1;
    }

    /// Ends the last row. False when rows or elements were not as many as there is room for.
    pub(super) fn end(&mut self) -> bool {
        self.end_row();
        self.rows_begun == self.ends.len() && self.written == self.indices.len()
    }

    fn end_row(&mut self) {
        if let Some(last) = self.rows_begun.checked_sub(1)
            && let Some(end) = self.ends.get_mut(last)
        {
            *end = self.base + self.written;
        }
    }
}

/// The first `count` elements, which are left out of the slice.
fn take<'a, T>(slice: &mut &'a mut [T], count: usize) -> &'a mut [T] {
    let (head, tail) = std::mem::take(slice).split_at_mut(count);
    *slice = tail;
    head
}

/// Puts columns and values of a row in the columns' order.
///
/// # Errors
/// A column that is given twice or beyond the row's, as the end of a sentence.
pub(super) fn in_order<T>(elements: &mut [(usize, T)], columns: usize) -> Result<(), String> {
    if !elements.is_sorted_by(|a, b| a.0 < b.0) {
        elements.sort_by_key(|&(column, _)| column);
        if let Some(pair) = elements.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(format!("the key {} occurs twice", pair[0].0));
        }
    }
    match elements.last() {
        Some(&(column, _)) if column >= columns => Err(format!("key {column} is beyond the {columns} columns of a row")),
        _ => Ok(()),
    }
}

/// Something that holds rows written sparsely and can decode any piece of them.
pub(super) trait SparseTable: Sync {
    /// Decodes a piece into as many rows and elements as it has. `buffer` is room that may be used, with anything in it.
    fn decode_sparse<T: Number>(&self, piece: &Piece, buffer: &mut Excerpt, rows: SparseRows<'_, T>) -> Result<()>;
}

/// Decodes the pieces into a new matrix and tensors, in their order. `subject` is the channel, for errors.
pub(super) fn fill_sparse<T: Number>(
    context: &Context,
    subject: &str,
    table: &impl SparseTable,
    layout: Layout,
    pieces: &[Piece],
) -> Result<SparseBatch> {
    let count = pieces.iter().map(|piece| piece.rows).sum();
    let stored = pieces.iter().map(|piece| piece.items).sum();
    let zeros =
        |columns: usize| Tensor::zeros(context, &[count, columns], T::DTYPE).map_err(|error| allocation(subject, count, columns, error));
    let labels = zeros(layout.labels)?;
    let weights = zeros(usize::from(layout.weight))?;
    let mut builder = CsrBuilder::new(context, "read", count, layout.features, stored, T::DTYPE).map_err(kernel)?;
    {
        let (mut label_storage, mut weight_storage) = (labels.write("read").map_err(kernel)?, weights.write("read").map_err(kernel)?);
        let mut label_rest = &mut label_storage.elements::<T>()[..labels.element_count()];
        let mut weight_rest = &mut weight_storage.elements::<T>()[..weights.element_count()];
        let decode = |offsets: &mut [usize], mut indices: &mut [i32], mut values: &mut [T]| {
            let (mut ends, mut base) = (&mut offsets[1..], 0);
            let mut work = Vec::with_capacity(pieces.len());
            for piece in pieces {
                let rows = SparseRows {
                    layout,
                    labels: take(&mut label_rest, piece.rows * layout.labels),
                    weights: take(&mut weight_rest, piece.rows * usize::from(layout.weight)),
                    ends: take(&mut ends, piece.rows),
                    indices: take(&mut indices, piece.items),
                    values: take(&mut values, piece.items),
                    base,
                    rows_begun: 0,
                    written: 0,
                };
                base += piece.items;
                work.push((piece, rows));
            }
            let bytes = pieces.iter().map(|piece| piece.bytes).sum();
            each(context, bytes, work, |buffer, (piece, rows)| table.decode_sparse(piece, buffer, rows))
        };
        builder.fill(decode).map_err(kernel)??;
    }
    let features = builder.finish(context).map_err(kernel)?;
    Ok(SparseBatch { features, labels: (layout.labels > 0).then_some(labels), weights: layout.weight.then_some(weights) })
}
