//! Sums of gradients and hessians by bin.

use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::MISSING;
use super::gradients::{Entry, packed, row_of, unpacked};
use super::matrix::{BinnedMatrix, Feature, Group};
use crate::context::Context;
use crate::error::Result;

/// The sums of one bin: rounded gradients and hessians. They are whole numbers below 2⁵³, so sums and differences are exact.
pub(super) type Bin = [f64; 2];

/// Below so many codes the hop to the pool costs more than it brings.
pub(super) const PARALLEL: usize = 1 << 16;
/// Most rows of one task. Packed sums hold twice as many.
const TASK: usize = 1 << 15;

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
    let groups = split_by_group(matrix, bins);
    let groups: Vec<_> = matrix.groups.iter().zip(groups).zip(wanted).filter(|(_, wanted)| **wanted).map(|(group, _)| group).collect();
    if entries.len() * groups.len() * matrix.groups[0].width < PARALLEL {
        for (group, bins) in groups {
            let bins = Mutex::new(bins);
            entries.chunks(TASK).for_each(|entries| add_group(matrix, group, entries, &bins));
        }
        return context.check(operation);
    }
    let groups: Vec<_> = groups.into_iter().map(|(group, bins)| (group, Mutex::new(bins))).collect();
    let tasks: Vec<_> = entries.chunks(TASK).flat_map(|entries| groups.iter().map(move |(group, bins)| (entries, *group, bins))).collect();
    context.in_pool(|| {
        tasks.into_par_iter().try_for_each(|(entries, group, bins)| {
            context.check(operation)?;
            add_group(matrix, group, entries, bins);
            Ok(())
        })
    })
}

/// A histogram's part for each group.
pub(super) fn split_by_group<'a>(matrix: &BinnedMatrix, mut bins: &'a mut [Bin]) -> Vec<&'a mut [Bin]> {
    let mut parts = Vec::with_capacity(matrix.groups.len());
    for group in &matrix.groups {
        let features = features_of(matrix, group);
        let count = features.iter().map(|feature| feature.bins().len()).sum();
        let (part, rest) = bins.split_at_mut(count);
        parts.push(part);
        bins = rest;
    }
    parts
}

pub(super) fn features_of<'a>(matrix: &'a BinnedMatrix, group: &Group) -> &'a [Feature] {
    &matrix.features[group.first_feature..][..group.width]
}

/// Adds up to [`TASK`] entries to a group's bins; threads may do so in any order, since the sums are exact.
fn add_group(matrix: &BinnedMatrix, group: &Group, entries: &[Entry], bins: &Mutex<&mut [Bin]>) {
    macro_rules! by_width {
        ($($width:literal)*) => {
            match group.width {
                $($width => add::<$width>(matrix, group, entries, bins),)*
                width => unreachable_width(width),
            }
        };
    }
    by_width!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16);
}

/// Groups have 1 to 16 features.
fn unreachable_width(width: usize) {
    debug_assert!(false, "a group of {width} features");
}

fn add<const W: usize>(matrix: &BinnedMatrix, group: &Group, entries: &[Entry], bins: &Mutex<&mut [Bin]>) {
    let mut sums = [[0_u64; 256]; W];
    let codes = group.by_row.as_chunks::<W>().0;
    let (fours, rest) = entries.as_chunks::<4>();
    for four in fours {
        let rows = four.map(|entry| &codes[row_of(entry)]);
        let values = four.map(packed);
        for lane in 0..W {
            add_four(&mut sums[lane], rows.map(|row| row[lane]), values);
        }
    }
    for &entry in rest {
        let row = &codes[row_of(entry)];
        for lane in 0..W {
            add_one(&mut sums[lane], row[lane], packed(entry));
        }
    }
    let mut bins = bins.lock().unwrap_or_else(PoisonError::into_inner);
    let first_bin = features_of(matrix, group).first().map_or(0, |feature| feature.first_bin);
    for (feature, sums) in features_of(matrix, group).iter().zip(&sums) {
        let range = feature.bins();
        add_sums(&mut bins[range.start - first_bin..range.end - first_bin], sums);
    }
}

#[inline(always)]
fn add_four(sums: &mut Sums, codes: [u8; 4], values: [u64; 4]) {
    for (code, value) in codes.into_iter().zip(values) {
        add_one(sums, code, value);
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
