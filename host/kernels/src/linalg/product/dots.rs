//! Few rows of `a` times a `b` whose columns are contiguous: dot products, on one thread.

use pulp::{Simd, WithSimd};

use super::STRETCH;
use super::blocks::{Blocks, are_read_in_place};
use super::scratch::with_scratch;
use super::tile::Sums;
use crate::float::Float;
use crate::linalg::vector::combine;
use crate::linalg::{Matrix, MatrixMut, lanes};

/// `out = alpha a b + beta out`, `R` rows of `a` at a time. No axis is empty.
pub(super) fn dots<T: Float, const R: usize>(out: &mut MatrixMut<'_, T>, a: Matrix<'_, T>, b: Matrix<'_, T>, scale: (T, T)) {
    let arch = Blocks::of::<T>().arch();
    let copied = if are_read_in_place(a) { 0 } else { a.rows * a.cols.min(STRETCH) };
    with_scratch(copied, |room| {
        for top in (0..a.cols).step_by(STRETCH) {
            let depth = STRETCH.min(a.cols - top);
            let (mut a, b) = (a.cols(top, depth), b.rows(top, depth));
            if copied > 0 {
                for (row, to) in room.chunks_exact_mut(depth).take(a.rows).enumerate() {
                    to.iter_mut().enumerate().for_each(|(i, to)| *to = a.at(row, i));
                }
                a = Matrix::row_major(room, a.rows, depth);
            }
            arch.dispatch(Dots::<T, R> { out, a, b, scale: (scale.0, if top == 0 { scale.1 } else { T::ONE }) });
        }
    });
}

struct Dots<'a, 'o, T, const R: usize> {
    out: &'a mut MatrixMut<'o, T>,
    a: Matrix<'a, T>,
    b: Matrix<'a, T>,
    scale: (T, T),
}

impl<T: Float, const R: usize> WithSimd for Dots<'_, '_, T, R> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // The sums of four rows and three columns fill 16 registers but for a few.
        if S::REGISTER_COUNT >= 32 { self.run::<S, 4>(simd) } else { self.run::<S, 3>(simd) }
    }
}

impl<T: Float, const R: usize> Dots<'_, '_, T, R> {
    #[inline(always)]
    fn run<S: Simd, const C: usize>(mut self, simd: S) {
        let whole = self.b.cols / C * C;
        for left in (0..whole).step_by(C) {
            self.columns::<S, C>(simd, left);
        }
        for left in whole..self.b.cols {
            self.columns::<S, 1>(simd, left);
        }
    }

    /// All rows times `C` columns from `left` on.
    #[inline(always)]
    fn columns<S: Simd, const C: usize>(&mut self, simd: S, left: usize) {
        let (depth, end) = (self.a.cols, self.a.rows);
        let columns: [&[T]; C] = std::array::from_fn(|column| &self.b.elements[(left + column) * self.b.col_stride..][..depth]);
        for first in (0..end).step_by(R) {
            // Where less than a group is left, the last row comes again and again.
            let rows: [&[T]; R] = std::array::from_fn(|row| &self.a.elements[(first + row).min(end - 1) * self.a.row_stride..][..depth]);
            let sums = products::<T, S, R, C>(simd, rows, columns, depth);
            for (row, sums) in sums.iter().enumerate().take(end - first) {
                for (column, &sum) in sums.iter().enumerate() {
                    combine(T::sum(simd, sum), self.scale, self.out.at(first + row, left + column));
                }
            }
        }
    }
}

/// Vectors whose lanes add up to the products of each row and column, all of which are `depth` long.
#[inline(always)]
fn products<T: Float, S: Simd, const R: usize, const C: usize>(
    simd: S,
    rows: [&[T]; R],
    columns: [&[T]; C],
    depth: usize,
) -> Sums<T, S, R, C> {
    let whole = depth / lanes::<T, S>();
    let row_vectors: [&[T::Vector<S>]; R] = std::array::from_fn(|row| &T::vectors::<S>(rows[row]).0[..whole]);
    let column_vectors: [&[T::Vector<S>]; C] = std::array::from_fn(|column| &T::vectors::<S>(columns[column]).0[..whole]);
    let mut sums = [[T::splat(simd, T::ZERO); C]; R];
    for i in 0..whole {
        for row in 0..R {
            for column in 0..C {
                sums[row][column] = T::multiply_add(simd, row_vectors[row][i], column_vectors[column][i], sums[row][column]);
            }
        }
    }
    let rest = whole * lanes::<T, S>();
    if rest < depth {
        for row in 0..R {
            let x = T::load_part(simd, &rows[row][rest..]);
            for column in 0..C {
                let y = T::load_part(simd, &columns[column][rest..]);
                sums[row][column] = T::multiply_add(simd, x, y, sums[row][column]);
            }
        }
    }
    sums
}
