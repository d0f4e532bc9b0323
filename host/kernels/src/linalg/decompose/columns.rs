//! Matrices as `faer` takes them: copies by columns, with workspace that is charged.

use faer::dyn_stack::{MemBuffer, StackReq};
use faer::traits::RealField;
use faer::{MatMut, MatRef};

use crate::context::{Charge, Context};
use crate::error::{Error, Result};
use crate::float::Float;
use crate::linalg::{Matrix, MatrixMut};
use crate::storage::Read;
use crate::tensor::Tensor;
use crate::workspace::Workspace;

/// What both crates compute in.
pub(super) trait Real: Float + RealField {}
impl Real for f32 {}
impl Real for f64 {}

/// Rows and columns that are copied at a time, so that neither side leaves the cache.
const PATCH: usize = 64;

/// Which elements of a matrix mean something; the others are taken for 0 and may be anything.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Whole,
    Lower,
    Upper,
    StrictlyLower,
    StrictlyUpper,
}

impl Part {
    fn has(self, row: usize, col: usize) -> bool {
        match self {
            Part::Whole => true,
            Part::Lower => row >= col,
            Part::Upper => row <= col,
            Part::StrictlyLower => row > col,
            Part::StrictlyUpper => row < col,
        }
    }
}

/// A matrix of our own, column after column.
pub(super) struct Columns<T> {
    elements: Workspace<T>,
    pub(super) rows: usize,
    pub(super) cols: usize,
}

impl<T: Real> Columns<T> {
    pub(super) fn zeros(context: &Context, operation: &str, rows: usize, cols: usize) -> Result<Columns<T>> {
        let count = rows.checked_mul(cols).ok_or_else(|| Error::limit(format!("{operation}: more workspace than can be counted")))?;
        Ok(Columns { elements: Workspace::new(context, operation, count)?, rows, cols })
    }

    pub(super) fn copy_of(context: &Context, operation: &str, matrix: Matrix<'_, T>) -> Result<Columns<T>> {
        let mut copy = Columns::zeros(context, operation, matrix.rows, matrix.cols)?;
        for top in (0..matrix.rows).step_by(PATCH) {
            for left in (0..matrix.cols).step_by(PATCH) {
                for col in left..(left + PATCH).min(matrix.cols) {
                    let column = &mut copy.elements[col * matrix.rows..][..matrix.rows];
                    for (row, value) in column.iter_mut().enumerate().skip(top).take(PATCH) {
                        *value = matrix.at(row, col);
                    }
                }
            }
        }
        Ok(copy)
    }

    /// A copy of the part that counts, all of which must be finite numbers.
    pub(super) fn finite_copy_of(context: &Context, operation: &str, matrix: Matrix<'_, T>, part: Part) -> Result<Columns<T>> {
        let mut copy = Columns::copy_of(context, operation, matrix)?;
        let rows = copy.rows;
        for col in 0..copy.cols {
            for (row, value) in copy.column_mut(col).iter_mut().enumerate() {
                if !part.has(row, col) {
                    *value = T::ZERO;
                } else if !value.to_f64().is_finite() {
                    let found = value.to_f64();
                    return Err(Error::bad(format!(
                        "{operation}: element [{row}, {col}] is {found}; every element must be a finite number"
                    )));
                }
            }
        }
        debug_assert_eq!(rows, matrix.rows);
        Ok(copy)
    }

    pub(super) fn column(&self, col: usize) -> &[T] {
        &self.elements[col * self.rows..][..self.rows]
    }

    pub(super) fn column_mut(&mut self, col: usize) -> &mut [T] {
        &mut self.elements[col * self.rows..][..self.rows]
    }

    pub(super) fn at(&self, row: usize, col: usize) -> T {
        self.elements[col * self.rows + row]
    }

    pub(super) fn as_matrix(&self) -> Matrix<'_, T> {
        Matrix { elements: &self.elements, rows: self.rows, cols: self.cols, row_stride: 1, col_stride: self.rows }
    }

    pub(super) fn as_matrix_mut(&mut self) -> MatrixMut<'_, T> {
        MatrixMut { elements: &mut self.elements, rows: self.rows, cols: self.cols, row_stride: 1, col_stride: self.rows }
    }

    pub(super) fn faer(&self) -> MatRef<'_, T> {
        MatRef::from_column_major_slice(&self.elements, self.rows, self.cols)
    }

    pub(super) fn faer_mut(&mut self) -> MatMut<'_, T> {
        MatMut::from_column_major_slice_mut(&mut self.elements, self.rows, self.cols)
    }

    /// Writes the first rows and columns, as many as fit, into a row-major matrix of `cols` columns.
    pub(super) fn write_rows(&self, out: &mut [T], cols: usize) {
        let rows = out.len() / cols.max(1);
        for top in (0..rows).step_by(PATCH) {
            for left in (0..cols).step_by(PATCH) {
                for row in top..(top + PATCH).min(rows) {
                    for (col, value) in out[row * cols..][..cols].iter_mut().enumerate().skip(left).take(PATCH) {
                        *value = self.at(row, col);
                    }
                }
            }
        }
    }

    /// Negates every column whose largest component by magnitude (the first among equals) is negative; says which.
    pub(super) fn fix_signs(&mut self) -> Vec<bool> {
        (0..self.cols)
            .map(|col| {
                let mut largest = T::ZERO;
                for &value in self.column(col) {
                    if magnitude(value) > magnitude(largest) {
                        largest = value;
                    }
                }
                let negate = largest < T::ZERO;
                if negate {
                    self.negate(col);
                }
                negate
            })
            .collect()
    }

    pub(super) fn negate(&mut self, col: usize) {
        self.column_mut(col).iter_mut().for_each(|value| *value = -*value);
    }
}

/// The absolute value.
pub(super) fn magnitude<T: Float>(value: T) -> T {
    if value < T::ZERO { -value } else { value }
}

/// Workspace of `faer`'s, charged.
pub(super) struct Stack {
    pub(super) buffer: MemBuffer,
    _charge: Charge,
}

impl Stack {
    pub(super) fn new(context: &Context, operation: &str, request: StackReq) -> Result<Stack> {
        let bytes = request.unaligned_bytes_required();
        let charge = context.budget().charge(operation, bytes)?;
        let buffer = MemBuffer::try_new(request)
            .map_err(|_| Error::limit(format!("{operation}: the machine has no {bytes} bytes left for workspace")))?;
        Ok(Stack { buffer, _charge: charge })
    }
}

/// The lengths of a matrix's axes.
pub(super) fn matrix_shape(operation: &str, a: &Tensor) -> Result<(usize, usize)> {
    match a.shape()[..] {
        [rows, cols] => Ok((rows, cols)),
        _ => Err(Error::bad(format!("{operation}: a matrix is wanted, a tensor of shape {} is given", a.shape()))),
    }
}

/// The number of rows of a square matrix.
pub(super) fn square(operation: &str, a: &Tensor) -> Result<usize> {
    match a.shape()[..] {
        [rows, cols] if rows == cols => Ok(rows),
        _ => Err(Error::bad(format!("{operation}: a square matrix is wanted, a tensor of shape {} is given", a.shape()))),
    }
}

/// One matrix of a tensor of two axes, or of three, the first of which is a batch.
pub(super) fn matrix_of<'a, T: Float>(t: &Tensor, read: &'a Read<'_>, batch: usize) -> Matrix<'a, T> {
    let (shape, strides) = (t.shape(), t.strides());
    let last = shape.len() - 1;
    let first = if last == 2 && t.element_count() > 0 { batch * strides[0] } else { 0 };
    Matrix {
        elements: &read.elements::<T>()[t.offset() + first..],
        rows: shape[last - 1],
        cols: shape[last],
        row_stride: strides[last - 1],
        col_stride: strides[last],
    }
}
