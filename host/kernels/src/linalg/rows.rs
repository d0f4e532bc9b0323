//! The two inner loops of matrix times vector. Both read each element of a matrix with contiguous rows once, in the order in which it
//! lies in memory.

use pulp::{Simd, WithSimd};

use super::matrix::Matrix;
use crate::float::Float;
use crate::instructions::arch;

/// Rows whose products are summed side by side: one alone would wait for each addition.
const ROWS: usize = 4;
/// Elements that stay in the first-level cache while their columns are summed.
const RESIDENT: usize = 1 << 12;

/// Calls `put(row, product)` with the dot product of each row of `a` and `x`.
pub(crate) fn dot_rows<T: Float>(a: Matrix<'_, T>, x: &[T], put: impl FnMut(usize, T)) {
    arch().dispatch(DotRows { a, x, put });
}

struct DotRows<'a, T, P> {
    a: Matrix<'a, T>,
    x: &'a [T],
    put: P,
}

impl<T: Float, P: FnMut(usize, T)> WithSimd for DotRows<'_, T, P> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let whole = self.a.rows / ROWS * ROWS;
        for first in (0..whole).step_by(ROWS) {
            self.some::<S, ROWS>(simd, first);
        }
        for first in whole..self.a.rows {
            self.some::<S, 1>(simd, first);
        }
    }
}

impl<T: Float, P: FnMut(usize, T)> DotRows<'_, T, P> {
    #[inline(always)]
    fn some<S: Simd, const R: usize>(&mut self, simd: S, first: usize) {
        let rows: [&[T]; R] = std::array::from_fn(|row| &self.a.elements[(first + row) * self.a.row_stride..][..self.x.len()]);
        let (x, x_rest) = T::vectors::<S>(self.x);
        let vectors: [&[T::Vector<S>]; R] = std::array::from_fn(|row| &T::vectors::<S>(rows[row]).0[..x.len()]);
        let mut sums = [T::splat(simd, T::ZERO); R];
        for (i, &x) in x.iter().enumerate() {
            for row in 0..R {
                sums[row] = T::multiply_add(simd, vectors[row][i], x, sums[row]);
            }
        }
        if !x_rest.is_empty() {
            let x = T::load_part(simd, x_rest);
            for row in 0..R {
                let rest = T::load_part(simd, &rows[row][self.x.len() - x_rest.len()..]);
                sums[row] = T::multiply_add(simd, rest, x, sums[row]);
            }
        }
        for (row, &sum) in sums.iter().enumerate() {
            (self.put)(first + row, T::sum(simd, sum));
        }
    }
}

/// Adds the rows of `a`, weighted by the column `x`, to `sums`.
pub(crate) fn add_weighted_rows<T: Float>(sums: &mut [T], a: Matrix<'_, T>, x: Matrix<'_, T>) {
    let resident = (RESIDENT / sums.len()).max(8);
    for start in (0..a.rows).step_by(resident) {
        let rows = resident.min(a.rows - start);
        arch().dispatch(AddRows { sums, a: a.rows(start, rows), x: x.rows(start, rows) });
    }
}

struct AddRows<'a, T> {
    sums: &'a mut [T],
    a: Matrix<'a, T>,
    x: Matrix<'a, T>,
}

impl<T: Float> WithSimd for AddRows<'_, T> {
    type Output = ();

    /// Takes blocks of columns, whose sums stay in registers.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let AddRows { sums, a, x } = self;
        let lanes = size_of::<T::Vector<S>>() / size_of::<T>();
        let (sums, rest) = T::vectors_mut::<S>(sums);
        let (blocks, singles) = sums.as_chunks_mut::<4>();
        let mut column = 0;
        for block in blocks {
            add_columns::<T, S, 4>(simd, block, a.cols(column, 4 * lanes), x);
            column += 4 * lanes;
        }
        for single in singles {
            add_columns::<T, S, 1>(simd, std::array::from_mut(single), a.cols(column, lanes), x);
            column += lanes;
        }
        if !rest.is_empty() {
            let mut sum = T::load_part(simd, rest);
            for row in 0..a.rows {
                let values = T::load_part(simd, &a.elements[row * a.row_stride + column..][..rest.len()]);
                sum = T::multiply_add(simd, T::splat(simd, x.at(row, 0)), values, sum);
            }
            T::store_part(simd, rest, sum);
        }
    }
}

#[inline(always)]
fn add_columns<T: Float, S: Simd, const B: usize>(simd: S, sums: &mut [T::Vector<S>; B], a: Matrix<'_, T>, x: Matrix<'_, T>) {
    let (mut even, mut odd) = (*sums, [T::splat(simd, T::ZERO); B]);
    let add = |sums: &mut [T::Vector<S>; B], row: usize| {
        let weight = T::splat(simd, x.at(row, 0));
        let values = &T::vectors::<S>(&a.elements[row * a.row_stride..][..a.cols]).0[..B];
        for block in 0..B {
            sums[block] = T::multiply_add(simd, weight, values[block], sums[block]);
        }
    };
    for row in (1..a.rows).step_by(2) {
        add(&mut even, row - 1);
        add(&mut odd, row);
    }
    if !a.rows.is_multiple_of(2) {
        add(&mut even, a.rows - 1);
    }
    for block in 0..B {
        sums[block] = T::plus(simd, even[block], odd[block]);
    }
}
