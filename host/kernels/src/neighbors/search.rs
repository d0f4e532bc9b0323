//! The search: tiles of bounds, a few candidates for each row, their exact distances.

use std::cmp::Ordering;

use rayon::prelude::*;

use super::Metric;
use super::bound::{Prepared, RowTerms, TILE};
use super::exact::{distance, shown};
use crate::context::{Charge, Context};
use crate::error::Result;
use crate::float::Float;
use crate::linalg::{Matrix, MatrixMut, serial};
use crate::tensor::Tensor;
use crate::vectorized::vectorized;
use crate::workspace::Workspace;

/// Below so many multiplications the hop to the pool costs more than it brings.
const PARALLEL: usize = 1 << 18;
/// Most rows of `x` in one tile.
const ROWS: usize = 256;
/// Most candidates of the rows in one tile together.
const CANDIDATES: usize = 1 << 16;
/// Candidates kept beyond k, so that the next bound seldom undercuts the k-th distance.
const SPARE: usize = 4;
/// Bounds looked at together.
const BLOCK: usize = 16;

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
            nearest: (0..rows).map(|_| Nearest::new(search.kept(), room)).collect(),
            again: Nearest::new(search.k, room),
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
        2 * self.kept() + BLOCK
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
        let (nearest, offset) = (&mut scratch.nearest[row], scratch.terms[row].offset);
        if x.iter().any(|value| value.to_f64().is_nan()) {
            // Every distance is NaN.
            nearest.candidates.clear();
            nearest.candidates.extend((0..self.k as u32).map(|row| Candidate { distance: T::from_f64(f64::NAN), row }));
            return Ok(());
        }
        nearest.keep_best();
        let dropped = nearest.limit.to_f64() + offset;
        let measured = nearest.candidates.len();
        self.measure(x, &mut nearest.candidates);
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
                self.measure(x, &mut candidate);
                scratch.again.push(candidate[0]);
            }
        }
        scratch.again.keep_best();
        std::mem::swap(&mut scratch.again.candidates, &mut scratch.nearest[row].candidates);
        Ok(())
    }

    fn measure(&self, x: &[T], candidates: &mut [Candidate<T>]) {
        let d = self.x.cols;
        vectorized(
            #[inline(always)]
            || {
                for candidate in candidates.iter_mut() {
                    candidate.distance = distance(x, &self.y.elements[candidate.row as usize * d..][..d], self.metric);
                }
            },
        );
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

/// A row of `y` and its distance, or a bound of it.
#[derive(Clone, Copy)]
struct Candidate<T> {
    distance: T,
    row: u32,
}

impl<T: Float> Candidate<T> {
    /// By distance, NaN last, then by position.
    fn order(&self, other: &Candidate<T>) -> Ordering {
        let (a, b) = (self.distance.to_f64(), other.distance.to_f64());
        a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan())).then(self.row.cmp(&other.row))
    }
}

/// The least of what was offered, up to `kept`.
struct Nearest<T> {
    candidates: Vec<Candidate<T>>,
    kept: usize,
    /// No bound that was dropped is below it.
    limit: T,
}

impl<T: Float> Nearest<T> {
    fn new(kept: usize, room: usize) -> Nearest<T> {
        Nearest { candidates: Vec::with_capacity(room), kept, limit: T::INFINITY }
    }

    fn clear(&mut self) {
        self.candidates.clear();
        self.limit = T::INFINITY;
    }

    /// Adds a candidate. With room for twice as many as are kept, dropping the rest costs little for each.
    fn push(&mut self, candidate: Candidate<T>) {
        self.candidates.push(candidate);
        if self.candidates.len() >= 2 * self.kept + BLOCK {
            self.drop_rest();
        }
    }

    fn drop_rest(&mut self) {
        if self.candidates.len() > self.kept {
            self.candidates.select_nth_unstable_by(self.kept - 1, Candidate::order);
            self.candidates.truncate(self.kept);
            self.limit = self.candidates[self.kept - 1].distance;
        }
    }

    fn keep_best(&mut self) {
        self.drop_rest();
        self.candidates.sort_unstable_by(Candidate::order);
    }

    /// Takes what may be among the kept from the bounds of rows `first..`.
    #[inline(always)]
    fn offer(&mut self, bounds: &[T], first: usize) {
        for (block, bounds) in bounds.chunks(BLOCK).enumerate() {
            if self.candidates.len() >= self.kept && !bounds.iter().fold(false, |any, &bound| any | (bound < self.limit)) {
                continue;
            }
            for (i, &distance) in bounds.iter().enumerate() {
                if self.candidates.len() < self.kept || distance < self.limit {
                    self.push(Candidate { distance, row: (first + block * BLOCK + i) as u32 });
                }
            }
        }
    }

    /// Takes the least of the bounds of rows `first..`, where only one is wanted.
    #[inline(always)]
    fn offer_least(&mut self, bounds: &[T], first: usize) {
        let (least, at, second) = two_least(bounds);
        let Some(best) = self.candidates.first_mut() else {
            self.candidates.push(Candidate { distance: least, row: (first + at) as u32 });
            self.limit = second;
            return;
        };
        if least < best.distance {
            self.limit = if second < best.distance { second } else { best.distance };
            *best = Candidate { distance: least, row: (first + at) as u32 };
        } else if least < self.limit {
            self.limit = least;
        }
    }
}

/// The least of at least one value, where it is first, and the least of the others.
#[inline(always)]
fn two_least<T: Float>(values: &[T]) -> (T, usize, T) {
    let (mut least, mut second) = ([T::INFINITY; BLOCK], [T::INFINITY; BLOCK]);
    let mut block_of = [0_u32; BLOCK];
    let (blocks, rest) = values.as_chunks::<BLOCK>();
    for (block, values) in blocks.iter().enumerate() {
        for lane in 0..BLOCK {
            let (value, before) = (values[lane], least[lane]);
            let other = if value < before { before } else { value };
            second[lane] = if other < second[lane] { other } else { second[lane] };
            block_of[lane] = if value < before { block as u32 } else { block_of[lane] };
            least[lane] = if value < before { value } else { before };
        }
    }
    let mut best = (T::INFINITY, usize::MAX, T::INFINITY);
    let lanes = (0..BLOCK.min(values.len())).map(|lane| (least[lane], block_of[lane] as usize * BLOCK + lane, second[lane]));
    let rest = rest.iter().enumerate().map(|(i, &value)| (value, blocks.len() * BLOCK + i, T::INFINITY));
    for (value, at, second) in lanes.chain(rest) {
        if value < best.0 || value == best.0 && at < best.1 {
            best = (value, at, if best.0 < second { best.0 } else { second });
        } else if value < best.2 {
            best.2 = value;
        }
    }
    best
}
