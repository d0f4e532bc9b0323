//! Two-axis views of slices with any strides: what tensors become inside of a product.

/// A matrix to read. Element (i, j) is `elements[i * row_stride + j * col_stride]`.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a, T> {
    pub(crate) elements: &'a [T],
    pub(crate) rows: usize,
    pub(crate) cols: usize,
    pub(crate) row_stride: usize,
    pub(crate) col_stride: usize,
}

/// A matrix to write. No two of its elements are the same.
pub(crate) struct MatrixMut<'a, T> {
    pub(crate) elements: &'a mut [T],
    pub(crate) rows: usize,
    pub(crate) cols: usize,
    pub(crate) row_stride: usize,
    pub(crate) col_stride: usize,
}

impl<'a, T: Copy> Matrix<'a, T> {
    /// A row-major matrix without gaps.
    pub(crate) fn row_major(elements: &'a [T], rows: usize, cols: usize) -> Matrix<'a, T> {
        Matrix { elements, rows, cols, row_stride: cols, col_stride: 1 }
    }

    /// Rows and columns swapped.
    pub(crate) fn transposed(self) -> Matrix<'a, T> {
        Matrix { rows: self.cols, cols: self.rows, row_stride: self.col_stride, col_stride: self.row_stride, ..self }
    }

    /// `count` rows from row `start` on.
    pub(crate) fn rows(self, start: usize, count: usize) -> Matrix<'a, T> {
        Matrix { elements: &self.elements[start * self.row_stride..], rows: count, ..self }
    }

    /// `count` columns from column `start` on.
    pub(crate) fn cols(self, start: usize, count: usize) -> Matrix<'a, T> {
        Matrix { elements: &self.elements[start * self.col_stride..], cols: count, ..self }
    }

    #[inline(always)]
    pub(crate) fn at(&self, row: usize, col: usize) -> T {
        self.elements[row * self.row_stride + col * self.col_stride]
    }
}

impl<'a, T> MatrixMut<'a, T> {
    /// A row-major matrix without gaps.
    pub(crate) fn row_major(elements: &'a mut [T], rows: usize, cols: usize) -> MatrixMut<'a, T> {
        MatrixMut { elements, rows, cols, row_stride: cols, col_stride: 1 }
    }

    /// Rows and columns swapped.
    pub(crate) fn transposed(&mut self) -> MatrixMut<'_, T> {
        let (rows, cols, row_stride, col_stride) = (self.cols, self.rows, self.col_stride, self.row_stride);
        MatrixMut { elements: &mut *self.elements, rows, cols, row_stride, col_stride }
    }

    /// `count` columns from column `start` on.
    pub(crate) fn cols(&mut self, start: usize, count: usize) -> MatrixMut<'_, T> {
        let (rows, row_stride, col_stride) = (self.rows, self.row_stride, self.col_stride);
        MatrixMut { elements: &mut self.elements[start * col_stride..], rows, cols: count, row_stride, col_stride }
    }

    #[inline(always)]
    pub(crate) fn at(&mut self, row: usize, col: usize) -> &mut T {
        &mut self.elements[row * self.row_stride + col * self.col_stride]
    }
}
