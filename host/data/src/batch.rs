//! Rows of a table in three tensors, and how they are filled by several threads.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use algohost_kernels::{Context, DType, Element, Tensor};
use anyhow::Result;

use super::fault::{allocation, kernel};
use super::files::Excerpt;

/// Bytes of input from which on the pool is worth the hop (about 10 µs, against some 100 µs of decoding).
const PARALLEL_FROM: usize = 128 << 10;

/// Rows of a channel.
#[derive(Clone, Debug)]
pub struct Batch {
    /// rows × columns
    pub features: Tensor,
    /// rows × targets; none when the channel has no labels.
    pub labels: Option<Tensor>,
    /// rows × 1; none when the channel has no weights.
    pub weights: Option<Tensor>,
}

/// An element type that tables are decoded to.
pub(super) trait Number: Element + fast_float2::FastFloat {
    /// Its dtype.
    const DTYPE: DType;
    /// What an empty cell becomes.
    const MISSING: Self;

    /// The number nearest to `integer` (of up to eight digits, or seven where there is a fraction), negative where `sign` is 1, with
    /// `fraction` (up to 7) of its digits behind the point.
    fn of_decimal(integer: f64, sign: usize, fraction: usize) -> Self;
}

/// Powers of ten and their reciprocals, and the negatives of them.
const POWERS: [[f64; 8]; 2] = [[1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7], [-1e0, -1e1, -1e2, -1e3, -1e4, -1e5, -1e6, -1e7]];
const RECIPROCALS: [[f64; 8]; 2] =
    [[1e0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7], [-1e0, -1e-1, -1e-2, -1e-3, -1e-4, -1e-5, -1e-6, -1e-7]];

impl Number for f32 {
    const DTYPE: DType = DType::Float32;
    const MISSING: f32 = f32::NAN;

    /// The product is off by 2⁻⁵² of itself at most. A fraction of seven digits is no middle between two float32 (those have 25 binary
    /// digits, and an odd one in the last place), and farther than 2⁻⁴⁹ of itself from every one, so that the rounding to float32 does not
    /// see it. A division would take the longest of all that is done for a number.
    #[inline(always)]
    fn of_decimal(integer: f64, sign: usize, fraction: usize) -> f32 {
        (integer * RECIPROCALS[sign][fraction]) as f32
    }
}

impl Number for f64 {
    const DTYPE: DType = DType::Float64;
    const MISSING: f64 = f64::NAN;

    #[inline(always)]
    fn of_decimal(integer: f64, sign: usize, fraction: usize) -> f64 {
        integer / POWERS[sign][fraction]
    }
}

/// What the cells of a row are, in their order: labels, a weight, features.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) labels: usize,
    pub(super) weight: bool,
    pub(super) features: usize,
}

impl Layout {
    /// Rows that are features only.
    pub(super) fn features(columns: usize) -> Layout {
        Layout { labels: 0, weight: false, features: columns }
    }
}

/// A place for decoded rows.
pub(super) struct Rows<'a, T> {
    layout: Layout,
    count: usize,
    labels: &'a mut [T],
    weights: &'a mut [T],
    features: &'a mut [T],
}

impl<'a, T> Rows<'a, T> {
    pub(super) fn layout(&self) -> Layout {
        self.layout
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The cells of a row, in their order: labels, weight, features.
    #[inline]
    pub(super) fn row(&mut self, row: usize) -> [&mut [T]; 3] {
        let Layout { labels, weight, features } = self.layout;
        let weight = usize::from(weight);
        [
            &mut self.labels[row * labels..][..labels],
            &mut self.weights[row * weight..][..weight],
            &mut self.features[row * features..][..features],
        ]
    }

    /// All rows' features one after the other, when the rows are nothing else.
    pub(super) fn only_features(&mut self) -> Option<&mut [T]> {
        (self.layout == Layout::features(self.layout.features)).then_some(&mut *self.features)
    }

    /// As many rows as there is room for in so many cells: all labels first, then all weights, then the features.
    pub(super) fn in_cells(layout: Layout, cells: &'a mut [T]) -> Rows<'a, T> {
        let Layout { labels, weight, features } = layout;
        let count = cells.len() / (labels + usize::from(weight) + features).max(1);
        let (labels, cells) = cells.split_at_mut(count * labels);
        let (weights, cells) = cells.split_at_mut(count * usize::from(weight));
        Rows { layout, count, labels, weights, features: &mut cells[..count * features] }
    }

    /// Rows of so many columns, one after the other.
    pub(super) fn of(features: &'a mut [T], columns: usize) -> Rows<'a, T> {
        let count = features.len() / columns.max(1);
        Rows { layout: Layout::features(columns), count, labels: &mut [], weights: &mut [], features }
    }

    /// The labels and the weights of the rows as rows of their own, where they are wanted so, and what is left.
    pub(super) fn apart(self, labels: bool, weights: bool) -> [Rows<'a, T>; 3] {
        let Rows { layout, count, labels: mut other_labels, weights: mut other_weights, features } = self;
        let mut left = layout;
        let (mut own_labels, mut own_weights) = (Rows::of(&mut [], 0), Rows::of(&mut [], 0));
        if labels {
            own_labels = Rows { count, ..Rows::of(std::mem::take(&mut other_labels), layout.labels) };
            left.labels = 0;
        }
        if weights {
            own_weights = Rows { count, ..Rows::of(std::mem::take(&mut other_weights), usize::from(layout.weight)) };
            left.weight = false;
        }
        [own_labels, own_weights, Rows { layout: left, count, labels: other_labels, weights: other_weights, features }]
    }

    /// Writes the first rows of others, as many as these are.
    pub(super) fn copy_from(&mut self, others: &Rows<'_, T>)
    where
        T: Copy,
    {
        for (own, other) in
            [(&mut *self.labels, &*others.labels), (&mut *self.weights, &*others.weights), (&mut *self.features, &*others.features)]
        {
            own.copy_from_slice(&other[..own.len()]);
        }
    }

    /// The first `count` rows and the others.
    pub(super) fn split_at(self, count: usize) -> (Rows<'a, T>, Rows<'a, T>) {
        let layout = self.layout;
        let (labels, more_labels) = self.labels.split_at_mut(count * layout.labels);
        let (weights, more_weights) = self.weights.split_at_mut(count * usize::from(layout.weight));
        let (features, more_features) = self.features.split_at_mut(count * layout.features);
        let rest = Rows { layout, count: self.count - count, labels: more_labels, weights: more_weights, features: more_features };
        (Rows { layout, count, labels, weights, features }, rest)
    }
}

/// Some rows of one input.
#[derive(Clone, Debug, Default)]
pub(super) struct Piece {
    /// Which input.
    pub(super) file: usize,
    /// Where it begins, in the unit of the format: a byte, or a row.
    pub(super) offset: u64,
    /// Its length.
    pub(super) bytes: usize,
    pub(super) rows: usize,
    /// Number of elements written in them, where the format writes only some.
    pub(super) items: usize,
    /// Its bytes, where they are still at hand.
    pub(super) text: Option<Excerpt>,
}

/// Something that holds rows and can decode any piece of them.
pub(super) trait Table: Sync {
    /// Decodes a piece into as many rows as it has, and writes every element of them. `buffer` is room that may be used. Both come with
    /// anything in them.
    fn decode<T: Number>(&self, piece: &Piece, buffer: &mut Excerpt, rows: Rows<'_, T>) -> Result<()>;
}

impl Batch {
    /// New tensors for `count` rows, with anything in them. `subject` is the channel or the request, for errors.
    pub(super) fn unfilled<T: Number>(context: &Context, subject: &str, layout: Layout, count: usize) -> Result<Batch> {
        // To clear what is written all over would take one thread a tenth of the time that all take to read.
        let unfilled = |columns: usize| {
            Tensor::unfilled(context, &[count, columns], T::DTYPE).map_err(|error| allocation(subject, count, columns, error))
        };
        Ok(Batch {
            features: unfilled(layout.features)?,
            labels: if layout.labels > 0 { Some(unfilled(layout.labels)?) } else { None },
            weights: if layout.weight { Some(unfilled(1)?) } else { None },
        })
    }

    /// Lets `write` write the rows of new tensors.
    pub(super) fn write<T: Number, R>(&self, layout: Layout, write: impl FnOnce(Rows<'_, T>) -> Result<R>) -> Result<R> {
        let tensors = [Some(&self.features), self.labels.as_ref(), self.weights.as_ref()];
        let mut guards = tensors.map(|tensor| tensor.map(|tensor| tensor.write("read")));
        let mut slices = guards.iter_mut().map(|guard| match guard {
            Some(Ok(storage)) => Ok(storage.elements::<T>()),
            Some(Err(error)) => Err(kernel(error.clone())),
            None => Ok(<&mut [T]>::default()),
        });
        let mut next = || slices.next().unwrap_or_else(|| Ok(<&mut [T]>::default()));
        write(Rows { layout, count: self.features.shape()[0], features: next()?, labels: next()?, weights: next()? })
    }

    /// A view of the rows from `start` to `end`.
    pub(super) fn part(&self, start: usize, end: usize) -> Result<Batch> {
        let of = |tensor: &Tensor| tensor.slice(0, start..end).map_err(kernel);
        Ok(Batch {
            features: of(&self.features)?,
            labels: self.labels.as_ref().map(of).transpose()?,
            weights: self.weights.as_ref().map(of).transpose()?,
        })
    }
}

/// Decodes the pieces into new tensors, in their order. `subject` is the channel or the request, for errors.
pub(super) fn fill<T: Number>(context: &Context, subject: &str, table: &impl Table, layout: Layout, pieces: &[Piece]) -> Result<Batch> {
    let batch = Batch::unfilled::<T>(context, subject, layout, pieces.iter().map(|piece| piece.rows).sum())?;
    batch.write(layout, |mut rest: Rows<'_, T>| {
        let mut work = Vec::with_capacity(pieces.len());
        for piece in pieces {
            let (rows, others) = rest.split_at(piece.rows);
            work.push((piece, rows));
            rest = others;
        }
        let bytes = pieces.iter().map(|piece| piece.bytes).sum();
        each(context, bytes, work, |buffer, (piece, rows)| table.decode(piece, buffer, rows))
    })?;
    Ok(batch)
}

/// Does `work` on each item and answers the results in the items' order, or the first error in that order. `bytes` is the size of the
/// whole task: a small one stays on this thread. The threads take the items in their order, so that files are read from front to back.
/// `work` is given room, such as a buffer, to use again.
pub(super) fn each<B: Default, I: Send, R: Send>(
    context: &Context,
    bytes: usize,
    items: Vec<I>,
    work: impl Fn(&mut B, I) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    if items.len() < 2 || bytes < PARALLEL_FROM || context.threads() < 2 {
        let mut room = B::default();
        let one = |item| {
            context.check("read").map_err(kernel)?;
            work(&mut room, item)
        };
        return items.into_iter().map(one).collect();
    }
    // Items after one that failed are left out; those before it are done, because they could fail too and would be the first.
    let failed = AtomicUsize::new(usize::MAX);
    let (items, results) = (Mutex::new(items.into_iter().enumerate()), Mutex::new(Vec::new()));
    context.on_all_threads(&|| {
        let (mut room, mut own) = (B::default(), Vec::new());
        loop {
            let next = items.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((index, item)) = next else { break };
            if index > failed.load(Ordering::Relaxed) {
                continue;
            }
            let result = context.check("read").map_err(kernel).and_then(|()| work(&mut room, item));
            if result.is_err() {
                failed.fetch_min(index, Ordering::Relaxed);
            }
            own.push((index, result));
        }
        results.lock().unwrap_or_else(PoisonError::into_inner).append(&mut own);
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_unstable_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}
