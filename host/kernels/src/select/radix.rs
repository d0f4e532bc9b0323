//! Sorting whole keys by their leading digits, almost without comparisons.
//!
//! Digits are taken of the distance from the least key, so numbers from a small range sort in one pass. Two digits tell nearly all items
//! of a longer range apart; those that agree in both lie side by side then: few are compared, many are sorted by the digits below. Many items are first dealt out to buckets
//! by their leading bits, chunk by chunk, and the buckets are sorted one beside the other, each in the cache. Every step keeps the order
//! of equal keys.

use std::ops::Range;

use bytemuck::Pod;

use super::keys::Key;
use crate::context::Context;
use crate::error::Result;
use crate::vectorized::vectorized;
use crate::workspace::{Unfilled, Workspace};

/// Bits of a digit, at most: 4096 counters stay in the first-level cache.
const DIGIT_BITS: u32 = 12;
/// Bits by which items are dealt out to buckets.
const BUCKET_BITS: u32 = 10;
const BUCKETS: usize = 1 << BUCKET_BITS;
const DIGITS: usize = 1 << DIGIT_BITS;
/// Below so many items comparing them takes less time than counting digits.
const FEW: usize = 700;
/// Runs of items with equal digits that are sorted by insertion.
const SHORT: usize = 12;
/// Items moved between two looks at the cancel token.
const TASK: usize = 1 << 18;
/// Chunks that items are dealt out from.
const CHUNKS: usize = 16;

/// What is sorted: a key, and what travels with it.
pub(super) trait Item: Pod + Send + Sync {
    type Key: Key + Item<Key = Self::Key>;
    /// What tells the order of any two items, equal keys included.
    type Rank: Ord;
    fn new(key: Self::Key, place: u32) -> Self;
    fn key(self) -> Self::Key;
    fn rank(self) -> Self::Rank;
}

macro_rules! bare_item {
    ($($t:ty),*) => {$(
        impl Item for $t {
            type Key = $t;
            type Rank = $t;
            #[inline(always)]
            fn new(key: $t, _: u32) -> $t {
                key
            }
            #[inline(always)]
            fn key(self) -> $t {
                self
            }
            #[inline(always)]
            fn rank(self) -> $t {
                self
            }
        }
    )*};
}
bare_item!(u32, u64);

/// A key, and the place it came from.
pub(super) type Placed<K> = [K; 2];

/// The place that an item came from.
#[inline(always)]
pub(super) fn place<K: Key>([_, place]: Placed<K>) -> u32 {
    place.wide() as u32
}

macro_rules! placed_item {
    ($($t:ty, $rank:ty);*) => {$(
        impl Item for Placed<$t> {
            type Key = $t;
            type Rank = $rank;
            #[inline(always)]
            fn new(key: $t, place: u32) -> Self {
                [key, place.into()]
            }
            #[inline(always)]
            fn key(self) -> $t {
                self[0]
            }
            #[inline(always)]
            fn rank(self) -> $rank {
                <$rank>::from(self[0]) << 32 | <$rank>::from(self[1])
            }
        }
    )*};
}
placed_item!(u32, u64; u64, u128);

/// How many spare items [`sort`] needs for so many.
pub(super) fn spare(items: usize) -> usize {
    if items < FEW { 0 } else { items }
}

/// Sorts `items`, which come in the order of their places, on this thread. At most 2³¹ items.
pub(super) fn sort<I: Item>(context: &Context, operation: &str, items: &mut [I], spare: &mut [I]) -> Result<()> {
    if items.len() < FEW {
        items.sort_unstable_by_key(|item| item.rank());
        return Ok(());
    }
    let (least, distance) = range(items);
    let bits = u64::BITS - distance.leading_zeros();
    // Two digits of equal width, and the bits below them.
    let width = bits.div_ceil(2).min(DIGIT_BITS);
    let below = bits.saturating_sub(2 * width);
    let low = |item: I| digit(item.key(), least, below, width);
    let high = |item: I| digit(item.key(), least, below + width, width);
    let (mut low_starts, mut high_starts) = ([0; DIGITS], [0; DIGITS]);
    for items in items.chunks(TASK) {
        context.check(operation)?;
        for &item in items {
            low_starts[low(item)] += 1;
            high_starts[high(item)] += 1;
        }
    }
    turn_into_starts(&mut low_starts);
    turn_into_starts(&mut high_starts);
    deal(context, operation, items, spare, &mut low_starts, low)?;
    deal(context, operation, spare, items, &mut high_starts, high)?;
    if below > 0 {
        for run in items.chunk_by_mut(|a, b| a.key().above(least) >> below == b.key().above(least) >> below) {
            if run.len() < FEW {
                sort_run(run);
            } else {
                // One key far from all others uses up the digits: within the run, those below tell its items apart.
                let spare = &mut spare[..run.len()];
                sort(context, operation, run, spare)?;
            }
        }
    }
    Ok(())
}

/// Items dealt out to buckets: within each chunk, every bucket's items lie together.
pub(super) struct Dealt<I> {
    items: Unfilled<I>,
    chunk: usize,
    /// Where in each chunk each bucket ends.
    ends: Vec<[u32; BUCKETS]>,
}

impl<I: Item> Dealt<I> {
    /// Deals out the items of the keys, on the pool. At most 2³¹ keys.
    pub(super) fn new(context: &Context, operation: &str, keys: &[I::Key]) -> Result<Dealt<I>> {
        let mut items = Unfilled::<I>::new(context, operation, keys.len())?;
        let chunk = keys.len().div_ceil(CHUNKS).max(1);
        let ends = context.in_pool(|| {
            let ranges = context.answers(true, keys.chunks(chunk), |keys| Ok(range(keys)))?;
            let least = ranges.iter().map(|&(least, _)| least).min().unwrap_or(I::Key::MAX);
            let distance = ranges.iter().map(|&(own, distance)| own.above(least) + distance).max().unwrap_or(0);
            let shift = (u64::BITS - distance.leading_zeros()).saturating_sub(BUCKET_BITS);
            let chunks = keys.chunks(chunk).zip(items.chunks_mut(chunk)).enumerate();
            context.answers(true, chunks, |(number, part)| deal_chunk(context, operation, part, number * chunk, (least, shift)))
        })?;
        Ok(Dealt { items, chunk, ends })
    }

    /// Sorts bucket by bucket, on the pool, and stores what the items stand for.
    pub(super) fn sort_into<O: Send>(&self, context: &Context, operation: &str, to: &mut [O], shown: impl Fn(I) -> O + Sync) -> Result<()> {
        let count = |bucket| self.ends.iter().map(|ends| part(ends, bucket).len()).sum();
        let parts = split(to, count);
        let sort_bucket = |(bucket, to): (usize, &mut [O])| {
            let mut items = Workspace::<I>::new(context, operation, to.len())?;
            let mut spare = Workspace::<I>::new(context, operation, spare(to.len()))?;
            self.gather(bucket, &mut items);
            sort(context, operation, &mut items, &mut spare)?;
            to.iter_mut().zip(items.iter()).for_each(|(to, &item)| *to = shown(item));
            Ok(())
        };
        context.each(true, parts.into_iter(), sort_bucket)
    }

    /// Fills `items` with those of a bucket, chunk after chunk.
    fn gather(&self, bucket: usize, mut items: &mut [I]) {
        for (dealt, ends) in self.items.chunks(self.chunk).zip(&self.ends) {
            let part = &dealt[part(ends, bucket)];
            let (own, rest) = items.split_at_mut(part.len());
            own.copy_from_slice(part);
            items = rest;
        }
    }
}

/// Deals the keys of a chunk, whose first place is `first`, out to buckets; gives where in the chunk each bucket ends.
fn deal_chunk<I: Item>(
    context: &Context,
    operation: &str,
    (keys, items): (&[I::Key], &mut [I]),
    first: usize,
    (least, shift): (I::Key, u32),
) -> Result<[u32; BUCKETS]> {
    let mut ends = [0; BUCKETS];
    for keys in keys.chunks(TASK) {
        context.check(operation)?;
        keys.iter().for_each(|&key| ends[digit(key, least, shift, BUCKET_BITS)] += 1);
    }
    turn_into_starts(&mut ends);
    for (part, keys) in keys.chunks(TASK).enumerate() {
        context.check(operation)?;
        for (&key, place) in keys.iter().zip((first + part * TASK) as u32..) {
            put(I::new(key, place), items, &mut ends[digit(key, least, shift, BUCKET_BITS)]);
        }
    }
    Ok(ends)
}

/// Where in a chunk the items of a bucket lie.
fn part(ends: &[u32; BUCKETS], bucket: usize) -> Range<usize> {
    let start = if bucket == 0 { 0 } else { ends[bucket - 1] };
    start as usize..ends[bucket] as usize
}

/// The part of `to` for each bucket that has items.
fn split<O>(mut to: &mut [O], count: impl Fn(usize) -> usize) -> Vec<(usize, &mut [O])> {
    let mut parts = Vec::with_capacity(BUCKETS);
    for bucket in 0..BUCKETS {
        let (own, rest) = to.split_at_mut(count(bucket));
        if !own.is_empty() {
            parts.push((bucket, own));
        }
        to = rest;
    }
    parts
}

/// The least key, and the largest one's distance from it.
fn range<I: Item>(items: &[I]) -> (I::Key, u64) {
    let Some(first) = items.first() else {
        return (I::Key::MAX, 0);
    };
    let (least, largest) = vectorized(
        #[inline(always)]
        || {
            let key = first.key();
            items.iter().fold((key, key), |(least, largest), item| (least.min(item.key()), largest.max(item.key())))
        },
    );
    (least, largest.above(least))
}

#[inline(always)]
fn digit<K: Key>(key: K, least: K, shift: u32, width: u32) -> usize {
    (key.above(least) >> shift) as usize & ((1 << width) - 1)
}

/// Moves items to where their digits go on.
fn deal<I: Item>(
    context: &Context,
    operation: &str,
    items: &[I],
    to: &mut [I],
    starts: &mut [u32; DIGITS],
    digit: impl Fn(I) -> usize,
) -> Result<()> {
    for items in items.chunks(TASK) {
        context.check(operation)?;
        items.iter().for_each(|&item| put(item, to, &mut starts[digit(item)]));
    }
    Ok(())
}

#[inline(always)]
fn put<I>(item: I, to: &mut [I], at: &mut u32) {
    to[*at as usize] = item;
    *at += 1;
}

fn turn_into_starts(counts: &mut [u32]) {
    let mut sum = 0;
    for count in counts {
        (sum, *count) = (sum + *count, sum);
    }
}

/// Sorts items with equal digits.
fn sort_run<I: Item>(run: &mut [I]) {
    if run.len() > SHORT {
        return run.sort_unstable_by_key(|item| item.rank());
    }
    for sorted in 1..run.len() {
        let (item, mut at) = (run[sorted], sorted);
        while at > 0 && item.rank() < run[at - 1].rank() {
            run[at] = run[at - 1];
            at -= 1;
        }
        run[at] = item;
    }
}
