//! The search for few rows: every distance exactly, shares of `y` in parallel.

use super::Metric;
use super::candidates::{Candidate, Nearest};
use super::exact::{measure, shown};
use crate::context::Context;
use crate::error::Result;
use crate::float::Float;
use crate::linalg::Matrix;

/// Below so many elements the hop to the pool costs more than it brings.
const PARALLEL: usize = 1 << 18;
/// Rows of `y` in one share.
const SHARE: usize = 1 << 12;
/// Rows measured together.
const TOGETHER: usize = 64;

/// Fills the n x k indices and distances.
pub(super) fn search<T: Float>(
    context: &Context,
    operation: &str,
    (x, y): (Matrix<'_, T>, Matrix<'_, T>),
    k: usize,
    metric: Metric,
    (indices, distances): (&mut [i32], &mut [T]),
) -> Result<()> {
    let shares = y.rows.div_ceil(SHARE);
    let _charge = context.budget().charge(operation, (shares + 1) * Nearest::<T>::room(k) * size_of::<Candidate<T>>())?;
    for row in 0..x.rows {
        let x = &x.elements[row * x.cols..][..x.cols];
        let share = |share: usize| {
            context.check(operation)?;
            Ok(nearest_of(x, y, share * SHARE..y.rows.min((share + 1) * SHARE), k, metric))
        };
        let found: Vec<Nearest<T>> = context.answers(y.rows * y.cols >= PARALLEL, 0..shares, share)?;
        let mut nearest = Nearest::new(k);
        found.iter().flat_map(|found| &found.candidates).for_each(|&candidate| nearest.push(candidate));
        nearest.keep_best();
        for (place, candidate) in nearest.candidates.iter().enumerate() {
            indices[row * k + place] = candidate.row as i32;
            distances[row * k + place] = shown(candidate.distance, metric);
        }
    }
    Ok(())
}

fn nearest_of<T: Float>(x: &[T], y: Matrix<'_, T>, rows: std::ops::Range<usize>, k: usize, metric: Metric) -> Nearest<T> {
    let mut nearest = Nearest::new(k);
    let mut together = [Candidate { distance: T::ZERO, row: 0 }; TOGETHER];
    for first in rows.clone().step_by(TOGETHER) {
        let together = &mut together[..TOGETHER.min(rows.end - first)];
        together.iter_mut().enumerate().for_each(|(i, candidate)| candidate.row = (first + i) as u32);
        measure(x, y, together, metric);
        for &candidate in &*together {
            // A later row that is no nearer than k others. No limit is known yet while it is infinite.
            let beaten = candidate.distance >= nearest.limit && nearest.limit < T::INFINITY;
            if !beaten {
                nearest.push(candidate);
            }
        }
    }
    nearest.keep_best();
    nearest
}
