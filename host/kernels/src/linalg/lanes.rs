//! Vectors of the processor's width, for either type: the few operations that matrix times vector is made of.

use pulp::Simd;

/// A type whose slices can be read as vectors.
pub(crate) trait Lanes: Copy {
    /// As many values as one register of `S` holds.
    type Vector<S: Simd>: Copy;
    /// The value in every lane.
    fn splat<S: Simd>(simd: S, value: Self) -> Self::Vector<S>;
    /// The whole vectors of a slice, and the rest.
    fn vectors<S: Simd>(values: &[Self]) -> (&[Self::Vector<S>], &[Self]);
    /// The whole vectors of a slice, and the rest.
    fn vectors_mut<S: Simd>(values: &mut [Self]) -> (&mut [Self::Vector<S>], &mut [Self]);
    /// A slice shorter than a vector, followed by zeros.
    fn load_part<S: Simd>(simd: S, values: &[Self]) -> Self::Vector<S>;
    /// As many of the first lanes as the slice has room for.
    fn store_part<S: Simd>(simd: S, values: &mut [Self], vector: Self::Vector<S>);
    /// `a + b`.
    fn plus<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// `a b + c`, rounded once where the processor can.
    fn multiply_add<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>, c: Self::Vector<S>) -> Self::Vector<S>;
    /// The sum of the lanes.
    fn sum<S: Simd>(simd: S, vector: Self::Vector<S>) -> Self;
}

/// As many values as a register holds.
#[inline(always)]
pub(crate) fn lanes<T: Lanes, S: Simd>() -> usize {
    size_of::<T::Vector<S>>() / size_of::<T>()
}

macro_rules! lanes {
    ($t:ty, $vector:ident, $splat:ident, $vectors:ident, $vectors_mut:ident, $load:ident, $store:ident, $add:ident, $mul_add:ident, $sum:ident) => {
        impl Lanes for $t {
            type Vector<S: Simd> = S::$vector;
            #[inline(always)]
            fn splat<S: Simd>(simd: S, value: $t) -> S::$vector {
                simd.$splat(value)
            }
            #[inline(always)]
            fn vectors<S: Simd>(values: &[$t]) -> (&[S::$vector], &[$t]) {
                S::$vectors(values)
            }
            #[inline(always)]
            fn vectors_mut<S: Simd>(values: &mut [$t]) -> (&mut [S::$vector], &mut [$t]) {
                S::$vectors_mut(values)
            }
            #[inline(always)]
            fn load_part<S: Simd>(simd: S, values: &[$t]) -> S::$vector {
                simd.$load(values)
            }
            #[inline(always)]
            fn store_part<S: Simd>(simd: S, values: &mut [$t], vector: S::$vector) {
                simd.$store(values, vector)
            }
            #[inline(always)]
            fn plus<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$add(a, b)
            }
            #[inline(always)]
            fn multiply_add<S: Simd>(simd: S, a: S::$vector, b: S::$vector, c: S::$vector) -> S::$vector {
                simd.$mul_add(a, b, c)
            }
            #[inline(always)]
            fn sum<S: Simd>(simd: S, vector: S::$vector) -> $t {
                simd.$sum(vector)
            }
        }
    };
}
lanes!(
    f32,
    f32s,
    splat_f32s,
    as_simd_f32s,
    as_mut_simd_f32s,
    partial_load_f32s,
    partial_store_f32s,
    add_f32s,
    mul_add_e_f32s,
    reduce_sum_f32s
);
lanes!(
    f64,
    f64s,
    splat_f64s,
    as_simd_f64s,
    as_mut_simd_f64s,
    partial_load_f64s,
    partial_store_f64s,
    add_f64s,
    mul_add_e_f64s,
    reduce_sum_f64s
);
