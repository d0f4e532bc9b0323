//! Sums of gradients and hessians by bin.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use super::MISSING;
use super::gradients::{Entry, packed, row_of, unpacked};
use super::matrix::{BinnedMatrix, GROUP, Group};
use crate::context::Context;
use crate::error::Result;

/// The sums of one bin: rounded gradients and hessians. They are whole numbers below 2⁵³, so sums and differences are exact.
pub(super) type Bin = [f64; 2];

/// Below so many codes the hop to the pool costs more than it brings.
pub(super) const PARALLEL: usize = 1 << 16;
/// Rows of one task: fewest and most. Packed sums hold twice as many.
const TASK: (usize, usize) = (1 << 12, 1 << 15);
/// Rows whose codes are fetched together before they are used: the memory works on all of them at once.
const FETCHED: usize = 64;
/// Most features of one pass: their packed sums fit the first-level cache.
const PASS: usize = 16;

/// A feature's packed sums, by code.
type Sums = [u64; 256];

/// Fills `bins` with the sums over `entries` for the features of the groups that are `wanted`.
pub(super) fn fill(
    context: &Context,
    operation: &str,
    matrix: &BinnedMatrix,
    wanted: &[bool],
    entries: &[Entry],
    bins: &mut [Bin],
) -> Result<()> {
    bins.fill([0.0; 2]);
    let parts = split_by_features(matrix, matrix.groups.iter().map(Group::features), bins);
    let groups = matrix.groups.iter().zip(parts).zip(wanted).filter(|(_, wanted)| **wanted);
    let groups: Vec<_> = groups.map(|((group, bins), _)| (group, Mutex::new(bins))).collect();
    let rows = (entries.len() / 16).clamp(TASK.0, TASK.1);
    let tasks = entries.chunks(rows).flat_map(|entries| groups.iter().map(move |(group, bins)| (entries, *group, bins)));
    let add = |(entries, group, bins): (&[Entry], &Group, &Mutex<&mut [Bin]>)| {
        context.check(operation)?;
        add_group(matrix, group, entries, bins);
        Ok(())
    };
    context.each(entries.len() * matrix.features.len() >= PARALLEL, tasks, add)
}

/// A histogram's part for each of the ranges of features, which follow one another from the first feature on.
pub(super) fn split_by_features<'a>(
    matrix: &BinnedMatrix,
    ranges: impl Iterator<Item = Range<usize>>,
    mut bins: &'a mut [Bin],
) -> Vec<&'a mut [Bin]> {
    let mut parts = Vec::new();
    for range in ranges {
        let count = matrix.features[range].iter().map(|feature| feature.bins().len()).sum();
        let (part, rest) = bins.split_at_mut(count);
        parts.push(part);
        bins = rest;
    }
    parts
}

/// Adds entries to a group's bins; threads may do so in any order, since the sums are exact.
fn add_group(matrix: &BinnedMatrix, group: &Group, entries: &[Entry], bins: &Mutex<&mut [Bin]>) {
    let mut sums = [[0_u64; 256]; GROUP];
    let sums = &mut sums[..group.width];
    let passes = group.width.div_ceil(PASS);
    let width = group.width.div_ceil(passes);
    for entries in entries.chunks(FETCHED) {
        fetch(group, entries);
        for (pass, sums) in sums.chunks_mut(width).enumerate() {
            add_pass(group, pass * width, entries, sums);
        }
    }
    let mut bins = bins.lock().unwrap_or_else(PoisonError::into_inner);
    let mut rest = &mut bins[..];
    for (feature, sums) in matrix.features[group.features()].iter().zip(sums) {
        let (bins, others) = rest.split_at_mut(feature.bins().len());
        add_sums(bins, sums);
        rest = others;
    }
}

/// Reads one code of each row, so that the row's cache line is on its way: no row waits for the one before it.
#[inline(always)]
fn fetch(group: &Group, entries: &[Entry]) {
    let codes = &group.by_row[..];
    let read = entries.iter().fold(0, |read, &entry| read ^ codes[row_of(entry) << group.stride_bits]);
    std::hint::black_box(read);
}

/// Adds entries to the packed sums of some of a group's features, from the group's feature `first` on.
#[inline(always)]
fn add_pass(group: &Group, first: usize, entries: &[Entry], sums: &mut [Sums]) {
    macro_rules! by_width {
        ($($width:literal)*) => {
            match sums.len() {
                $($width => if let Some(sums) = sums.first_chunk_mut::<$width>() { add(group, first, entries, sums) },)*
                width => debug_assert!(width == 0, "a pass over {width} features"),
            }
        };
    }
    by_width!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16);
}

fn add<const W: usize>(group: &Group, first: usize, entries: &[Entry], sums: &mut [Sums; W]) {
    let codes = &group.by_row[..];
    // Rows are those of the matrix, so that there is always a chunk.
    let codes_of = |entry: Entry| codes[(row_of(entry) << group.stride_bits) + first..].first_chunk::<W>().unwrap_or(&[MISSING; W]);
    let (fours, rest) = entries.as_chunks::<4>();
    for four in fours {
        let rows = four.map(codes_of);
        let values = four.map(packed);
        for (lane, sums) in sums.iter_mut().enumerate() {
            for (codes, value) in rows.into_iter().zip(values) {
                add_one(sums, codes[lane], value);
            }
        }
    }
    for &entry in rest {
        let codes = codes_of(entry);
        for (lane, sums) in sums.iter_mut().enumerate() {
            add_one(sums, codes[lane], packed(entry));
        }
    }
}

#[inline(always)]
fn add_one(sums: &mut Sums, code: u8, value: u64) {
    let sum = &mut sums[usize::from(code)];
    *sum = sum.wrapping_add(value);
}

fn add_sums(bins: &mut [Bin], sums: &Sums) {
    let (missing, present) = (bins.len() - 1, &sums[..bins.len() - 1]);
    for (bin, &sum) in bins.iter_mut().zip(present) {
        let [gradient, hessian] = unpacked(sum);
        bin[0] += gradient;
        bin[1] += hessian;
    }
    let [gradient, hessian] = unpacked(sums[usize::from(MISSING)]);
    bins[missing][0] += gradient;
    bins[missing][1] += hessian;
}

/// Takes the sums of one child from its parent's, which leaves those of the other.
pub(super) fn subtract(parent: &mut [Bin], child: &[Bin]) {
    for (parent, child) in parent.iter_mut().zip(child) {
        parent[0] -= child[0];
        parent[1] -= child[1];
    }
}
