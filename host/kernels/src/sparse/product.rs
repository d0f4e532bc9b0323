//! A sparse matrix times a dense one.
//!
//! Each row of the result is a sum of few rows of the dense matrix. It is added up in registers, a block of columns at a time, in the
//! order of the stored elements: neither threads nor the number of columns change a bit.

use super::{Csr, Lines, PARALLEL, TASK, column, transposed};
use crate::context::Context;
use crate::dtype::Element as _;
use crate::error::{Error, Result};
use crate::float::{Float, with_float};
use crate::linalg::combine;
use crate::tensor::Tensor;
use crate::vectorized::vectorized;

impl Csr {
    /// This matrix (n x m) times `dense`: m gives n, m x k gives n x k. With `transpose`, its transpose times `dense`: n gives m, n x k
    /// gives m x k, without the transposed matrix (where it is needed more than a few times, [`Csr::transpose`] once is faster).
    ///
    /// Sums are made in the operands' dtype; those of the transposed product, which are long, in float64.
    ///
    /// # Errors
    /// Bad operation when shapes or dtypes do not fit; limit exceeded, interrupted.
    pub fn multiply(&self, context: &Context, dense: &Tensor, transpose: bool) -> Result<Tensor> {
        self.product(context, "multiply", dense, (transpose, false))
    }

    /// `out = alpha A B + beta out`, with A, B and shapes as in [`Csr::multiply`]. With beta 0, `out` is not read.
    ///
    /// # Errors
    /// As [`Csr::multiply`]; bad operation when `out` has another shape or dtype, is read-only, or shares storage with an operand.
    pub fn multiply_into(&self, context: &Context, out: &Tensor, dense: &Tensor, transpose: bool, alpha: f64, beta: f64) -> Result<()> {
        const NAME: &str = "multiply-into";
        let shape = self.product_shape(NAME, dense, transpose)?;
        if out.dtype() != self.dtype() || out.shape()[..] != shape[..] {
            let wanted = crate::shape::checked_shape(NAME, &shape, self.dtype().size())?;
            return Err(Error::bad(format!(
                "{NAME}: the product is {} {wanted}, the output {} {}",
                self.dtype(),
                out.dtype(),
                out.shape()
            )));
        }
        if out.contiguous().is_some() {
            return self.run(context, NAME, out, dense, (transpose, false), (alpha, beta));
        }
        // Products are written row by row; a view with gaps takes a copy of the result.
        if out.shares_storage_with(dense) || out.shares_storage_with(self.values()) {
            return Err(Error::bad(format!("{NAME}: the output shares storage with an input; give it storage of its own")));
        }
        let product = out.copy_for(context, NAME)?;
        self.run(context, NAME, &product, dense, (transpose, false), (alpha, beta))?;
        out.take_elements(context, NAME, &product)
    }

    /// The product of the element-wise squares of this matrix (n x m) and of `dense` (m, or m x k): what a factorization machine subtracts
    /// from the square of the product.
    ///
    /// # Errors
    /// As [`Csr::multiply`].
    pub fn multiply_squares(&self, context: &Context, dense: &Tensor) -> Result<Tensor> {
        self.product(context, "multiply-squares", dense, (false, true))
    }

    fn product(&self, context: &Context, operation: &'static str, dense: &Tensor, kind: (bool, bool)) -> Result<Tensor> {
        let shape = self.product_shape(operation, dense, kind.0)?;
        let out = Tensor::zeros_for(context, operation, &shape, self.dtype())?;
        self.run(context, operation, &out, dense, kind, (1.0, 0.0))?;
        Ok(out)
    }

    fn product_shape(&self, operation: &str, dense: &Tensor, transpose: bool) -> Result<Vec<usize>> {
        let (to, from) = if transpose { (self.columns(), self.rows()) } else { (self.rows(), self.columns()) };
        let words = if transpose { ", transposed," } else { "" };
        if dense.dtype() != self.dtype() {
            let dtype = dense.dtype();
            return Err(Error::bad(format!("{operation}: {}{words} times {dtype}; cast the dense operand", self.shown())));
        }
        match dense.shape()[..] {
            [inner] if inner == from => Ok(vec![to]),
            [inner, k] if inner == from => Ok(vec![to, k]),
            _ => Err(Error::bad(format!("{operation}: {}{words} and a tensor of shape {} do not multiply", self.shown(), dense.shape()))),
        }
    }

    /// Shapes and dtypes fit, and `out` has no gaps.
    fn run(
        &self,
        context: &Context,
        operation: &'static str,
        out: &Tensor,
        dense: &Tensor,
        (transpose, square): (bool, bool),
        (alpha, beta): (f64, f64),
    ) -> Result<()> {
        let k = dense.shape().get(1).copied().unwrap_or(1);
        let dense = dense.to_contiguous(context, operation)?;
        with_float!(operation, self.dtype(), T => {
            let (values, from, mut to) = (self.values().read(operation)?, dense.read(operation)?, out.write(operation)?);
            let from = &from.elements::<T>()[dense.offset()..][..dense.element_count()];
            let to = &mut to.elements::<T>()[out.offset()..][..out.element_count()];
            let (lines, scale) = (self.lines::<T>(&values), (T::from_f64(alpha), T::from_f64(beta)));
            match (transpose, square) {
                _ if to.is_empty() => context.check(operation),
                (true, _) => transposed::multiply(context, operation, lines, from, k, to, scale),
                (false, false) => multiply::<T, false>(context, operation, lines, from, k, to, scale),
                (false, true) => multiply::<T, true>(context, operation, lines, from, k, to, scale),
            }
        })
    }
}

fn multiply<T: Float, const SQUARE: bool>(
    context: &Context,
    operation: &str,
    lines: Lines<'_, T>,
    dense: &[T],
    k: usize,
    out: &mut [T],
    scale: (T, T),
) -> Result<()> {
    let rows = |(lines, out): (Lines<'_, T>, &mut [T])| {
        context.check(operation)?;
        vectorized(
            #[inline(always)]
            || some_rows::<T, SQUARE>(lines, dense, k, out, scale),
        );
        Ok(())
    };
    let runs = lines.cut((TASK / k).max(1));
    let mut rest = out;
    let mut work = Vec::with_capacity(runs.len());
    for run in runs {
        let (out, others) = rest.split_at_mut(run.len() * k);
        work.push((lines.some(run), out));
        rest = others;
    }
    // Rows without elements cost a little, too.
    let parallel = lines.stored().saturating_add(lines.count()).saturating_mul(k) >= PARALLEL;
    context.each(parallel, work.into_iter(), rows)
}

/// These rows times the dense matrix of `k` columns.
#[inline(always)]
pub(crate) fn some_rows<T: Float, const SQUARE: bool>(lines: Lines<'_, T>, dense: &[T], k: usize, out: &mut [T], scale: (T, T)) {
    for (row, out) in out.chunks_exact_mut(k).enumerate() {
        let (indices, values) = lines.row(row);
        if k == 1 {
            combine(dot::<T, SQUARE>(indices, values, dense), scale, &mut out[0]);
            continue;
        }
        let row = Row { indices, values, dense, k, scale };
        let mut start = 0;
        while k - start >= 32 {
            row.block::<32, SQUARE>(start, out);
            start += 32;
        }
        while k - start >= 8 {
            if k - start >= 16 {
                row.block::<16, SQUARE>(start, out);
                start += 16;
            } else {
                row.block::<8, SQUARE>(start, out);
                start += 8;
            }
        }
        if k - start >= 4 {
            row.block::<4, SQUARE>(start, out);
            start += 4;
        }
        if k - start >= 2 {
            row.block::<2, SQUARE>(start, out);
            start += 2;
        }
        if start < k {
            row.block::<1, SQUARE>(start, out);
        }
    }
}

/// One sparse row times one dense column. Four sums side by side, because one would wait for each addition.
#[inline(always)]
fn dot<T: Float, const SQUARE: bool>(indices: &[i32], values: &[T], dense: &[T]) -> T {
    let ((indices, last_indices), (values, last_values)) = (indices.as_chunks::<4>(), values.as_chunks::<4>());
    let mut sums = [T::ZERO; 4];
    for (indices, values) in indices.iter().zip(values) {
        for lane in 0..4 {
            sums[lane] = sums[lane] + product::<T, SQUARE>(values[lane], dense[column(indices[lane])]);
        }
    }
    let mut sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    for (&index, &value) in last_indices.iter().zip(last_values) {
        sum = sum + product::<T, SQUARE>(value, dense[column(index)]);
    }
    sum
}

#[inline(always)]
fn product<T: Float, const SQUARE: bool>(value: T, other: T) -> T {
    let product = value * other;
    if SQUARE { product * product } else { product }
}

/// A sparse row and what it is multiplied with.
struct Row<'a, T> {
    indices: &'a [i32],
    values: &'a [T],
    dense: &'a [T],
    k: usize,
    scale: (T, T),
}

impl<T: Float> Row<'_, T> {
    /// `W` columns of the result, from `start` on.
    #[inline(always)]
    fn block<const W: usize, const SQUARE: bool>(&self, start: usize, out: &mut [T]) {
        let mut sums = [T::ZERO; W];
        for (&index, &value) in self.indices.iter().zip(self.values) {
            let dense = &self.dense[column(index) * self.k + start..][..W];
            for lane in 0..W {
                sums[lane] = sums[lane] + product::<T, SQUARE>(value, dense[lane]);
            }
        }
        let out = &mut out[start..][..W];
        for lane in 0..W {
            combine(sums[lane], self.scale, &mut out[lane]);
        }
    }
}
