//! What decompositions are asked with and answer with.

use crate::tensor::Tensor;

/// What is known of the matrix of a system of equations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Structure {
    /// Nothing.
    General,
    /// Symmetric, with positive eigenvalues: only the diagonal and what is below is read.
    PositiveDefinite,
    /// Only the diagonal and what is below is read; the rest counts as 0.
    LowerTriangular,
    /// Only the diagonal and what is above is read; the rest counts as 0.
    UpperTriangular,
    /// Only what is below the diagonal is read; the diagonal counts as 1, the rest as 0.
    UnitLowerTriangular,
    /// Only what is above the diagonal is read; the diagonal counts as 1, the rest as 0.
    UnitUpperTriangular,
}

/// Of a symmetric n x n matrix.
#[derive(Clone, Debug)]
pub struct Eigen {
    /// n eigenvalues, ascending.
    pub values: Tensor,
    /// n x n: the eigenvector of each value is a column.
    pub vectors: Tensor,
}

/// Of an m x n matrix; k is the lesser of m and n.
#[derive(Clone, Debug)]
pub struct Svd {
    /// m x k: left singular vectors, a column each.
    pub left: Tensor,
    /// k singular values, descending.
    pub values: Tensor,
    /// k x n: right singular vectors, a row each.
    pub right: Tensor,
}

/// Of an m x n matrix; k is the lesser of m and n.
#[derive(Clone, Debug)]
pub struct Qr {
    /// m x k: orthonormal columns.
    pub q: Tensor,
    /// k x n: upper triangular.
    pub r: Tensor,
}

/// The answer of [`least_squares`](crate::least_squares).
#[derive(Clone, Debug)]
pub struct LeastSquares {
    /// n x k.
    pub solution: Tensor,
    /// How many singular values do not count as 0.
    pub rank: usize,
    /// Singular values of the matrix, descending; as many as the lesser of m and n.
    pub values: Tensor,
}

/// A determinant, too large or too small for a number of its own: `sign` times e to the power of `log_magnitude`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogDeterminant {
    /// 1, -1, or 0 of a singular matrix.
    pub sign: f64,
    /// -∞ of a singular matrix.
    pub log_magnitude: f64,
}
