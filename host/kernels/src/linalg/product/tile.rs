//! The inner loop of a product: a few rows of `a` times a panel of `b`, summed in the processor's registers.

use pulp::Simd;

use super::width::{MOST_LANES, MOST_VECTORS};
use crate::float::Float;
use crate::linalg::vector::combine;
use crate::linalg::{Lanes, MatrixMut, lanes};

/// `R` rows of `a`.
pub(crate) trait Left<T, const R: usize>: Copy {
    /// The same rows, up to `depth` columns.
    fn cut(self, depth: usize) -> Self;
    /// The `i`th number of a row.
    fn at(self, row: usize, i: usize) -> T;
    /// As many columns from the first on that come in groups of `U`.
    fn grouped<const U: usize>(self) -> usize;
    /// One of a row's `q`th group of `U` numbers.
    fn of_group<const U: usize>(self, row: usize, q: usize, place: usize) -> T;
}

/// Rows as they lie in memory.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a, T, const R: usize>(pub(crate) [&'a [T]; R]);

impl<T: Copy, const R: usize> Left<T, R> for Rows<'_, T, R> {
    #[inline(always)]
    fn cut(self, depth: usize) -> Self {
        let mut cut = self;
        cut.0.iter_mut().for_each(|row| *row = &row[..depth]);
        cut
    }

    #[inline(always)]
    fn at(self, row: usize, i: usize) -> T {
        self.0[row][i]
    }

    #[inline(always)]
    fn grouped<const U: usize>(self) -> usize {
        self.0[0].len() / U * U
    }

    #[inline(always)]
    fn of_group<const U: usize>(self, row: usize, q: usize, place: usize) -> T {
        self.0[row].as_chunks::<U>().0[q][place]
    }
}

/// Rows that were packed side by side.
#[derive(Clone, Copy)]
pub(super) struct Strip<'a, T, const R: usize>(pub(super) &'a [[T; R]]);

impl<T: Copy, const R: usize> Left<T, R> for Strip<'_, T, R> {
    #[inline(always)]
    fn cut(self, depth: usize) -> Self {
        Strip(&self.0[..depth])
    }

    #[inline(always)]
    fn at(self, row: usize, i: usize) -> T {
        self.0[i][row]
    }

    /// Taken one after the other, strips are read faster.
    #[inline(always)]
    fn grouped<const U: usize>(self) -> usize {
        0
    }

    #[inline(always)]
    fn of_group<const U: usize>(self, row: usize, q: usize, place: usize) -> T {
        self.0[U * q + place][row]
    }
}

/// Sums over the inner axis, by row and vector.
pub(crate) type Sums<T, S, const R: usize, const V: usize> = [[<T as Lanes>::Vector<S>; V]; R];

/// Rows times a packed panel.
#[inline(always)]
pub(crate) fn times_panel<T: Float, S: Simd, const R: usize, const V: usize>(
    simd: S,
    rows: impl Left<T, R>,
    panel: &[T],
) -> Sums<T, S, R, V> {
    let panel = T::vectors::<S>(panel).0.as_chunks::<V>().0;
    // Several at a time: the loop and its checks take a tenth of the time else. Too many, and the compiler keeps the sums in memory.
    if V <= 2 { in_groups::<T, S, R, V, 4>(simd, rows, panel) } else { in_groups::<T, S, R, V, 2>(simd, rows, panel) }
}

/// Rows times a panel, `U` columns of the rows at a time.
#[inline(always)]
fn in_groups<T: Float, S: Simd, const R: usize, const V: usize, const U: usize>(
    simd: S,
    rows: impl Left<T, R>,
    panel: &[[T::Vector<S>; V]],
) -> Sums<T, S, R, V> {
    let rows = rows.cut(panel.len());
    let mut sums = [[T::splat(simd, T::ZERO); V]; R];
    let (groups, rest) = panel.split_at(rows.grouped::<U>());
    for (q, group) in groups.as_chunks::<U>().0.iter().enumerate() {
        for (place, b) in group.iter().enumerate() {
            add::<T, S, R, V>(
                simd,
                #[inline(always)]
                |row| rows.of_group::<U>(row, q, place),
                b,
                &mut sums,
            );
        }
    }
    for (i, b) in rest.iter().enumerate() {
        add::<T, S, R, V>(
            simd,
            #[inline(always)]
            |row| rows.at(row, groups.len() + i),
            b,
            &mut sums,
        );
    }
    sums
}

/// Rows times columns that are as many vectors wide and lie `stride` apart.
#[inline(always)]
pub(super) fn times_columns<T: Float, S: Simd, const R: usize, const V: usize>(
    simd: S,
    rows: impl Left<T, R>,
    (columns, stride): (&[T], usize),
    depth: usize,
) -> Sums<T, S, R, V> {
    let rows = rows.cut(depth);
    let mut sums = [[T::splat(simd, T::ZERO); V]; R];
    for i in 0..depth {
        let b = T::vectors::<S>(&columns[i * stride..][..lanes::<T, S>() * V]).0;
        let Some(b) = b.first_chunk::<V>() else { return sums };
        add::<T, S, R, V>(
            simd,
            #[inline(always)]
            |row| rows.at(row, i),
            b,
            &mut sums,
        );
    }
    sums
}

/// Adds the products of one number of each row. It is read where it is spread over a vector, so that one instruction does both.
#[inline(always)]
fn add<T: Float, S: Simd, const R: usize, const V: usize>(
    simd: S,
    of_row: impl Fn(usize) -> T,
    b: &[T::Vector<S>; V],
    sums: &mut Sums<T, S, R, V>,
) {
    for (row, sums) in sums.iter_mut().enumerate() {
        let x = T::splat(simd, of_row(row));
        for (sum, &b) in sums.iter_mut().zip(b) {
            *sum = T::multiply_add(simd, x, b, *sum);
        }
    }
}

/// `out = alpha sums + beta out`, for some rows from `top` and some columns from `left` on: sums beyond them are of nothing.
#[inline(always)]
pub(super) fn write<T: Float, S: Simd, const R: usize, const V: usize>(
    simd: S,
    out: &mut MatrixMut<'_, T>,
    ((top, rows), (left, cols)): ((usize, usize), (usize, usize)),
    sums: &Sums<T, S, R, V>,
    scale: (T, T),
) {
    let width = lanes::<T, S>() * V;
    for (row, sums) in sums.iter().enumerate().take(rows) {
        let first = (top + row) * out.row_stride + left * out.col_stride;
        if out.col_stride == 1 && cols == width {
            if let Some(to) = T::vectors_mut::<S>(&mut out.elements[first..][..width]).0.first_chunk_mut::<V>() {
                write_whole::<T, S, V>(simd, to, sums, scale);
            }
            continue;
        }
        let mut values = [T::ZERO; MOST_LANES * MOST_VECTORS];
        T::vectors_mut::<S>(&mut values).0.iter_mut().zip(sums).for_each(|(to, sum)| *to = *sum);
        let to = out.elements[first..].iter_mut().step_by(out.col_stride.max(1));
        to.zip(&values).take(cols).for_each(|(to, &sum)| combine(sum, scale, to));
    }
}

#[inline(always)]
fn write_whole<T: Float, S: Simd, const V: usize>(simd: S, to: &mut [T::Vector<S>; V], sums: &[T::Vector<S>; V], (alpha, beta): (T, T)) {
    let (zero, alpha, factor) = (T::splat(simd, T::ZERO), T::splat(simd, alpha), T::splat(simd, beta));
    for (to, &sum) in to.iter_mut().zip(sums) {
        let before = if beta == T::ZERO { zero } else { T::multiply_add(simd, factor, *to, zero) };
        *to = T::multiply_add(simd, alpha, sum, before);
    }
}
