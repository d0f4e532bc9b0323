//! Elements in order, and the places they come from.

use super::keys::{Key, Order, keys_of, store, with_key};
use super::radix::{Dealt, Item, Placed, place, sort as sort_items, spare};
use super::{TASK, last_axis};
use crate::context::Context;
use crate::dtype::DType;
use crate::error::Result;
use crate::tensor::Tensor;
use crate::workspace::Workspace;

/// Below so many elements the hop to the pool costs more than it brings.
const PARALLEL: usize = 1 << 15;
/// A row of so many elements is worth all threads.
const LONG: usize = 1 << 16;

/// The elements of `a` (... x m, any dtype) in ascending order along the last axis, or in descending order; NaN comes last either way,
/// with one sign and one payload for all. Among floats, -0 comes before 0 where the order ascends.
///
/// Charges workspace of up to 8 bytes for each element, or 16 where it has 8.
///
/// # Errors
/// Bad operation for a tensor without axes, or with 2³¹ elements or more along the last one; limit exceeded, interrupted.
pub fn sort(context: &Context, a: &Tensor, descending: bool) -> Result<Tensor> {
    const NAME: &str = "sort";
    let length = last_axis(NAME, a)?;
    let out = Tensor::zeros_for(context, NAME, a.shape(), a.dtype())?;
    let a = a.to_contiguous(context, NAME)?;
    with_key!(a.dtype(), K => {
        let mut keys = keys_of::<K>(context, NAME, &a, Order { descending, one_zero: false })?;
        sort_keys(context, NAME, &mut keys, length)?;
        store(context, NAME, &keys, descending, &out)?;
    });
    Ok(out)
}

/// The places (int32) of the elements of `a` (... x m, any dtype) in ascending order along the last axis, or in descending order. Of equal
/// elements, the lower place comes first, in descending order too; NaN equals NaN and comes last. -0 equals 0, so that where both are, the
/// elements at these places can differ from those of [`sort`] in the signs of zeros.
///
/// Charges workspace of up to 12 bytes for each element, or 24 where it has 8.
///
/// # Errors
/// As [`sort`].
pub fn argsort(context: &Context, a: &Tensor, descending: bool) -> Result<Tensor> {
    const NAME: &str = "argsort";
    let length = last_axis(NAME, a)?;
    let out = Tensor::zeros_for(context, NAME, a.shape(), DType::Int32)?;
    let a = a.to_contiguous(context, NAME)?;
    with_key!(a.dtype(), K => {
        let keys = keys_of::<K>(context, NAME, &a, Order { descending, one_zero: true })?;
        sort_places(context, NAME, &keys, length, &mut out.write(NAME)?.elements::<i32>()[..keys.len()])?;
    });
    Ok(out)
}

/// Sorts numbers, at most 2³¹ of them, on the pool where they are many; charges workspace of as many.
pub(crate) fn sort_numbers(context: &Context, operation: &str, numbers: &mut [u64]) -> Result<()> {
    if numbers.is_sorted() {
        return Ok(());
    }
    sort_keys(context, operation, numbers, numbers.len())
}

/// Sorts each row of `length` keys.
pub(super) fn sort_keys<K: Key + Item<Key = K>>(context: &Context, operation: &str, keys: &mut [K], length: usize) -> Result<()> {
    if keys.is_empty() {
        return Ok(());
    }
    if length >= LONG {
        return keys.chunks_exact_mut(length).try_for_each(|keys| {
            let dealt = Dealt::<K>::new(context, operation, keys)?;
            dealt.sort_into(context, operation, keys, |key| key)
        });
    }
    let task = |keys: &mut [K]| {
        let mut spare = Workspace::new(context, operation, spare(length))?;
        context.check(operation)?;
        keys.chunks_exact_mut(length).try_for_each(|keys| sort_items(context, operation, keys, &mut spare))
    };
    let share = (TASK / length).max(1) * length;
    context.each(keys.len() >= PARALLEL, keys.chunks_mut(share), task)
}

/// Fills `places` with the places of the keys of each row of `length` in their order.
pub(super) fn sort_places<K: Key>(context: &Context, operation: &str, keys: &[K], length: usize, places: &mut [i32]) -> Result<()>
where
    Placed<K>: Item<Key = K>,
{
    if keys.is_empty() {
        return Ok(());
    }
    if length >= LONG {
        return keys.chunks_exact(length).zip(places.chunks_exact_mut(length)).try_for_each(|(keys, places)| {
            let dealt = Dealt::<Placed<K>>::new(context, operation, keys)?;
            dealt.sort_into(context, operation, places, |item| place(item) as i32)
        });
    }
    let task = |(keys, places): (&[K], &mut [i32])| {
        let mut items = Workspace::<Placed<K>>::new(context, operation, length)?;
        let mut spare = Workspace::new(context, operation, spare(length))?;
        context.check(operation)?;
        keys.chunks_exact(length).zip(places.chunks_exact_mut(length)).try_for_each(|(keys, places)| {
            items.iter_mut().zip(keys).zip(0..).for_each(|((item, &key), place)| *item = Item::new(key, place));
            sort_items(context, operation, &mut items, &mut spare)?;
            places.iter_mut().zip(items.iter()).for_each(|(to, &item)| *to = place(item) as i32);
            Ok(())
        })
    };
    let share = (TASK / length).max(1) * length;
    context.each(keys.len() >= PARALLEL, keys.chunks(share).zip(places.chunks_mut(share)), task)
}
