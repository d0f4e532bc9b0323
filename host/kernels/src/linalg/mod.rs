//! Products of matrices.

mod lanes;
mod matmul;
mod matrix;
mod product;
mod rows;
mod vector;

pub(crate) use lanes::Lanes;
pub use matmul::{Transposed, matmul, matmul_into};
pub(crate) use matrix::{Matrix, MatrixMut};
pub(crate) use product::serial;
