//! What a search asks of vectors beyond sums and products.

use pulp::Simd;

use crate::linalg::Lanes;

/// Comparisons lane by lane. None of the operands is NaN.
pub(crate) trait Compare: Lanes {
    /// The lesser of each pair.
    fn lesser<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// The greater of each pair.
    fn greater<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// `then` where the first of `pair` is less than the second, `otherwise` elsewhere; these two are moved, not computed with.
    fn where_less<S: Simd>(
        simd: S,
        pair: (Self::Vector<S>, Self::Vector<S>),
        then: Self::Vector<S>,
        otherwise: Self::Vector<S>,
    ) -> Self::Vector<S>;
    /// The least lane.
    fn least<S: Simd>(simd: S, vector: Self::Vector<S>) -> Self;
    /// A count carried in the bits of a number, so that it can travel through [`Compare::where_less`].
    fn carry(count: u32) -> Self;
    /// The count that [`Compare::carry`] was given.
    fn carried(self) -> u32;
}

macro_rules! compare {
    ($t:ty, $bits:ty, $min:ident, $max:ident, $less:ident, $select:ident, $least:ident) => {
        impl Compare for $t {
            #[inline(always)]
            fn lesser<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S> {
                simd.$min(a, b)
            }
            #[inline(always)]
            fn greater<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S> {
                simd.$max(a, b)
            }
            #[inline(always)]
            fn where_less<S: Simd>(
                simd: S,
                (a, b): (Self::Vector<S>, Self::Vector<S>),
                then: Self::Vector<S>,
                otherwise: Self::Vector<S>,
            ) -> Self::Vector<S> {
                simd.$select(simd.$less(a, b), then, otherwise)
            }
            #[inline(always)]
            fn least<S: Simd>(simd: S, vector: Self::Vector<S>) -> Self {
                simd.$least(vector)
            }
            #[inline(always)]
            fn carry(count: u32) -> Self {
                Self::from_bits(<$bits>::from(count))
            }
            #[inline(always)]
            fn carried(self) -> u32 {
                self.to_bits() as u32
            }
        }
    };
}
compare!(f32, u32, min_f32s, max_f32s, less_than_f32s, select_f32s, reduce_min_f32s);
compare!(f64, u64, min_f64s, max_f64s, less_than_f64s, select_f64s, reduce_min_f64s);
