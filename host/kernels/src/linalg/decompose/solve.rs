//! `solve`: systems of linear equations, as many right-hand sides at once as there are.

use faer::linalg::lu::partial_pivoting::factor::{lu_in_place, lu_in_place_scratch};
use faer::linalg::lu::partial_pivoting::solve as lu;
use faer::linalg::triangular_solve as triangular;
use faer::{Par, Spec};

use super::cholesky;
use super::columns::{Columns, Part, Real, Stack, magnitude, matrix_of};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::float::with_float;
use crate::linalg::{Matrix, Structure};
use crate::tensor::Tensor;
use crate::workspace::Workspace;

/// Below so many multiplications the hop to the pool costs more than it brings.
const PARALLEL: usize = 1 << 18;

/// x with `a` x = `b`, where `a` is n x n and `b` is n x k, or b x n x n and b x n x k for a batch of systems: a new tensor of `b`'s
/// shape. `structure` says what is known of `a`, and so which of its elements are read; a view of `a` transposed solves with its
/// transpose. NaN and infinities in `b` stay in their columns.
///
/// Float32 and float64. A general matrix is decomposed with partial pivoting after its rows were scaled by powers of 2.
///
/// # Errors
/// Bad operation when shapes or dtypes do not fit, when what is read of `a` holds NaN or an infinity, or when `a` is singular or, for
/// [`Structure::PositiveDefinite`], not positive definite in its dtype's precision; not supported for other dtypes, limit exceeded,
/// interrupted. A triangular matrix is singular where its diagonal is 0.
pub fn solve(context: &Context, a: &Tensor, b: &Tensor, structure: Structure) -> Result<Tensor> {
    const NAME: &str = "solve";
    let (batches, n) = square_batch(NAME, a)?;
    let axes = b.shape().len();
    if axes != a.shape().len() || b.shape()[..axes - 1] != a.shape()[..axes - 1] || a.dtype() != b.dtype() {
        return Err(Error::bad(format!(
            "{NAME}: the right-hand side {b:?} does not fit the matrix {a:?}; as many rows and the same dtype are wanted"
        )));
    }
    let k = b.shape()[axes - 1];
    with_float!(NAME, a.dtype(), T => {
        let out = Tensor::zeros_for(context, NAME, b.shape(), b.dtype())?;
        let (a_read, b_read) = (a.read(NAME)?, b.read(NAME)?);
        let mut written = out.write(NAME)?;
        let batch = Batch { context, operation: NAME, count: batches, work: n * n * (n + k) };
        batch.run(&mut written.elements::<T>()[..batches * n * k], n * k, |index, out| {
            let mut x = Columns::copy_of(context, NAME, matrix_of::<T>(b, &b_read, index))?;
            solve_in_place(context, NAME, matrix_of::<T>(a, &a_read, index), &mut x, structure)?;
            x.write_rows(out, k);
            Ok(())
        })?;
        drop(written);
        Ok(out)
    })
}

fn solve_in_place<T: Real>(context: &Context, operation: &str, a: Matrix<'_, T>, x: &mut Columns<T>, structure: Structure) -> Result<()> {
    let part = match structure {
        Structure::General => return Lu::new(context, operation, a)?.solve_in_place(context, operation, x),
        Structure::PositiveDefinite => {
            let factor = cholesky::factor(context, operation, a)?;
            triangular::solve_lower_triangular_in_place(factor.faer(), x.faer_mut(), Par::Seq);
            triangular::solve_upper_triangular_in_place(factor.faer().transpose(), x.faer_mut(), Par::Seq);
            return Ok(());
        }
        Structure::LowerTriangular => Part::Lower,
        Structure::UpperTriangular => Part::Upper,
        Structure::UnitLowerTriangular => Part::StrictlyLower,
        Structure::UnitUpperTriangular => Part::StrictlyUpper,
    };
    let a = Columns::finite_copy_of(context, operation, a, part)?;
    let with_diagonal = matches!(part, Part::Lower | Part::Upper);
    if with_diagonal && let Some(row) = (0..a.rows).find(|&row| a.at(row, row) == T::ZERO) {
        return Err(Error::bad(format!("{operation}: the triangular matrix is singular: its diagonal is 0 in row {row}")));
    }
    match part {
        Part::Lower => triangular::solve_lower_triangular_in_place(a.faer(), x.faer_mut(), Par::Seq),
        Part::StrictlyLower => triangular::solve_unit_lower_triangular_in_place(a.faer(), x.faer_mut(), Par::Seq),
        Part::Upper => triangular::solve_upper_triangular_in_place(a.faer(), x.faer_mut(), Par::Seq),
        _ => triangular::solve_unit_upper_triangular_in_place(a.faer(), x.faer_mut(), Par::Seq),
    }
    Ok(())
}

/// P D `a` = L U, where D scales rows by powers of 2 and P permutes them.
pub(super) struct Lu<T> {
    pub(super) factors: Columns<T>,
    /// log2 of the factors in D.
    pub(super) exponents: Vec<i32>,
    /// Of n rows; where each comes from, and where each goes.
    permutation: (Workspace<u32>, Workspace<u32>),
    /// Whether P swaps an odd number of pairs.
    pub(super) odd: bool,
    /// The first row in which, in the dtype's precision, no pivot is left.
    pub(super) singular: Option<usize>,
}

impl<T: Real> Lu<T> {
    pub(super) fn new(context: &Context, operation: &str, a: Matrix<'_, T>) -> Result<Lu<T>> {
        let n = a.rows;
        if u32::try_from(n).is_err() {
            return Err(Error::limit(format!("{operation}: {n} equations are more than can be permuted")));
        }
        let mut factors = Columns::finite_copy_of(context, operation, a, Part::Whole)?;
        let exponents = scale_rows(&mut factors);
        let largest: Vec<f64> =
            (0..n).map(|col| factors.column(col).iter().fold(0.0, |most: f64, value| most.max(value.to_f64().abs()))).collect();
        let mut permutation = (Workspace::new(context, operation, n)?, Workspace::new(context, operation, n)?);
        let mut stack = Stack::new(context, operation, lu_in_place_scratch::<u32, T>(n, n, Par::Seq, Spec::default()))?;
        let stack = faer::dyn_stack::MemStack::new(&mut stack.buffer);
        let (info, _) = lu_in_place(factors.faer_mut(), &mut permutation.0, &mut permutation.1, Par::Seq, stack, Spec::default());
        // A pivot no larger than what rounding does to its column is a zero.
        let singular = (0..n).find(|&row| {
            let is_regular = factors.at(row, row).to_f64().abs() > 2.0 * T::ROUNDOFF * largest[row];
            !is_regular
        });
        Ok(Lu { factors, exponents, permutation, odd: info.transposition_count % 2 == 1, singular })
    }

    fn solve_in_place(&self, context: &Context, operation: &str, x: &mut Columns<T>) -> Result<()> {
        if let Some(row) = self.singular {
            return Err(Error::bad(format!(
                "{operation}: the matrix is singular: column {row} depends on those before it, in its dtype's precision; \
                 least-squares solves such systems"
            )));
        }
        for col in 0..x.cols {
            x.column_mut(col).iter_mut().zip(&self.exponents).for_each(|(value, &exponent)| *value = scaled(*value, exponent));
        }
        let (n, factors) = (self.factors.rows, self.factors.faer());
        let mut stack = Stack::new(context, operation, lu::solve_in_place_scratch::<u32, T>(n, x.cols, Par::Seq))?;
        let stack = faer::dyn_stack::MemStack::new(&mut stack.buffer);
        let permutation = faer::perm::PermRef::new_checked(&self.permutation.0, &self.permutation.1, n);
        lu::solve_in_place(factors, factors, permutation, x.faer_mut(), Par::Seq, stack);
        Ok(())
    }
}

/// Brings every row's largest element between 1/2 and 1; returns the exponents that were used.
fn scale_rows<T: Real>(a: &mut Columns<T>) -> Vec<i32> {
    let mut largest = vec![T::ZERO; a.rows];
    for col in 0..a.cols {
        for (most, &value) in largest.iter_mut().zip(a.column(col)) {
            if magnitude(value) > *most {
                *most = magnitude(value);
            }
        }
    }
    // Of 0, -1023: a row of zeros stays one.
    let exponent = |most: &T| -((most.to_f64().to_bits() >> 52) as i32 - 1022).max(-1000);
    let exponents: Vec<i32> = largest.iter().map(exponent).collect();
    for col in 0..a.cols {
        a.column_mut(col).iter_mut().zip(&exponents).for_each(|(value, &exponent)| *value = scaled(*value, exponent));
    }
    exponents
}

/// `value` times 2 to the power of `exponent`.
fn scaled<T: Real>(value: T, exponent: i32) -> T {
    T::from_f64(value.to_f64() * 2.0_f64.powi(exponent))
}

/// Number of matrices, and of their rows, in a square matrix or a batch of them.
pub(super) fn square_batch(operation: &str, a: &Tensor) -> Result<(usize, usize)> {
    match a.shape()[..] {
        [rows, cols] if rows == cols => Ok((1, rows)),
        [batch, rows, cols] if rows == cols => Ok((batch, rows)),
        _ => Err(Error::bad(format!(
            "{operation}: a square matrix, or a batch of them, is wanted; a tensor of shape {} is given",
            a.shape()
        ))),
    }
}

/// Matrices that have nothing to do with each other.
pub(super) struct Batch<'a> {
    pub(super) context: &'a Context,
    pub(super) operation: &'a str,
    pub(super) count: usize,
    /// Multiplications for each.
    pub(super) work: usize,
}

impl Batch<'_> {
    /// Calls `each` with the index of every matrix and its part of `out`, `elements` long.
    pub(super) fn run<T: Real>(&self, out: &mut [T], elements: usize, each: impl Fn(usize, &mut [T]) -> Result<()> + Sync) -> Result<()> {
        self.context.check(self.operation)?;
        if elements == 0 {
            return Ok(());
        }
        let parallel = self.count > 1 && self.count.saturating_mul(self.work) >= PARALLEL;
        let together = (PARALLEL / self.work.max(1)).max(1);
        self.context.each(parallel, out.chunks_mut(together.saturating_mul(elements)).enumerate(), |(part, out)| {
            out.chunks_exact_mut(elements).enumerate().try_for_each(|(index, out)| {
                self.context.check(self.operation)?;
                each(part * together + index, out)
            })
        })
    }
}
