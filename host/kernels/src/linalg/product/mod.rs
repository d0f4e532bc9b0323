//! Matrix times matrix, cut into tasks by shape alone, so that the number of threads does not change a bit of the result.
//!
//! The only file of the kernels with `unsafe`: the `gemm` crate takes pointers.
#![expect(unsafe_code, reason = "the gemm crate takes pointers and strides")]

use gemm::Parallelism;
use rayon::prelude::*;

use super::matrix::{Matrix, MatrixMut};
use super::vector::combine;
use crate::context::Context;
use crate::error::Result;
use crate::float::Float;
use crate::workspace::Workspace;

/// Below so many multiplications a plain loop is done before the library has started.
const TINY: usize = 256;
/// Below so many the hop to the pool costs more than it brings.
const PARALLEL: usize = 1 << 20;
/// The least work worth a task of its own.
const TASK: usize = 1 << 21;
/// Results that partial products of [`in_depths`] may have.
const SMALL_RESULT: usize = 1 << 18;
/// Longest stretch of the inner axis, and of columns, between two looks at the cancel token.
const STRETCH: usize = 1 << 12;

/// `alpha a b + beta out`: everything about a product but where it goes. Shapes fit (the caller checked); with beta 0, `out` is not read.
#[derive(Clone, Copy)]
pub(crate) struct Product<'a, T> {
    pub(crate) context: &'a Context,
    /// What errors begin with.
    pub(crate) operation: &'a str,
    pub(crate) a: Matrix<'a, T>,
    pub(crate) b: Matrix<'a, T>,
    /// alpha and beta
    pub(crate) scale: (T, T),
}

impl<T: Float> Product<'_, T> {
    pub(crate) fn write_to(self, out: &mut MatrixMut<'_, T>) -> Result<()> {
        let (m, n, k) = (out.rows, out.cols, self.a.cols);
        if m == 0 || n == 0 {
            return Ok(());
        }
        if k == 0 {
            (0..m).for_each(|i| (0..n).for_each(|j| combine(T::ZERO, self.scale, out.at(i, j))));
            return Ok(());
        }
        let work = m.saturating_mul(n).saturating_mul(k);
        if work < TINY && (work < 32 || m > 1 && n > 1) {
            self.tiny(out);
            return Ok(());
        }
        // Rows of the result are cut into tasks, so they should lie apart in memory.
        if out.row_stride < out.col_stride && m > 1 && n > 1 {
            return self.transposed().write_to(&mut out.transposed());
        }
        if n == 1
            && let Some(done) = self.times_vector(out)
        {
            return done;
        }
        if m == 1
            && let Some(done) = self.transposed().times_vector(&mut out.transposed())
        {
            return done;
        }
        if work < PARALLEL {
            serial(out, self.a, self.b, self.scale);
            return Ok(());
        }
        let rows = (m.div_ceil(16).next_multiple_of(64)).clamp(128, 512).max(TASK / n.saturating_mul(k));
        let row_tasks = m.div_ceil(rows);
        if row_tasks < 8 && m.saturating_mul(n) <= SMALL_RESULT && k >= 2 * STRETCH {
            return self.in_depths(out);
        }
        if row_tasks < 8 && n >= 2 * STRETCH {
            return self.in_columns(out);
        }
        self.in_rows(out, rows)
    }

    /// The product whose result is the transposed one.
    fn transposed(self) -> Self {
        Product { a: self.b.transposed(), b: self.a.transposed(), ..self }
    }

    fn tiny(self, out: &mut MatrixMut<'_, T>) {
        for i in 0..out.rows {
            for j in 0..out.cols {
                let mut sum = T::ZERO;
                for l in 0..self.a.cols {
                    sum = sum + self.a.at(i, l) * self.b.at(l, j);
                }
                combine(sum, self.scale, out.at(i, j));
            }
        }
    }

    /// A task for each `rows` rows of the result.
    fn in_rows(self, out: &mut MatrixMut<'_, T>, rows: usize) -> Result<()> {
        let (m, n, row_stride, col_stride) = (out.rows, out.cols, out.row_stride.max(1), out.col_stride);
        // Rows do not interleave: `write_to` made the row stride the longer one, and elements are distinct.
        let elements = &mut out.elements[..(m - 1) * row_stride + (n - 1) * col_stride + 1];
        let task_elements = if rows >= m { elements.len() } else { rows * row_stride };
        self.context.in_pool(|| {
            elements.par_chunks_mut(task_elements).enumerate().try_for_each(|(task, elements)| {
                let start = task * rows;
                let rows = rows.min(m - start);
                let mut tile = MatrixMut { elements, rows, cols: n, row_stride, col_stride };
                Product { a: self.a.rows(start, rows), ..self }.in_stretches(&mut tile)
            })
        })
    }

    /// One thread's share of a product, with looks at the cancel token.
    pub(super) fn in_stretches(self, out: &mut MatrixMut<'_, T>) -> Result<()> {
        let (alpha, beta) = self.scale;
        for left in (0..out.cols).step_by(STRETCH) {
            let cols = STRETCH.min(out.cols - left);
            for top in (0..self.a.cols).step_by(STRETCH) {
                self.context.check(self.operation)?;
                let depth = STRETCH.min(self.a.cols - top);
                let beta = if top == 0 { beta } else { T::ONE };
                let (a, b) = (self.a.cols(top, depth), self.b.rows(top, depth).cols(left, cols));
                serial(&mut out.cols(left, cols), a, b, (alpha, beta));
            }
        }
        Ok(())
    }

    /// Few rows and columns, a long inner axis: tasks cut the inner axis, and their sums are merged in order.
    fn in_depths(self, out: &mut MatrixMut<'_, T>) -> Result<()> {
        let (m, n, k) = (out.rows, out.cols, self.a.cols);
        let depth = STRETCH.max(TASK / (m * n)).max(k.div_ceil(64));
        let mut parts = Workspace::<T>::new(self.context, self.operation, k.div_ceil(depth) * m * n)?;
        self.context.in_pool(|| {
            parts.par_chunks_mut(m * n).enumerate().try_for_each(|(task, part)| {
                let (top, depth) = (task * depth, depth.min(k - task * depth));
                // gemm likes the longer axis of the result contiguous.
                let (row_stride, col_stride) = if m > n { (1, m) } else { (n, 1) };
                let mut part = MatrixMut { elements: part, rows: m, cols: n, row_stride, col_stride };
                let (a, b) = (self.a.cols(top, depth), self.b.rows(top, depth));
                Product { a, b, scale: (T::ONE, T::ZERO), ..self }.in_stretches(&mut part)
            })
        })?;
        let (sums, others) = parts.split_at_mut(m * n);
        for other in others.chunks_exact(m * n) {
            sums.iter_mut().zip(other).for_each(|(sum, &value)| *sum = *sum + value);
        }
        let (down, right) = if m > n { (1, m) } else { (n, 1) };
        (0..m).for_each(|i| (0..n).for_each(|j| combine(sums[i * down + j * right], self.scale, out.at(i, j))));
        Ok(())
    }

    /// Few rows, many columns: a task for each [`STRETCH`] columns.
    fn in_columns(self, out: &mut MatrixMut<'_, T>) -> Result<()> {
        let (m, n, row_stride, col_stride) = (out.rows, out.cols, out.row_stride.max(1), out.col_stride);
        let row_elements = (n - 1) * col_stride + 1;
        let mut tasks: Vec<Vec<&mut [T]>> = (0..n.div_ceil(STRETCH)).map(|_| Vec::with_capacity(m)).collect();
        // One row may have a shorter stride than elements; several do not interleave (see `in_rows`).
        let row_stride = if m == 1 { row_elements } else { row_stride };
        for row in out.elements.chunks_mut(row_stride).take(m) {
            let pieces = row[..row_elements].chunks_mut(STRETCH * col_stride);
            tasks.iter_mut().zip(pieces).for_each(|(task, piece)| task.push(piece));
        }
        let tile = || Workspace::<T>::new(self.context, self.operation, m * STRETCH);
        self.context.in_pool(|| {
            tasks.into_par_iter().enumerate().try_for_each_init(tile, |tile, (task, rows)| {
                let tile = tile.as_mut().map_err(|error| error.clone())?;
                let (left, cols) = (task * STRETCH, STRETCH.min(n - task * STRETCH));
                let part = Product { b: self.b.cols(left, cols), scale: (T::ONE, T::ZERO), ..self };
                part.in_stretches(&mut MatrixMut::row_major(&mut tile[..m * cols], m, cols))?;
                for (row, sums) in rows.into_iter().zip(tile.chunks_exact(cols)) {
                    if col_stride == 1 {
                        row.iter_mut().zip(sums).for_each(|(out, &sum)| combine(sum, self.scale, out));
                    } else {
                        row.iter_mut().step_by(col_stride).zip(sums).for_each(|(out, &sum)| combine(sum, self.scale, out));
                    }
                }
                Ok(())
            })
        })
    }
}

/// `out = alpha a b + beta out` on this thread. With beta 0, `out` is not read.
pub(crate) fn serial<T: Float>(out: &mut MatrixMut<'_, T>, a: Matrix<'_, T>, b: Matrix<'_, T>, (alpha, beta): (T, T)) {
    assert!(a.rows == out.rows && b.cols == out.cols && a.cols == b.rows, "shapes were checked by the caller");
    assert!(a.is_inside() && b.is_inside() && out.is_inside_and_distinct(), "tensors lie in their storage");
    // SAFETY: the checks above: every element that gemm can reach from the three pointers with these lengths and strides lies in the
    // slice that the pointer comes from; strides fit `isize`, or belong to an axis of length 1 and are never taken. `out` is borrowed
    // mutably, so it overlaps neither `a` nor `b`, and its own elements are distinct. T is f32 or f64, which gemm knows.
    unsafe {
        gemm::gemm(
            out.rows,
            out.cols,
            a.cols,
            out.elements.as_mut_ptr(),
            out.col_stride as isize,
            out.row_stride as isize,
            beta != T::ZERO,
            a.elements.as_ptr(),
            a.col_stride as isize,
            a.row_stride as isize,
            b.elements.as_ptr(),
            b.col_stride as isize,
            b.row_stride as isize,
            // gemm's names are the other way round: its alpha scales `out`.
            beta,
            alpha,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}
