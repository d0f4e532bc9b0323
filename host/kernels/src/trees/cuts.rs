//! Where a feature is cut: bounds between quantiles, or the categories that get a bin of their own.

use super::{MISSING, category_of};

/// How the values of one feature become bins.
pub(super) enum Cuts {
    /// Bin b holds what is above bound b - 1 and not above bound b; there is one bin more than bounds. Ascending.
    Numeric(Vec<f32>),
    /// The category of each bin, the most frequent first. Others count as missing.
    Categories { of_bin: Vec<i32>, sorted: Vec<(i32, u8)> },
}

impl Cuts {
    /// Bytes needed for each value of a sample while it is cut: its key, a category, and a counted value.
    pub(super) const SCRATCH: usize = size_of::<u32>() + size_of::<i32>() + size_of::<(f32, usize)>();

    /// Bytes that the lists hold.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Cuts::Numeric(bounds) => bounds.capacity() * size_of::<f32>(),
            Cuts::Categories { of_bin, sorted } => of_bin.capacity() * size_of::<i32>() + sorted.capacity() * size_of::<(i32, u8)>(),
        }
    }

    /// Bins without that of missing values.
    pub(super) fn bin_count(&self) -> usize {
        match self {
            Cuts::Numeric(bounds) => bounds.len() + 1,
            Cuts::Categories { of_bin, .. } => of_bin.len(),
        }
    }

    /// Cuts between the values of `sample`, which is used up, into at most `most` bins of about equally many.
    pub(super) fn numeric(sample: &mut [u32], most: usize) -> Cuts {
        sample.sort_unstable();
        let mut distinct: Vec<(f32, usize)> = Vec::with_capacity(sample.len());
        for &key in sample.iter() {
            let value = value_of(key);
            match distinct.last_mut() {
                Some((last, count)) if *last == value => *count += 1,
                _ => distinct.push((value, 1)),
            }
        }
        let ends = if distinct.len() <= most { (1..distinct.len()).collect() } else { quantile_ends(&distinct, most) };
        let mut bounds: Vec<f32> = ends.into_iter().map(|end: usize| between(distinct[end - 1].0, distinct[end].0)).collect();
        bounds.dedup();
        Cuts::Numeric(bounds)
    }

    /// A bin for each of the `most` most frequent categories in `sample`, which is used up.
    pub(super) fn categories(sample: &mut [u32], most: usize) -> Cuts {
        let mut categories = Vec::with_capacity(sample.len());
        categories.extend(sample.iter().filter_map(|&key| category_of(value_of(key))));
        categories.sort_unstable();
        let mut counted = Vec::with_capacity(sample.len());
        counted.extend(categories.chunk_by(|a, b| a == b).map(|run| (run.len(), run[0])));
        counted.sort_unstable_by_key(|&(count, category)| (std::cmp::Reverse(count), category));
        counted.truncate(most);
        let of_bin: Vec<i32> = counted.iter().map(|&(_, category)| category).collect();
        let mut sorted: Vec<(i32, u8)> = of_bin.iter().enumerate().map(|(bin, &category)| (category, bin as u8)).collect();
        sorted.sort_unstable();
        Cuts::Categories { of_bin, sorted }
    }
}

/// A number that sorts like the value; both zeros are one. Not for NaN.
#[inline(always)]
pub(super) fn key_of(value: f32) -> u32 {
    let bits = (value + 0.0).to_bits();
    if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }
}

#[inline(always)]
fn value_of(key: u32) -> f32 {
    f32::from_bits(if key >> 31 == 1 { key & !(1 << 31) } else { !key })
}

/// A bound with `low` on its lower and `high` on its upper side, in the middle where float32 has it.
fn between(low: f32, high: f32) -> f32 {
    let middle = ((f64::from(low) + f64::from(high)) / 2.0) as f32;
    if middle >= low && middle < high { middle } else { low }
}

/// Where bins end among `distinct` values: a value that fills a bin alone gets one, the others share what is left evenly.
fn quantile_ends(distinct: &[(f32, usize)], most: usize) -> Vec<usize> {
    let (mut rows, mut bins) = (distinct.iter().map(|&(_, count)| count).sum::<usize>(), most);
    let fair = rows as f64 / most as f64;
    let is_large = |&(_, count): &(f32, usize)| count as f64 >= fair;
    for value in distinct.iter().filter(|value| is_large(value)) {
        rows -= value.1;
        bins -= 1;
    }
    let share_of = |rows: usize, bins: usize| rows as f64 / bins.max(1) as f64;
    let mut share = share_of(rows, bins);
    let (mut ends, mut held) = (Vec::with_capacity(most), 0);
    for i in 0..distinct.len() - 1 {
        let alone = is_large(&distinct[i]);
        held += distinct[i].1;
        if !alone {
            rows -= distinct[i].1;
        }
        let half_before_large = is_large(&distinct[i + 1]) && held as f64 >= (share * 0.5).max(1.0);
        if alone || held as f64 >= share || half_before_large {
            ends.push(i + 1);
            if ends.len() >= most - 1 {
                break;
            }
            held = 0;
            if !alone {
                bins = bins.saturating_sub(1);
                share = share_of(rows, bins);
            }
        }
    }
    ends
}

/// The bins of many values at once.
pub(super) struct Coder<'a> {
    cuts: &'a Cuts,
    /// The bounds, and infinity after them.
    bounds: [f32; 256],
    /// The first step of the search: half of the least power of two above the number of bounds.
    step: usize,
}

/// Values coded together.
pub(super) const TOGETHER: usize = 1024;

impl<'a> Coder<'a> {
    pub(super) fn new(cuts: &'a Cuts) -> Coder<'a> {
        let mut coder = Coder { cuts, bounds: [f32::INFINITY; 256], step: 0 };
        if let Cuts::Numeric(bounds) = cuts {
            coder.bounds[..bounds.len()].copy_from_slice(bounds);
            coder.step = (bounds.len() + 1).next_power_of_two() / 2;
        }
        coder
    }

    /// The bin of each value.
    #[inline(always)]
    pub(super) fn encode(&self, values: &[f32; TOGETHER], codes: &mut [u8; TOGETHER]) {
        match self.cuts {
            Cuts::Numeric(_) => self.search(values, codes),
            Cuts::Categories { sorted, .. } => {
                for (code, &value) in codes.iter_mut().zip(values) {
                    let place = category_of(value).map(|category| sorted.binary_search_by_key(&category, |entry| entry.0));
                    *code = if let Some(Ok(place)) = place { sorted[place].1 } else { MISSING };
                }
            }
        }
    }

    /// Counts the bounds below each value by halving, all values in step.
    #[inline(always)]
    fn search(&self, values: &[f32; TOGETHER], codes: &mut [u8; TOGETHER]) {
        let mut below = [0_u32; TOGETHER];
        let mut step = self.step as u32;
        while step > 0 {
            for (below, &value) in below.iter_mut().zip(values) {
                *below += if self.bounds[((*below + step - 1) & 255) as usize] < value { step } else { 0 };
            }
            step /= 2;
        }
        for ((code, &below), &value) in codes.iter_mut().zip(&below).zip(values) {
            *code = if value.is_nan() { MISSING } else { below as u8 };
        }
    }
}
