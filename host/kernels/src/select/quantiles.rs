//! Quantiles.

use super::keys::{Key, Order, keys_of, number_of, with_key};
use super::radix::{self, Item};
use super::sort::sort_keys;
use super::{PARALLEL, places_fit, row_count};
use crate::context::Context;
use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use crate::tensor::Tensor;
use crate::with_element;
use crate::workspace::Workspace;

/// Columns that are taken out of their rows together: a cache line of float32.
const COLUMNS: usize = 16;

/// The quantiles of each column of `a` (n x ..., any dtype), exact: q x ..., one row for each of the `probabilities`. Between two elements
/// they are interpolated linearly, as by numpy's default, in float64: the quantile of probability p lies at position (n - 1) p of the
/// column in ascending order. Between equal elements, infinite ones too, it is that element; between a finite and an infinite one, the
/// infinite one. A column with a NaN has NaN quantiles. The result is float32 for float32, float16 and bfloat16, else float64.
///
/// # Errors
/// Bad operation for a probability outside of 0 to 1, an `a` without axes or rows, or with 2³¹ rows or more; limit exceeded, interrupted.
pub fn quantiles(context: &Context, a: &Tensor, probabilities: &[f64]) -> Result<Tensor> {
    const NAME: &str = "quantiles";
    let rows = row_count(NAME, a)?;
    if rows == 0 {
        return Err(Error::bad(format!("{NAME}: shape {} has no rows to take quantiles of", a.shape())));
    }
    places_fit(NAME, rows)?;
    if let Some(place) = probabilities.iter().position(|p| !(0.0..=1.0).contains(p)) {
        return Err(Error::bad(format!("{NAME}: probability {} at place {place}; 0 to 1 is wanted", probabilities[place])));
    }
    let mut shape = *a.shape();
    shape[0] = probabilities.len();
    let wide = a.dtype().is_integer() || a.dtype() == DType::Float64;
    let out = Tensor::zeros_for(context, NAME, &shape, if wide { DType::Float64 } else { DType::Float32 })?;
    if out.element_count() == 0 {
        return Ok(out);
    }
    let a = a.to_contiguous(context, NAME)?;
    let found = with_key!(a.dtype(), K => {
        let mut keys = keys_of::<K>(context, NAME, &a, Order { descending: false, one_zero: false })?;
        let quantile = Quantile { number: number_of::<K>(a.dtype()), has_nan: !a.dtype().is_integer() };
        if keys.len() == rows {
            sort_keys(context, NAME, &mut keys, rows)?;
            let mut found = Workspace::new(context, NAME, probabilities.len())?;
            quantile.fill(&mut found, &keys, probabilities);
            found
        } else {
            of_columns(context, NAME, &keys, rows, probabilities, &quantile)?
        }
    });
    store(NAME, &found, probabilities.len(), &out)?;
    Ok(out)
}

/// The quantiles of every column, column by column.
fn of_columns<K: Key + Item<Key = K>>(
    context: &Context,
    operation: &str,
    from: &[K],
    rows: usize,
    probabilities: &[f64],
    quantile: &Quantile<K>,
) -> Result<Workspace<f64>> {
    let columns = from.len() / rows;
    let mut found = Workspace::<f64>::new(context, operation, columns * probabilities.len())?;
    let of_some = |(task, found): (usize, &mut [f64])| {
        let some = found.len() / probabilities.len();
        let mut keys = Workspace::<K>::new(context, operation, rows * some)?;
        let mut spare = Workspace::<K>::new(context, operation, radix::spare(rows))?;
        context.check(operation)?;
        for (row, from) in from.chunks_exact(columns).enumerate() {
            let from = &from[task * COLUMNS..][..some];
            from.iter().enumerate().for_each(|(column, &key)| keys[column * rows + row] = key);
        }
        for (keys, found) in keys.chunks_exact_mut(rows).zip(found.chunks_exact_mut(probabilities.len())) {
            radix::sort(context, operation, keys, &mut spare)?;
            quantile.fill(found, keys, probabilities);
        }
        Ok(())
    };
    let share = COLUMNS * probabilities.len();
    context.each(from.len() >= PARALLEL, found.chunks_mut(share).enumerate(), of_some)?;
    Ok(found)
}

/// Makes numbers of sorted keys.
struct Quantile<K> {
    number: fn(K) -> f64,
    has_nan: bool,
}

impl<K: Key> Quantile<K> {
    /// There is at least one key.
    fn fill(&self, found: &mut [f64], sorted: &[K], probabilities: &[f64]) {
        found.iter_mut().zip(probabilities).for_each(|(found, &p)| *found = self.of(sorted, p));
    }

    fn of(&self, sorted: &[K], probability: f64) -> f64 {
        let last = sorted.len() - 1;
        if self.has_nan && sorted[last] == K::MAX {
            return f64::NAN;
        }
        let position = last as f64 * probability;
        let below = (position as usize).min(last);
        let part = position - below as f64;
        let (a, b) = ((self.number)(sorted[below]), (self.number)(sorted[(below + 1).min(last)]));
        if part == 0.0 || a == b {
            a
        } else if (b - a).is_infinite() {
            a * (1.0 - part) + b * part
        } else if part < 0.5 {
            a + (b - a) * part
        } else {
            // From the nearer end, so that quantiles ascend with their probabilities.
            b - (b - a) * (1.0 - part)
        }
    }
}

/// Writes what was found column by column row by row.
fn store(operation: &str, found: &[f64], count: usize, out: &Tensor) -> Result<()> {
    let columns = found.len() / count;
    let mut to = out.write(operation)?;
    with_element!(out.dtype(), T => {
        let to = &mut to.elements::<T>()[..found.len()];
        for (column, found) in found.chunks_exact(count).enumerate() {
            found.iter().enumerate().for_each(|(row, &value)| to[row * columns + column] = T::from_f64(value));
        }
    });
    Ok(())
}
