//! The few largest or smallest elements of each row.

use super::along::take;
use super::keys::{Key, Order, keys_of, with_key};
use super::radix::{Item, Placed, place};
use super::{TASK, last_axis};
use crate::context::{Charge, Context};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::tensor::Tensor;
use crate::vectorized::vectorized;

/// Below so many elements the hop to the pool costs more than it brings.
const PARALLEL: usize = 1 << 16;
/// Elements compared with the worst candidate at once.
const BLOCK: usize = 64;

/// The first elements of each row in descending or ascending order, and their places.
#[derive(Clone, Debug)]
pub struct TopList {
    /// ... x k, the input's dtype.
    pub values: Tensor,
    /// ... x k, int32: places along the last axis.
    pub indices: Tensor,
}

/// The `k` largest elements along the last axis of `a` (... x m, any dtype), largest first, or the smallest, smallest first; 1 <= k <= m.
/// Of equal elements the lower place comes first; NaN comes last either way.
///
/// # Errors
/// Bad operation for a tensor without axes, a k that is not in range, or 2³¹ elements or more along the last axis; limit exceeded,
/// interrupted.
pub fn top_k(context: &Context, a: &Tensor, k: usize, largest: bool) -> Result<TopList> {
    const NAME: &str = "top-k";
    let length = last_axis(NAME, a)?;
    if k < 1 || k > length {
        return Err(Error::bad(format!("{NAME}: {k} of the {length} elements of a row; from 1 to {length} are possible")));
    }
    let mut shape = *a.shape();
    if let Some(last) = shape.last_mut() {
        *last = k;
    }
    let values = Tensor::zeros_for(context, NAME, &shape, a.dtype())?;
    let indices = Tensor::zeros_for(context, NAME, &shape, DType::Int32)?;
    let a = a.to_contiguous(context, NAME)?;
    with_key!(a.dtype(), K => {
        let keys = keys_of::<K>(context, NAME, &a, Order { descending: largest, one_zero: true })?;
        choose_rows(context, NAME, (&keys, length), k, &mut indices.write(NAME)?.elements::<i32>()[..values.element_count()])?;
    });
    take(context, NAME, &a, &indices, &values)?;
    Ok(TopList { values, indices })
}

/// Fills `indices` with the places of the `k` least keys of each row.
fn choose_rows<K: Key>(context: &Context, operation: &str, (keys, length): (&[K], usize), k: usize, indices: &mut [i32]) -> Result<()>
where
    Placed<K>: Item<Key = K>,
{
    let rows = (TASK / length).max(1);
    let choose = |(keys, indices): (&[K], &mut [i32])| {
        let mut best = Best::new(context, operation, k)?;
        for (keys, indices) in keys.chunks_exact(length).zip(indices.chunks_exact_mut(k)) {
            best.of_row(context, operation, keys)?;
            indices.iter_mut().zip(&best.items).for_each(|(index, &item)| *index = place(item) as i32);
        }
        Ok(())
    };
    context.each(keys.len() >= PARALLEL, keys.chunks(rows * length).zip(indices.chunks_mut(rows * k)), choose)
}

/// The best elements of a row so far.
struct Best<K> {
    items: Vec<Placed<K>>,
    k: usize,
    /// No element with a key above it is among the best.
    limit: K,
    _charge: Charge,
}

impl<K: Key> Best<K>
where
    Placed<K>: Item<Key = K>,
{
    fn new(context: &Context, operation: &str, k: usize) -> Result<Best<K>> {
        let room = 2 * k + BLOCK;
        let _charge = context.budget().charge(operation, room * size_of::<Placed<K>>())?;
        Ok(Best { items: Vec::with_capacity(room), k, limit: K::MAX, _charge })
    }

    /// Leaves the k least keys of the row, the least first.
    fn of_row(&mut self, context: &Context, operation: &str, row: &[K]) -> Result<()> {
        self.items.clear();
        self.limit = K::MAX;
        for (task, part) in row.chunks(TASK).enumerate() {
            context.check(operation)?;
            let mut start = 0;
            while start < part.len() {
                start += self.next_block(&part[start..]) * BLOCK;
                let block = &part[start.min(part.len())..part.len().min(start + BLOCK)];
                self.offer(block, task * TASK + start);
                start += BLOCK;
            }
        }
        self.keep_best();
        self.items.sort_unstable_by_key(|item| item.rank());
        Ok(())
    }

    /// How many blocks have only keys above the limit before one has others.
    fn next_block(&self, keys: &[K]) -> usize {
        let limit = self.limit;
        let mut blocks = 0;
        vectorized(
            #[inline(always)]
            || {
                let has_others = |block: &[K]| block.iter().fold(false, |any, &key| any | (key <= limit));
                blocks = keys.chunks(BLOCK).position(has_others).unwrap_or(keys.len().div_ceil(BLOCK));
            },
        );
        blocks
    }

    /// Takes what is not above the limit of the keys from place `first` on.
    fn offer(&mut self, keys: &[K], first: usize) {
        for (&key, place) in keys.iter().zip(first as u32..) {
            if key <= self.limit {
                self.items.push(Item::new(key, place));
            }
        }
        if self.items.len() >= 2 * self.k.max(BLOCK / 2) {
            self.keep_best();
        }
    }

    fn keep_best(&mut self) {
        if self.items.len() > self.k {
            let (_, worst, _) = self.items.select_nth_unstable_by_key(self.k - 1, |item| item.rank());
            self.limit = worst.key();
            self.items.truncate(self.k);
        }
    }
}
