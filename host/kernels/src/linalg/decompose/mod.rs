//! Decompositions of matrices, and what is made of them, by `faer`.
//!
//! Every decomposition runs on one thread, so the number of threads changes nothing; of batches, each matrix is a task. Operands are copied
//! to columns first, and copies and workspace are charged to the budget. The cancel token is looked at before and after a decomposition,
//! not within: a matrix of 1000 x 1000 takes from 0.02 s (Cholesky) to 0.5 s (singular values), and eight times as long for each doubling.

mod cholesky;
mod columns;
mod determinant;
mod eigen;
mod least_squares;
mod qr;
mod solve;
mod svd;

pub use cholesky::cholesky;
pub use determinant::log_determinant;
pub use eigen::eigh;
pub use least_squares::least_squares;
pub use qr::qr;
pub use solve::solve;
pub use svd::svd;
