//! Differences of rows, in the rows' own dtype.

use pulp::{Simd, WithSimd};

use crate::float::Float;
use crate::instructions::arch;

/// Stores each row of `x` minus `centre` in `out`, and calls `put` with the sum of its squares. All rows have the centre's length, not 0.
///
/// A sum is wrong by at most (d / 2 + 8) roundoffs; its last digits depend on the processor's vectors.
pub(super) fn subtract<T: Float>(x: &[T], centre: &[T], out: &mut [T], put: impl FnMut(T)) {
    arch().dispatch(Subtract { x, centre, out, put });
}

struct Subtract<'a, T, P> {
    x: &'a [T],
    centre: &'a [T],
    out: &'a mut [T],
    put: P,
}

impl<T: Float, P: FnMut(T)> WithSimd for Subtract<'_, T, P> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let (minus, d) = (T::splat(simd, -T::ONE), self.centre.len());
        let (centre, centre_rest) = T::vectors::<S>(self.centre);
        let centre_rest = T::load_part(simd, centre_rest);
        for (x, out) in self.x.chunks_exact(d).zip(self.out.chunks_exact_mut(d)) {
            let ((x, x_rest), (out, out_rest)) = (T::vectors::<S>(x), T::vectors_mut::<S>(out));
            let mut squares = [T::splat(simd, T::ZERO); 2];
            for (i, (to, (&x, &centre))) in out.iter_mut().zip(x.iter().zip(centre)).enumerate() {
                *to = T::multiply_add(simd, minus, centre, x);
                squares[i % 2] = T::multiply_add(simd, *to, *to, squares[i % 2]);
            }
            if !x_rest.is_empty() {
                let rest = T::multiply_add(simd, minus, centre_rest, T::load_part(simd, x_rest));
                T::store_part(simd, out_rest, rest);
                squares[0] = T::multiply_add(simd, rest, rest, squares[0]);
            }
            (self.put)(T::sum(simd, T::plus(simd, squares[0], squares[1])));
        }
    }
}

/// Calls `put` with Σ(x − y)² for each row of `x` and the row of `y` (both of `d` elements, not 0) that `whose` names. Wrong as above.
pub(super) fn squared_distances<T: Float>(x: &[T], y: &[T], d: usize, whose: impl FnMut(usize) -> usize, put: impl FnMut(usize, T)) {
    arch().dispatch(SquaredDistances { x, y, d, whose, put });
}

struct SquaredDistances<'a, T, W, P> {
    x: &'a [T],
    y: &'a [T],
    d: usize,
    whose: W,
    put: P,
}

impl<T: Float, W: FnMut(usize) -> usize, P: FnMut(usize, T)> WithSimd for SquaredDistances<'_, T, W, P> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let minus = T::splat(simd, -T::ONE);
        for (row, x) in self.x.chunks_exact(self.d).enumerate() {
            let y = &self.y[(self.whose)(row) * self.d..][..self.d];
            let ((x, x_rest), (y, y_rest)) = (T::vectors::<S>(x), T::vectors::<S>(y));
            let mut squares = [T::splat(simd, T::ZERO); 2];
            for (i, (&x, &y)) in x.iter().zip(y).enumerate() {
                let difference = T::multiply_add(simd, minus, y, x);
                squares[i % 2] = T::multiply_add(simd, difference, difference, squares[i % 2]);
            }
            if !x_rest.is_empty() {
                let rest = T::multiply_add(simd, minus, T::load_part(simd, y_rest), T::load_part(simd, x_rest));
                squares[0] = T::multiply_add(simd, rest, rest, squares[0]);
            }
            (self.put)(row, T::sum(simd, T::plus(simd, squares[0], squares[1])));
        }
    }
}
