//! `sparse`.

use super::tensors::Tensor;
use super::types::Error;
use crate::native::with;
use algohost_kernels as kernels;

pub(crate) struct Matrix(pub(super) kernels::Csr);

pub(crate) enum Orientation {
    AsStored,
}

pub(crate) struct ColumnStatistics {
    pub(crate) sums: Tensor,
    pub(crate) sums_of_squares: Tensor,
}

impl Matrix {
    pub(crate) fn shape(&self) -> Vec<u32> {
        vec![self.0.rows() as u32, self.0.columns() as u32]
    }

    pub(crate) fn values(&self) -> Result<Tensor, Error> {
        Ok(Tensor(self.0.values().clone()))
    }

    pub(crate) fn indices(&self) -> Result<Tensor, Error> {
        with(|_, context| Ok(Tensor(self.0.copy_indices(context)?)))
    }

    pub(crate) fn slice(&self, start: u32, end: u32) -> Result<Matrix, Error> {
        Ok(Matrix(self.0.slice(start as usize..end as usize)?))
    }

    pub(crate) fn gather_rows(&self, positions: &Tensor) -> Result<Matrix, Error> {
        with(|_, context| Ok(Matrix(self.0.gather_rows(context, &positions.0)?)))
    }

    pub(crate) fn scale_columns(&self, factors: &Tensor) -> Result<Matrix, Error> {
        with(|_, context| Ok(Matrix(self.0.scale_columns(context, &factors.0)?)))
    }
}

pub(crate) fn multiply(a: &Matrix, b: &Tensor, _: Orientation) -> Result<Tensor, Error> {
    with(|_, context| Ok(Tensor(a.0.multiply(context, &b.0, false)?)))
}

pub(crate) fn describe_columns(a: &Matrix) -> Result<ColumnStatistics, Error> {
    let described = with(|_, context| a.0.column_statistics(context))?;
    Ok(ColumnStatistics { sums: Tensor(described.sums), sums_of_squares: Tensor(described.sums_of_squares) })
}
