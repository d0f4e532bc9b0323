//! The best split of a node: every bound of every feature, missing values on either side.

use std::ops::Range;

use super::categories;
use super::cuts::Cuts;
use super::histogram::{Bin, split_by_features, subtract};
use super::matrix::BinnedMatrix;
use super::split::{Rule, Scale, Split};
use crate::context::Context;
use crate::error::Result;
use crate::vectorized::vectorized;

/// Below so many bins the hop to the pool costs more than it brings.
const PARALLEL: usize = 1 << 12;
/// Features of one task.
const TASK: usize = 8;

/// A node whose best split is wanted: its histogram and what it is measured with.
pub(super) struct Node<'a> {
    pub(super) bins: &'a mut [Bin],
    pub(super) scale: Scale<'a>,
}

/// The best split of the root.
pub(super) fn best(
    context: &Context,
    operation: &str,
    matrix: &BinnedMatrix,
    features: &[bool],
    node: &mut Node<'_>,
) -> Result<Option<Split>> {
    let parts = split_by_features(matrix, ranges(matrix), node.bins);
    let scale = &node.scale;
    let part = |(range, bins): (Range<usize>, &mut [Bin])| {
        context.check(operation)?;
        Ok(best_in_part(matrix, range, features, bins, scale))
    };
    let found = context.answers(matrix.bins >= PARALLEL, ranges(matrix).zip(parts), part)?;
    Ok(first_largest(found.into_iter()))
}

/// The best splits of two siblings, after taking the smaller one's histogram from the parent's, which is the larger one's then.
pub(super) fn best_of_siblings(
    context: &Context,
    operation: &str,
    (matrix, features): (&BinnedMatrix, &[bool]),
    smaller: &mut Node<'_>,
    larger: &mut Node<'_>,
) -> Result<[Option<Split>; 2]> {
    let small_bins = split_by_features(matrix, ranges(matrix), smaller.bins);
    let large_bins = split_by_features(matrix, ranges(matrix), larger.bins);
    let (small_scale, large_scale) = (&smaller.scale, &larger.scale);
    let part = |(range, (small, large)): (Range<usize>, (&mut [Bin], &mut [Bin]))| {
        context.check(operation)?;
        subtract(large, small);
        let small = best_in_part(matrix, range.clone(), features, small, small_scale);
        Ok([small, best_in_part(matrix, range, features, large, large_scale)])
    };
    let parts = ranges(matrix).zip(small_bins.into_iter().zip(large_bins));
    let found = context.answers(matrix.bins >= PARALLEL, parts, part)?;
    Ok([0, 1].map(|side| first_largest(found.iter().map(|pair| pair[side]))))
}

/// The features of each task.
fn ranges(matrix: &BinnedMatrix) -> impl Iterator<Item = Range<usize>> {
    let count = matrix.features.len();
    (0..count).step_by(TASK).map(move |first| first..count.min(first + TASK))
}

/// The best split by one of the features in `range`, whose bins these are.
fn best_in_part(matrix: &BinnedMatrix, range: Range<usize>, features: &[bool], bins: &[Bin], scale: &Scale<'_>) -> Option<Split> {
    let first_bin = matrix.features[range.start].first_bin;
    first_largest(range.filter(|&feature| features[feature]).map(|number| {
        let feature = &matrix.features[number];
        let bins = &bins[feature.first_bin - first_bin..][..feature.bins().len()];
        match feature.cuts {
            Cuts::Numeric(_) => numeric(number, bins, scale),
            Cuts::Categories { .. } => categories::best(number, bins, scale),
        }
    }))
}

/// The split of largest gain; the first among equals.
fn first_largest(splits: impl Iterator<Item = Option<Split>>) -> Option<Split> {
    splits.flatten().reduce(|best, split| if split.gain > best.gain { split } else { best })
}

/// Sums over the bins up to each one.
struct Prefix {
    gradient: [f64; 256],
    hessian: [f64; 256],
    count: usize,
}

/// The best bound of one feature. Its last bin holds the missing values.
fn numeric(feature: usize, bins: &[Bin], scale: &Scale<'_>) -> Option<Split> {
    let (&missing, present) = bins.split_last()?;
    let has_missing = missing[1] > 0.0;
    // With missing values, all others against them is a split too.
    let count = if has_missing { present.len() } else { present.len() - 1 };
    let mut prefix = Prefix { gradient: [0.0; 256], hessian: [0.0; 256], count };
    let mut sum = [0.0; 2];
    for (i, bin) in present[..count].iter().enumerate() {
        sum = [sum[0] + bin[0], sum[1] + bin[1]];
        (prefix.gradient[i], prefix.hessian[i]) = (sum[0], sum[1]);
    }
    let right = largest_score(&prefix, [0.0; 2], scale);
    let left = if has_missing { largest_score(&prefix, missing, scale) } else { (0, f64::NEG_INFINITY) };
    let ((bin, children), with_left) = if left.1 > right.1 { (left, missing) } else { (right, [0.0; 2]) };
    let sums = [prefix.gradient[bin] + with_left[0], prefix.hessian[bin] + with_left[1]];
    let gain = scale.gain(children)?;
    // Where training has seen none, missing values follow the larger part.
    let missing_left = if has_missing { left.1 > right.1 } else { 2.0 * sums[1] >= scale.total[1] };
    Some(Split { gain, feature, rule: Rule::UpTo(bin as u8), missing_left, left: sums })
}

/// The first bin after which the children's scores are largest, with `extra` on the left side.
fn largest_score(prefix: &Prefix, extra: [f64; 2], scale: &Scale<'_>) -> (usize, f64) {
    let [total_gradient, total_hessian] = scale.real(scale.total);
    let (least, lambda) = (scale.least_weight(), scale.options.lambda);
    vectorized(
        #[inline(always)]
        || {
            let mut scores = [f64::NEG_INFINITY; 256];
            let sums = prefix.gradient[..prefix.count].iter().zip(&prefix.hessian[..prefix.count]);
            for (to, (&gradient, &hessian)) in scores.iter_mut().zip(sums) {
                let [gradient, hessian] = scale.real([gradient + extra[0], hessian + extra[1]]);
                let (right_gradient, right_hessian) = (total_gradient - gradient, total_hessian - hessian);
                let score = scale.score([gradient, hessian], lambda) + scale.score([right_gradient, right_hessian], lambda);
                *to = if (hessian >= least) & (right_hessian >= least) { score } else { f64::NEG_INFINITY };
            }
            let largest = scores.iter().fold(f64::NEG_INFINITY, |largest, &score| if score > largest { score } else { largest });
            (scores.iter().position(|&score| score == largest).unwrap_or(0), largest)
        },
    )
}
