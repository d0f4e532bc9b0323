//! By how much boxes grow to take a row in, a register of columns at a time: what scoring spends its time on.

use pulp::Simd;

use crate::float::Float;

/// Columns are padded to so many bytes, a cache line: whole registers of every processor.
const LINE: usize = 64;

/// Columns rounded up to whole lines.
pub(super) fn padded<T>(columns: usize) -> usize {
    columns.next_multiple_of(LINE / size_of::<T>())
}

/// A type that boxes are made of.
pub(super) trait Side: Float {
    /// The sum over columns of what lies below `lower` or beyond `upper`, each lines of as many columns as `row`. NaN adds nothing.
    fn growth<S: Simd>(simd: S, lower: &[Self], upper: &[Self], row: &[Self]) -> Self;
}

macro_rules! side {
    ($t:ty, $vectors:ident, $splat:ident, $add:ident, $sub:ident, $greater:ident, $select:ident, $sum:ident) => {
        impl Side for $t {
            #[inline(always)]
            fn growth<S: Simd>(simd: S, lower: &[$t], upper: &[$t], row: &[$t]) -> $t {
                let zero = simd.$splat(0.0);
                let mut sum = zero;
                let bounds = S::$vectors(lower).0.iter().zip(S::$vectors(upper).0);
                for ((&low, &high), &x) in bounds.zip(S::$vectors(row).0) {
                    let (below, beyond) = (simd.$sub(low, x), simd.$sub(x, high));
                    // At most one of them is above 0. Selected, not the larger of two: that is NaN on some processors where one is.
                    let outside = simd.$select(simd.$greater(below, zero), below, beyond);
                    sum = simd.$add(sum, simd.$select(simd.$greater(outside, zero), outside, zero));
                }
                simd.$sum(sum)
            }
        }
    };
}
side!(f32, as_simd_f32s, splat_f32s, add_f32s, sub_f32s, greater_than_f32s, select_f32s, reduce_sum_f32s);
side!(f64, as_simd_f64s, splat_f64s, add_f64s, sub_f64s, greater_than_f64s, select_f64s, reduce_sum_f64s);
