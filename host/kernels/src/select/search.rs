//! Finding values in sorted ones, and counting them by bin.

use super::edges::Edges;
use super::keys::{Key, Order, keys_of, number_of, with_key};
use super::positions::Positions;
use super::{PARALLEL, TASK, places_fit};
use crate::context::Context;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::tensor::Tensor;
use crate::workspace::Workspace;

/// Most partial counts that are merged.
const MOST_PARTIALS: usize = 16;

/// For each element of `values` (any shape) the position (int32) in `sorted` (one axis, ascending, NaN last, the same dtype) before which
/// it can be put so that the order stays: the number of elements that are less than it, or with `right`, not larger. NaN is larger than
/// every number and equals NaN. With `right`, it tells the bin of each value among `sorted` as edges: 0 below the first.
///
/// # Errors
/// Bad operation for an order that does not ascend, other axes, or dtypes that differ; limit exceeded, interrupted.
pub fn search_sorted(context: &Context, sorted: &Tensor, values: &Tensor, right: bool) -> Result<Tensor> {
    const NAME: &str = "search-sorted";
    let (sorted, values) = operands(context, NAME, ("sorted", sorted), values)?;
    let out = Tensor::zeros_for(context, NAME, values.shape(), DType::Int32)?;
    with_key!(values.dtype(), K => {
        let edges = edges_of::<K>(context, NAME, &sorted)?;
        let keys = keys_of::<K>(context, NAME, &values, ORDER)?;
        let mut to = out.write(NAME)?;
        let search = |(keys, to): (&[K], &mut [i32])| {
            context.check(NAME)?;
            to.iter_mut().zip(keys).for_each(|(to, &key)| *to = edges.below(key, right) as i32);
            Ok(())
        };
        let to = &mut to.elements::<i32>()[..keys.len()];
        context.each(keys.len() >= PARALLEL, keys.chunks(TASK).zip(to.chunks_mut(TASK)), search)?;
    });
    Ok(out)
}

/// How many elements of `values` (any shape) lie in each bin (int64) between neighbours in `edges` (one axis, at least 2, ascending, the
/// same dtype). A bin has its lower edge and not its upper one, but for the last, which has both. Values outside, and NaN, are in none.
///
/// # Errors
/// Bad operation for edges that are fewer, do not ascend or are NaN, other axes, or dtypes that differ; limit exceeded, interrupted.
pub fn histogram(context: &Context, values: &Tensor, edges: &Tensor) -> Result<Tensor> {
    const NAME: &str = "histogram";
    let (edges, values) = operands(context, NAME, ("edges", edges), values)?;
    if edges.element_count() < 2 {
        return Err(Error::bad(format!("{NAME}: {} edges; at least 2 are wanted", edges.element_count())));
    }
    let out = Tensor::zeros_for(context, NAME, &[edges.element_count() - 1], DType::Int64)?;
    with_key!(values.dtype(), K => {
        let edges = edges_of::<K>(context, NAME, &edges)?;
        let last = edges.keys()[edges.keys().len() - 1];
        if !values.dtype().is_integer() && last == K::MAX {
            return Err(Error::bad(format!("{NAME}: the last edge is NaN")));
        }
        let keys = keys_of::<K>(context, NAME, &values, ORDER)?;
        let bin = |i: usize| {
            let position = edges.below(keys[i], true);
            // The last edge closes the last bin.
            if position < edges.keys().len() { position.checked_sub(1) } else { (keys[i] <= last).then_some(position - 2) }
        };
        count(context, NAME, keys.len(), &mut out.write(NAME)?.elements::<i64>()[..edges.keys().len() - 1], bin)?;
    });
    Ok(out)
}

/// How often each of 0 to `bins` - 1 is in `ids` (one axis, int32 or int64): `bins` counts (int64). For weights instead of counts, see
/// [`segment_sum`](crate::segment_sum).
///
/// # Errors
/// Bad operation for an id outside of 0 to `bins` - 1, other axes or dtypes; limit exceeded, interrupted.
pub fn bincount(context: &Context, ids: &Tensor, bins: usize) -> Result<Tensor> {
    const NAME: &str = "bincount";
    let storage = ids.read(NAME)?;
    let ids = Positions::new(NAME, "ids", ids, &storage)?;
    ids.check(context, NAME, bins, "bins")?;
    let out = Tensor::zeros_for(context, NAME, &[bins], DType::Int64)?;
    count(context, NAME, ids.count, &mut out.write(NAME)?.elements::<i64>()[..bins], |i| Some(ids.at(i)))?;
    Ok(out)
}

/// Both in row-major order, of one dtype, the first with one axis.
fn operands(context: &Context, operation: &str, (what, sorted): (&str, &Tensor), values: &Tensor) -> Result<(Tensor, Tensor)> {
    if sorted.dtype() != values.dtype() {
        let (a, b) = (sorted.dtype(), values.dtype());
        return Err(Error::bad(format!("{operation}: {what} of {a}, values of {b}; cast one of them to the other's dtype")));
    }
    if sorted.shape().len() != 1 {
        return Err(Error::bad(format!("{operation}: {what} of shape {}; one axis is wanted", sorted.shape())));
    }
    places_fit(operation, sorted.element_count())?;
    Ok((sorted.to_contiguous(context, operation)?, values.to_contiguous(context, operation)?))
}

const ORDER: Order = Order { descending: false, one_zero: true };

/// The keys of edges, which must ascend.
fn edges_of<K: Key>(context: &Context, operation: &str, edges: &Tensor) -> Result<Edges<K>> {
    let keys = keys_of::<K>(context, operation, edges, ORDER)?;
    if let Some(i) = keys.windows(2).position(|pair| pair[0] > pair[1]) {
        let number = number_of::<K>(edges.dtype());
        let (this, next) = (number(keys[i]), number(keys[i + 1]));
        return Err(Error::bad(format!("{operation}: {next} at place {} after {this}; ascending order is wanted", i + 1)));
    }
    Edges::new(context, operation, keys)
}

/// Counts the bins of elements 0 to `length` - 1, where they have one.
fn count(context: &Context, operation: &str, length: usize, counts: &mut [i64], bin: impl Fn(usize) -> Option<usize> + Sync) -> Result<()> {
    let partials = (length / (4 * counts.len()).max(TASK)).clamp(1, MOST_PARTIALS);
    let share = length.div_ceil(partials);
    let count = |(part, counts): (usize, &mut [i64])| {
        let end = length.min((part + 1) * share);
        for start in (part * share..end).step_by(TASK) {
            context.check(operation)?;
            (start..end.min(start + TASK)).filter_map(&bin).for_each(|bin| counts[bin] += 1);
        }
        Ok(())
    };
    if partials == 1 {
        return count((0, counts));
    }
    let mut parts = Workspace::<i64>::new(context, operation, partials * counts.len())?;
    context.each(true, parts.chunks_mut(counts.len()).enumerate(), count)?;
    for part in parts.chunks_exact(counts.len()) {
        counts.iter_mut().zip(part).for_each(|(count, part)| *count += part);
    }
    Ok(())
}
