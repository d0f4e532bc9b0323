//! The search: tiles of bounds, a few candidates for each row, their exact distances.

use rayon::prelude::*;

use super::Metric;
use super::bound::{Prepared, RowTerms, TILE};
use super::candidates::{Candidate, Nearest};
use super::direct;
use super::exact::{measure, shown};
use crate::context::{Charge, Context};
use crate::error::Result;
use crate::float::Float;
use crate::linalg::{Matrix, MatrixMut, serial};
use crate::tensor::Tensor;
use crate::vectorized::vectorized;
use crate::workspace::Workspace;

/// Below so many multiplications the hop to the pool costs more than it brings.
const PARALLEL: usize = 1 << 18;
/// For fewer rows making `y` ready costs more than it brings.
const FEW: usize = 8;
/// Most rows of `x` in one tile.
const ROWS: usize = 256;
/// Most candidates of the rows in one tile together.
const CANDIDATES: usize = 1 << 16;
/// Candidates kept beyond k, so that the next bound seldom undercuts the k-th distance.
const SPARE: usize = 4;

/// Fills `out`, the n x k indices and distances. `x` and `y` are row-major.
pub(super) fn search<T: Float>(
    context: &Context,
    operation: &str,
    (x, y): (&Tensor, &Tensor),
    k: usize,
    metric: Metric,
    (indices, distances): (&Tensor, &Tensor),
) -> Result<()> {
    let (n, m, d) = (x.shape()[0], y.shape()[0], x.shape()[1]);
    let (x_storage, y_storage) = (x.read(operation)?, y.read(operation)?);
    let x = Matrix::row_major(&x_storage.elements::<T>()[x.offset()..], n, d);
    let y = Matrix::row_major(&y_storage.elements::<T>()[y.offset()..], m, d);
    let (mut indices, mut distances) = (indices.write(operation)?, distances.write(operation)?);
    let indices = &mut indices.elements::<i32>()[..n * k];
    let distances = &mut distances.elements::<T>()[..n * k];
    if n < FEW {
        return direct::search(context, operation, (x, y), k, metric, (indices, distances));
    }
    let task = Search { context, operation, x, y, k, metric, prepared: Prepared::new(context, operation, y, metric)? };
    let rows = (CANDIDATES / task.room()).min(n.div_ceil(32)).clamp(1, ROWS);
    let tiles = |tile: usize, scratch: &mut Result<Scratch<T>>, indices: &mut [i32], distances: &mut [T]| {
        let scratch = scratch.as_mut().map_err(|error| error.clone())?;
        task.rows(tile * rows, scratch, indices, distances)
    };
    let scratch = || Scratch::new(&task, rows);
    if n.saturating_mul(m).saturating_mul(d) < PARALLEL {
        let mut scratch = scratch();
        let parts = indices.chunks_mut(rows * k).zip(distances.chunks_mut(rows * k)).enumerate();
        return parts.into_iter().try_for_each(|(tile, (indices, distances))| tiles(tile, &mut scratch, indices, distances));
    }
    let parts = indices.par_chunks_mut(rows * k).zip(distances.par_chunks_mut(rows * k)).enumerate();
    context.in_pool(|| parts.try_for_each_init(scratch, |scratch, (tile, (indices, distances))| tiles(tile, scratch, indices, distances)))
}

struct Search<'a, T> {
    context: &'a Context,
    operation: &'a str,
    x: Matrix<'a, T>,
    y: Matrix<'a, T>,
    k: usize,
    metric: Metric,
    prepared: Prepared<T>,
}

/// What one thread needs for a tile of rows of `x`.
struct Scratch<T> {
    shifted: Workspace<T>,
    bounds: Workspace<T>,
    terms: Vec<RowTerms<T>>,
    nearest: Vec<Nearest<T>>,
    again: Nearest<T>,
    _charge: Charge,
}

impl<T: Float> Scratch<T> {
    fn new(search: &Search<'_, T>, rows: usize) -> Result<Scratch<T>> {
        let (context, operation, room) = (search.context, search.operation, search.room());
        let row_bytes = size_of::<RowTerms<T>>() + size_of::<Nearest<T>>() + room * size_of::<Candidate<T>>();
        Ok(Scratch {
            _charge: context.budget().charge(operation, (rows + 1) * row_bytes)?,
            shifted: Workspace::new(context, operation, rows * search.x.cols)?,
            bounds: Workspace::new(context, operation, rows * TILE.min(search.y.rows))?,
            terms: Vec::with_capacity(rows),
            nearest: (0..rows).map(|_| Nearest::new(search.kept())).collect(),
            again: Nearest::new(search.k),
        })
    }
}

impl<T: Float> Search<'_, T> {
    /// Candidates kept for each row.
    fn kept(&self) -> usize {
        if self.k == 1 { 1 } else { self.k + SPARE }
    }

    /// Candidates held before the worse half is dropped.
    fn room(&self) -> usize {
        Nearest::<T>::room(self.kept())
    }

    /// Searches for the rows of `x` from `start` on, as many as the outputs have room for.
    fn rows(&self, start: usize, scratch: &mut Scratch<T>, indices: &mut [i32], distances: &mut [T]) -> Result<()> {
        let (d, rows) = (self.x.cols, indices.len() / self.k);
        let x = |row: usize| &self.x.elements[(start + row) * d..][..d];
        scratch.terms.clear();
        for row in 0..rows {
            scratch.terms.push(self.prepared.terms_of(&mut scratch.shifted[row * d..][..d], x(row)));
            scratch.nearest[row].clear();
        }
        for tile in 0..self.prepared.tile_count() {
            self.context.check(self.operation)?;
            let count = self.bounds(tile, &scratch.shifted[..rows * d], rows, &mut scratch.bounds);
            let terms = self.prepared.tile(tile).1;
            vectorized(
                #[inline(always)]
                || {
                    for (row, bounds) in scratch.bounds.chunks_exact_mut(count).take(rows).enumerate() {
                        let nearest = &mut scratch.nearest[row];
                        turn_into_bounds(bounds, terms, scratch.terms[row]);
                        if self.k == 1 { nearest.offer_least(bounds, tile * TILE) } else { nearest.offer(bounds, tile * TILE) }
                    }
                },
            );
        }
        for row in 0..rows {
            self.settle(row, x(row), scratch)?;
            for (place, candidate) in scratch.nearest[row].candidates.iter().enumerate() {
                indices[row * self.k + place] = candidate.row as i32;
                distances[row * self.k + place] = shown(candidate.distance, self.metric);
            }
        }
        Ok(())
    }

    /// The products of shifted rows of `x` with a tile of `y`; returns the tile's width.
    fn bounds(&self, tile: usize, shifted: &[T], rows: usize, products: &mut [T]) -> usize {
        let (columns, terms) = self.prepared.tile(tile);
        let products = &mut products[..rows * terms.len()];
        if shifted.is_empty() {
            products.fill(T::ZERO);
        } else {
            let shifted = Matrix::row_major(shifted, rows, columns.rows);
            serial(&mut MatrixMut::row_major(products, rows, terms.len()), shifted, columns, (T::ONE, T::ZERO));
        }
        terms.len()
    }

    /// Leaves the row's k nearest by exact distance in `scratch.nearest`.
    fn settle(&self, row: usize, x: &[T], scratch: &mut Scratch<T>) -> Result<()> {
        let (nearest, terms) = (&mut scratch.nearest[row], scratch.terms[row]);
        if terms.suspect && x.iter().any(|value| value.to_f64().is_nan()) {
            // Every distance is NaN.
            nearest.candidates.clear();
            nearest.candidates.extend((0..self.k as u32).map(|row| Candidate { distance: T::from_f64(f64::NAN), row }));
            return Ok(());
        }
        nearest.keep_best();
        let dropped = nearest.limit.to_f64() + terms.offset;
        let measured = nearest.candidates.len();
        measure(x, self.y, &mut nearest.candidates, self.metric);
        nearest.candidates.sort_unstable_by(Candidate::order);
        nearest.candidates.truncate(self.k);
        let limit = nearest.candidates.last().map_or(f64::NAN, |worst| worst.distance.to_f64());
        if measured == self.y.rows || limit < dropped { Ok(()) } else { self.search_again(row, x, limit, scratch) }
    }

    /// Measures every row of `y` whose bound does not exclude it.
    fn search_again(&self, row: usize, x: &[T], limit: f64, scratch: &mut Scratch<T>) -> Result<()> {
        let d = self.x.cols;
        let terms_of_x = scratch.terms[row];
        scratch.again.clear();
        for tile in 0..self.prepared.tile_count() {
            self.context.check(self.operation)?;
            let count = self.bounds(tile, &scratch.shifted[row * d..][..d], 1, &mut scratch.bounds);
            let bounds = &mut scratch.bounds[..count];
            turn_into_bounds(bounds, self.prepared.tile(tile).1, terms_of_x);
            for (i, bound) in bounds.iter().enumerate() {
                if bound.to_f64() + terms_of_x.offset > limit {
                    continue;
                }
                let mut candidate = [Candidate { distance: T::ZERO, row: (tile * TILE + i) as u32 }];
                measure(x, self.y, &mut candidate, self.metric);
                scratch.again.push(candidate[0]);
            }
        }
        scratch.again.keep_best();
        std::mem::swap(&mut scratch.again.candidates, &mut scratch.nearest[row].candidates);
        Ok(())
    }
}

/// Products into bounds, without the row's offset. What is NaN says nothing, so it bounds nothing.
#[inline(always)]
fn turn_into_bounds<T: Float>(bounds: &mut [T], terms: &[T], row: RowTerms<T>) {
    for (bound, &term) in bounds.iter_mut().zip(terms) {
        let value = row.factor * term - row.scale * *bound;
        *bound = if value > -T::INFINITY { value } else { -T::INFINITY };
    }
}
