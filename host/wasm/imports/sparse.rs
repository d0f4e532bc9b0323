//! `sparse`: matrices that are mostly 0.

use algohost_kernels::{Csr, RowNorm as Norm};
use wasmtime::component::Resource;

use super::tensors::to_wit;
use crate::wasm::bindings::algohost::ml::sparse::{ColumnStatistics, Host, HostMatrix, Orientation, RowNorm};
use crate::wasm::bindings::algohost::ml::tensors::Dtype;
use crate::wasm::guest::{Guest, ImportError};
use crate::wasm::handles::{MatrixHandle, TensorHandle};

type Matrix = Resource<MatrixHandle>;
type Handle = Resource<TensorHandle>;

fn is_transposed(orientation: Orientation) -> bool {
    orientation == Orientation::Transposed
}

impl Host for Guest {
    fn from_dense(&mut self, dense: Handle) -> Result<Matrix, ImportError> {
        let matrix = Csr::from_dense(&self.context, self.tensor(&dense)?)?;
        self.new_matrix(matrix)
    }

    fn from_parts(&mut self, columns: u32, offsets: Handle, indices: Handle, values: Handle) -> Result<Matrix, ImportError> {
        let (offsets, indices, values) = (self.tensor(&offsets)?, self.tensor(&indices)?, self.tensor(&values)?);
        let matrix = Csr::from_parts(&self.context, columns as usize, offsets, indices, values)?;
        self.new_matrix(matrix)
    }

    fn from_coordinates(
        &mut self,
        rows: u32,
        columns: u32,
        row_positions: Handle,
        column_positions: Handle,
        values: Handle,
    ) -> Result<Matrix, ImportError> {
        let (row_positions, column_positions) = (self.tensor(&row_positions)?, self.tensor(&column_positions)?);
        let shape = (rows as usize, columns as usize);
        let matrix = Csr::from_coordinates(&self.context, shape, row_positions, column_positions, self.tensor(&values)?)?;
        self.new_matrix(matrix)
    }

    fn multiply(&mut self, a: Matrix, b: Handle, orientation: Orientation) -> Result<Handle, ImportError> {
        let product = self.matrix(&a)?.multiply(&self.context, self.tensor(&b)?, is_transposed(orientation))?;
        self.new_tensor(product)
    }

    fn multiply_into(
        &mut self,
        out: Handle,
        a: Matrix,
        b: Handle,
        orientation: Orientation,
        alpha: f64,
        beta: f64,
    ) -> Result<(), ImportError> {
        let (out, b) = (self.tensor(&out)?, self.tensor(&b)?);
        Ok(self.matrix(&a)?.multiply_into(&self.context, out, b, is_transposed(orientation), alpha, beta)?)
    }

    fn multiply_squares(&mut self, a: Matrix, b: Handle) -> Result<Handle, ImportError> {
        let product = self.matrix(&a)?.multiply_squares(&self.context, self.tensor(&b)?)?;
        self.new_tensor(product)
    }

    fn row_norms(&mut self, a: Matrix, norm: RowNorm) -> Result<Handle, ImportError> {
        let norm = match norm {
            RowNorm::Euclidean => Norm::Euclidean,
            RowNorm::SquaredEuclidean => Norm::SquaredEuclidean,
            RowNorm::AbsoluteSum => Norm::AbsoluteSum,
            RowNorm::AbsoluteMax => Norm::AbsoluteMax,
        };
        let norms = self.matrix(&a)?.row_norms(&self.context, norm)?;
        self.new_tensor(norms)
    }

    fn describe_columns(&mut self, a: Matrix) -> Result<ColumnStatistics, ImportError> {
        self.room_for_tensors(5)?;
        let found = self.matrix(&a)?.column_statistics(&self.context)?;
        Ok(ColumnStatistics {
            sums: self.new_tensor(found.sums)?,
            sums_of_squares: self.new_tensor(found.sums_of_squares)?,
            nonzeros: self.new_tensor(found.nonzeros)?,
            minima: self.new_tensor(found.minima)?,
            maxima: self.new_tensor(found.maxima)?,
        })
    }
}

impl HostMatrix for Guest {
    fn shape(&mut self, handle: Matrix) -> wasmtime::Result<Vec<u32>> {
        // A matrix whose scope has ended has no shape any more, and this call has no way to say so.
        Ok(self.matrix(&handle).map(|matrix| vec![matrix.rows() as u32, matrix.columns() as u32]).unwrap_or_default())
    }

    fn stored(&mut self, handle: Matrix) -> wasmtime::Result<f64> {
        Ok(self.matrix(&handle).map_or(0.0, |matrix| matrix.stored() as f64))
    }

    fn data_type(&mut self, handle: Matrix) -> wasmtime::Result<Dtype> {
        Ok(self.matrix(&handle).map_or(Dtype::Float32, |matrix| to_wit(matrix.dtype())))
    }

    fn values(&mut self, handle: Matrix) -> Result<Handle, ImportError> {
        let view = self.matrix(&handle)?.values().clone();
        self.new_tensor(view)
    }

    fn indices(&mut self, handle: Matrix) -> Result<Handle, ImportError> {
        let copy = self.matrix(&handle)?.copy_indices(&self.context)?;
        self.new_tensor(copy)
    }

    fn offsets(&mut self, handle: Matrix) -> Result<Handle, ImportError> {
        let copy = self.matrix(&handle)?.copy_offsets(&self.context)?;
        self.new_tensor(copy)
    }

    fn slice(&mut self, handle: Matrix, start: u32, end: u32) -> Result<Matrix, ImportError> {
        let rows = self.matrix(&handle)?.slice(start as usize..end as usize)?;
        self.new_matrix(rows)
    }

    fn gather_rows(&mut self, handle: Matrix, positions: Handle) -> Result<Matrix, ImportError> {
        let rows = self.matrix(&handle)?.gather_rows(&self.context, self.tensor(&positions)?)?;
        self.new_matrix(rows)
    }

    fn transpose(&mut self, handle: Matrix) -> Result<Matrix, ImportError> {
        let turned = self.matrix(&handle)?.transpose(&self.context)?;
        self.new_matrix(turned)
    }

    fn scale_rows(&mut self, handle: Matrix, factors: Handle) -> Result<Matrix, ImportError> {
        let scaled = self.matrix(&handle)?.scale_rows(&self.context, self.tensor(&factors)?)?;
        self.new_matrix(scaled)
    }

    fn scale_columns(&mut self, handle: Matrix, factors: Handle) -> Result<Matrix, ImportError> {
        let scaled = self.matrix(&handle)?.scale_columns(&self.context, self.tensor(&factors)?)?;
        self.new_matrix(scaled)
    }

    fn to_dense(&mut self, handle: Matrix) -> Result<Handle, ImportError> {
        let dense = self.matrix(&handle)?.to_dense(&self.context)?;
        self.new_tensor(dense)
    }

    fn keep(&mut self, handle: Matrix) -> wasmtime::Result<()> {
        self.matrices.keep(handle.rep()).map_err(wasmtime::Error::new)
    }

    fn promote(&mut self, handle: Matrix) -> wasmtime::Result<()> {
        self.matrices.promote(handle.rep()).map_err(wasmtime::Error::new)
    }

    fn drop(&mut self, handle: Matrix) -> wasmtime::Result<()> {
        self.matrices.drop_handle(handle.rep());
        Ok(())
    }
}
