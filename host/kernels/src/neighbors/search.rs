//! The search: bounds of all rows, a few candidates for each row of `x`, their exact distances.

use super::Metric;
use super::bound::RowTerms;
use super::candidates::{Candidate, Nearest};
use super::exact::{distance, measure, shown};
use super::look::{Below, Least, TwoLeast};
use super::panels::Panels;
use super::rows::squared_distances;
use super::tile::{ROWS, show};
use crate::context::{Charge, Context};
use crate::error::Result;
use crate::float::Float;
use crate::linalg::Matrix;
use crate::vectorized::vectorized;
use crate::workspace::Workspace;

/// Multiplications between two looks at the cancel token: less than a millisecond.
const STRETCH: usize = 1 << 25;
/// Most rows of `x` in one block: a whole number of tiles, which stay in the cache while panels pass.
const BLOCK: usize = 16 * ROWS;
/// Most candidates of the rows in one block together.
const CANDIDATES: usize = 1 << 16;
/// Candidates kept beyond k, so that the next bound seldom undercuts the k-th distance.
const SPARE: usize = 4;

/// The `k` nearest rows of `y` for rows of `x`.
pub(super) struct Search<'a, T> {
    context: &'a Context,
    operation: &'a str,
    pub(super) x: Matrix<'a, T>,
    y: Matrix<'a, T>,
    k: usize,
    metric: Metric,
    measured: Measured,
    panels: Panels<T>,
}

/// How the distances that are handed out are computed. Which rows are nearest does not depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measured {
    /// In float64, and rounded.
    Float64,
    /// In the dtype, from the differences: wrong by (d / 2 + 8) roundoffs at most. Squared Euclidean, k = 1; those of rows that were hard to
    /// settle are as above.
    Dtype,
}

/// What one thread needs for a block of rows of `x`.
pub(super) struct Scratch<T> {
    /// x', filled up to whole tiles.
    shifted: Workspace<T>,
    terms: Vec<RowTerms<T>>,
    /// For k = 1: see [`TwoLeast`].
    states: Workspace<T>,
    least: Vec<Least<T>>,
    /// For more.
    nearest: Vec<Nearest<T>>,
    limits: Vec<T>,
    /// Rows that need a second search, with a distance that the k-th nearest does not exceed.
    unsettled: Vec<(usize, f64)>,
    again: Vec<Nearest<T>>,
    /// x' of those that are searched for together.
    gathered: Workspace<T>,
    _charge: Charge,
}

impl<T: Float> Scratch<T> {
    pub(super) fn new(search: &Search<'_, T>) -> Result<Scratch<T>> {
        let (context, operation, d, rows) = (search.context, search.operation, search.x.cols, search.block());
        let (states, lists) = if search.k == 1 { (3 * rows * search.panels.width().lanes, 0) } else { (0, rows) };
        let list_bytes = |kept| size_of::<Nearest<T>>() + Nearest::<T>::room(kept) * size_of::<Candidate<T>>();
        let row_bytes = size_of::<RowTerms<T>>() + size_of::<Least<T>>() + size_of::<T>() + size_of::<(usize, f64)>();
        let bytes = rows * row_bytes + lists * list_bytes(search.kept()) + ROWS * list_bytes(search.k);
        Ok(Scratch {
            _charge: context.budget().charge(operation, bytes)?,
            shifted: Workspace::new(context, operation, rows * d)?,
            terms: Vec::with_capacity(rows),
            states: Workspace::new(context, operation, states)?,
            least: vec![Least { bound: T::ZERO, row: 0, second: T::ZERO }; rows],
            nearest: (0..lists).map(|_| Nearest::new(search.kept())).collect(),
            limits: Vec::with_capacity(rows),
            unsettled: Vec::with_capacity(rows),
            again: (0..ROWS).map(|_| Nearest::new(search.k)).collect(),
            gathered: Workspace::new(context, operation, ROWS * d)?,
        })
    }
}

impl<'a, T: Float> Search<'a, T> {
    /// Makes `y` ready. Both are row-major, `y` with at least `k` rows.
    pub(super) fn new(
        context: &'a Context,
        operation: &'a str,
        (x, y): (Matrix<'a, T>, Matrix<'a, T>),
        k: usize,
        (metric, measured): (Metric, Measured),
    ) -> Result<Search<'a, T>> {
        Ok(Search { context, operation, x, y, k, metric, measured, panels: Panels::new(context, operation, y, metric)? })
    }

    /// Rows of `x` to search for at once, by shapes alone: a whole number of tiles.
    pub(super) fn block(&self) -> usize {
        let most = if self.k == 1 { BLOCK } else { (CANDIDATES / Nearest::<T>::room(self.kept())).min(2 * BLOCK) };
        self.x.rows.div_ceil(32).min(most).next_multiple_of(ROWS).max(ROWS)
    }

    /// Candidates kept for each row.
    fn kept(&self) -> usize {
        self.k + SPARE
    }

    /// Searches for the rows of `x` from `start` on, as many as the outputs have room for: at most a block.
    pub(super) fn rows(&self, start: usize, scratch: &mut Scratch<T>, indices: &mut [i32], distances: &mut [T]) -> Result<()> {
        let rows = indices.len() / self.k;
        self.shift(start, rows, scratch);
        scratch.unsettled.clear();
        if self.k == 1 {
            self.one(start, scratch, indices, distances)?;
        } else {
            self.several(start, scratch, indices, distances)?;
        }
        for first in (0..scratch.unsettled.len()).step_by(ROWS) {
            self.search_again(start, first, scratch, indices, distances)?;
        }
        Ok(())
    }

    fn row(&self, row: usize) -> &'a [T] {
        &self.x.elements[row * self.x.cols..][..self.x.cols]
    }

    fn shift(&self, start: usize, rows: usize, scratch: &mut Scratch<T>) {
        let d = self.x.cols;
        scratch.terms.clear();
        if d == 0 {
            scratch.terms.resize(rows, RowTerms::NOBODY);
        } else {
            let x = &self.x.elements[start * d..][..rows * d];
            self.panels.shift.terms_of(&mut scratch.shifted[..rows * d], x, &mut scratch.terms);
        }
        let whole = rows.next_multiple_of(ROWS);
        scratch.shifted[rows * d..whole * d].fill(T::ZERO);
        scratch.terms.resize(whole, RowTerms::NOBODY);
    }

    /// Calls `work` with a range of panels after the other.
    fn in_stretches(&self, rows: usize, mut work: impl FnMut((usize, usize))) -> Result<()> {
        let product = rows.saturating_mul(self.panels.panel_rows()).saturating_mul(self.x.cols.max(1));
        let (count, step) = (self.panels.count(), (STRETCH / product).max(1));
        for from in (0..count).step_by(step) {
            self.context.check(self.operation)?;
            work((from, count.min(from + step)));
        }
        Ok(())
    }

    /// The nearest row, where the two least bounds decide which it is.
    fn one(&self, start: usize, scratch: &mut Scratch<T>, indices: &mut [i32], distances: &mut [T]) -> Result<()> {
        let (d, width, rows) = (self.x.cols, self.panels.width(), scratch.terms.len());
        let mut seen = TwoLeast { width, states: &mut scratch.states[..3 * rows * width.lanes] };
        seen.clear();
        self.in_stretches(rows, |range| show(&scratch.shifted[..rows * d], &scratch.terms, &self.panels, range, &mut seen))?;
        seen.merge(&mut scratch.least);
        self.measure_least(start, scratch, distances);
        let (slack, tiny) = if self.measured == Measured::Dtype { (self.panels.shift.slack, d as f64 * T::LEAST) } else { (0.0, 0.0) };
        for (row, (index, to)) in indices.iter_mut().zip(distances).enumerate() {
            let (least, terms) = (scratch.least[row], scratch.terms[row]);
            *index = least.row as i32;
            let most = to.to_f64() * (1.0 + slack) + tiny;
            if !(most < least.second.to_f64() + terms.offset && least.bound > -T::INFINITY && !terms.wild) {
                scratch.unsettled.push((row, if terms.wild { f64::NAN } else { most }));
            }
            *to = shown(*to, self.metric);
        }
        Ok(())
    }

    /// The distance of each row from the one with the least bound.
    fn measure_least(&self, start: usize, scratch: &Scratch<T>, distances: &mut [T]) {
        let (d, rows) = (self.x.cols, distances.len());
        let x = &self.x.elements[start * d..][..rows * d];
        if self.measured == Measured::Dtype && d > 0 {
            squared_distances(x, self.y.elements, d, |row| scratch.least[row].row as usize, |row, distance| distances[row] = distance);
            return;
        }
        vectorized(
            #[inline(always)]
            || {
                for (row, to) in distances.iter_mut().enumerate() {
                    let y = &self.y.elements[scratch.least[row].row as usize * d..][..d];
                    *to = distance(&x[row * d..][..d], y, self.metric);
                }
            },
        );
    }

    /// The `k` nearest rows, where the distances of a few more candidates leave no bound below the k-th.
    fn several(&self, start: usize, scratch: &mut Scratch<T>, indices: &mut [i32], distances: &mut [T]) -> Result<()> {
        let (d, rows, kept) = (self.x.cols, scratch.terms.len(), self.kept());
        let Scratch { nearest, limits, .. } = scratch;
        nearest.iter_mut().for_each(Nearest::clear);
        limits.clear();
        limits.resize(indices.len() / self.k, T::from_f64(f64::NAN));
        let take = |row: usize, first: usize, bounds: &[T]| {
            nearest[row].offer(bounds, first);
            if nearest[row].candidates.len() < kept { T::from_f64(f64::NAN) } else { nearest[row].limit }
        };
        let mut below = Below { limits, take };
        self.in_stretches(rows, |range| show(&scratch.shifted[..rows * d], &scratch.terms, &self.panels, range, &mut below))?;
        for (row, (indices, distances)) in indices.chunks_exact_mut(self.k).zip(distances.chunks_exact_mut(self.k)).enumerate() {
            let (nearest, terms) = (&mut scratch.nearest[row], scratch.terms[row]);
            nearest.keep_best();
            let dropped = nearest.limit.to_f64() + terms.offset;
            let measured = nearest.candidates.len();
            measure(self.row(start + row), self.y, &mut nearest.candidates, self.metric);
            nearest.candidates.sort_unstable_by(Candidate::order);
            nearest.candidates.truncate(self.k);
            let limit = nearest.candidates.last().map_or(f64::NAN, |worst| worst.distance.to_f64());
            if measured == self.y.rows || limit < dropped && !terms.wild {
                self.put(nearest, indices, distances);
            } else {
                scratch.unsettled.push((row, if terms.wild { f64::NAN } else { limit }));
            }
        }
        Ok(())
    }

    /// Measures, for unsettled rows from the `first` on, every row of `y` whose bound does not exclude it.
    fn search_again(&self, start: usize, first: usize, scratch: &mut Scratch<T>, indices: &mut [i32], distances: &mut [T]) -> Result<()> {
        let d = self.x.cols;
        let unsettled = &scratch.unsettled[first..scratch.unsettled.len().min(first + ROWS)];
        let mut terms = [RowTerms::NOBODY; ROWS];
        let mut limits = [T::ZERO; ROWS];
        for (i, &(row, limit)) in unsettled.iter().enumerate() {
            scratch.gathered[i * d..][..d].copy_from_slice(&scratch.shifted[row * d..][..d]);
            terms[i] = scratch.terms[row];
            limits[i] = bound_of(limit, terms[i]);
            scratch.again[i].clear();
        }
        let again = &mut scratch.again;
        let take = |i: usize, first: usize, bounds: &[T]| {
            let (row, limit) = unsettled[i];
            for (at, bound) in bounds.iter().enumerate() {
                if limit.is_nan() || bound.to_f64() + terms[i].offset <= limit {
                    let mut candidate = [Candidate { distance: T::ZERO, row: (first + at) as u32 }];
                    measure(self.row(start + row), self.y, &mut candidate, self.metric);
                    again[i].push(candidate[0]);
                }
            }
            bound_of(limit, terms[i])
        };
        let mut below = Below { limits: &mut limits[..unsettled.len()], take };
        self.in_stretches(ROWS, |range| show(&scratch.gathered[..ROWS * d], &terms, &self.panels, range, &mut below))?;
        for (&(row, _), nearest) in unsettled.iter().zip(again) {
            nearest.keep_best();
            let place = row * self.k..(row + 1) * self.k;
            self.put(nearest, &mut indices[place.clone()], &mut distances[place]);
        }
        Ok(())
    }

    fn put(&self, nearest: &Nearest<T>, indices: &mut [i32], distances: &mut [T]) {
        for (candidate, (index, distance)) in nearest.candidates.iter().zip(indices.iter_mut().zip(distances)) {
            *index = candidate.row as i32;
            *distance = shown(candidate.distance, self.metric);
        }
    }
}

/// What no bound of a row at this distance exceeds, also after rounding; NaN for no limit.
fn bound_of<T: Float>(distance: f64, terms: RowTerms<T>) -> T {
    let bound = distance - terms.offset;
    T::from_f64(bound + 4.0 * T::ROUNDOFF * bound.abs() + T::LEAST)
}
