//! Sparse matrices: of arrays that are mostly not one, and of dense matrices, against the dense products.

use algohost_kernels::{Csr, DType, RowNorm, Tensor, Transposed, matmul, reference};

use super::program::{Call, Program, are_positions, assert_bytes, is_float, places};
use crate::make::{assert_close, values};

pub(super) const CALLS: &[Call] = &[
    ("from-parts", from_parts),
    ("from-coordinates", from_coordinates),
    ("from-dense", from_dense),
    ("multiply", multiply),
    ("gather-rows", gather_rows),
    ("scale-rows", |program| scale(program, true)),
    ("scale-columns", |program| scale(program, false)),
    ("transpose", transpose),
    ("row-norms", row_norms),
    ("describe-columns", describe_columns),
];

fn from_parts(program: &mut Program) {
    let columns = program.draw.count();
    let stored = program.draw.below(9);
    let rows = program.draw.below(5);
    let mut ends: Vec<f64> = (0..rows).map(|_| program.draw.below(stored + 1) as f64).collect();
    if !program.draw.one_in(4) {
        ends.sort_by(f64::total_cmp);
        ends.iter_mut().next_back().into_iter().for_each(|end| *end = stored as f64);
        ends.insert(0, 0.0);
    }
    let dtype = *program.draw.pick(&[DType::Int32, DType::Int64, DType::Float32]);
    let offsets = program.tensor_with(&[ends.len()], dtype, &ends);
    let index_shape = program.about(&[stored]);
    let indices = program.positions(&index_shape, columns.min(12));
    let (value_shape, value_type) = (program.about(&[stored]), program.dtype());
    let stored_values = program.tensor_of(&value_shape, value_type);
    let made = Csr::from_parts(&program.context, columns, &offsets, &indices, &stored_values);
    // Order within rows decides too; what it answers must hold what was given.
    if let Some(made) = program.judge_if(None, made) {
        assert!(are_positions(&indices, columns) && index_shape == [stored] && value_shape == [stored]);
        assert_eq!((made.stored(), made.columns(), made.rows()), (stored, columns, ends.len() - 1));
        assert_bytes(made.values(), value_type, &values(&stored_values));
    }
}

fn from_coordinates(program: &mut Program) {
    let (rows, columns, count) = (program.draw.below(6), program.draw.below(6), program.draw.below(12));
    let row_shape = program.about(&[count]);
    let row_positions = program.positions(&row_shape, rows);
    let column_shape = program.about(&[count]);
    let column_positions = program.positions(&column_shape, columns);
    let (value_shape, dtype) = (program.about(&[count]), program.dtype());
    let elements = program.tensor_of(&value_shape, dtype);
    let fits = [&row_shape, &column_shape, &value_shape].iter().all(|shape| shape[..] == [count])
        && is_float(&elements)
        && are_positions(&row_positions, rows)
        && are_positions(&column_positions, columns);
    let made = Csr::from_coordinates(&program.context, (rows, columns), &row_positions, &column_positions, &elements);
    let made = if fits { program.judge(true, made) } else { program.judge_if(None, made) };
    if let (Some(made), true) = (made, fits) {
        let at = places(&row_positions).into_iter().zip(places(&column_positions)).zip(values(&elements));
        let wanted =
            reference::sparse::from_coordinates(rows, columns, &at.map(|((row, column), value)| (row, column, value)).collect::<Vec<_>>());
        if let Ok(dense) = made.to_dense(&program.context) {
            assert_close(&values(&dense), &wanted, if dtype == DType::Float32 { 1e-4 } else { 1e-11 });
        }
    }
}

/// A matrix with many zeros, dense and sparse, where the budget has room for it.
fn matrix(program: &mut Program) -> Option<(Tensor, Csr)> {
    let shape = [*program.draw.pick(&[0, 1, 3, 17]), *program.draw.pick(&[0, 1, 4, 9])];
    let dtype = *program.draw.pick(&[DType::Float32, DType::Float64]);
    let content: Vec<f64> =
        (0..shape[0] * shape[1]).map(|_| if program.draw.one_in(3) { (program.draw.unit() - 0.5) * 20.0 } else { 0.0 }).collect();
    let dense = program.tensor_with(&shape, dtype, &content);
    let sparse = Csr::from_dense(&program.context, &dense).ok()?;
    Some((dense, sparse))
}

fn from_dense(program: &mut Program) {
    let a = program.any();
    let fits = a.shape().len() == 2 && is_float(&a);
    let made = Csr::from_dense(&program.context, &a);
    let made = if fits { program.judge(true, made) } else { program.judge_if(None, made) };
    if let Some(Ok(dense)) = made.map(|made| made.to_dense(&program.context)) {
        assert_bytes(&dense, a.dtype(), &values(&a));
    }
}

fn multiply(program: &mut Program) {
    let Some((dense, sparse)) = matrix(program) else { return };
    let transpose = program.draw.one_in(2);
    let inner = dense.shape()[usize::from(!transpose)];
    let columns = program.draw.below(5);
    let shape = program.about(&[inner, columns]);
    let dtype = if program.draw.one_in(12) { program.dtype() } else { dense.dtype() };
    let other = program.tensor_of(&shape, dtype);
    let fits = shape.len() == 2 && shape[0] == inner && dtype == dense.dtype();
    // One axis is a vector to some kernels.
    let answer = sparse.multiply(&program.context, &other, transpose);
    let made = if fits { program.judge(true, answer) } else { program.judge_if(None, answer) };
    if let (Some(made), true, true) = (made, fits, values(&other).iter().all(|value| value.is_finite())) {
        let side = if transpose { Transposed::Left } else { Transposed::Neither };
        if let Ok(wanted) = matmul(&program.context, &dense, &other, side) {
            assert_close(&values(&made), &values(&wanted), if dtype == DType::Float32 { 1e-2 } else { 1e-9 });
        }
    }
}

fn gather_rows(program: &mut Program) {
    let Some((dense, sparse)) = matrix(program) else { return };
    let count = program.draw.below(9);
    let shape = program.about(&[count]);
    let at = program.positions(&shape, dense.shape()[0]);
    let fits = shape.len() == 1 && are_positions(&at, dense.shape()[0]);
    let made = sparse.gather_rows(&program.context, &at);
    let made = if fits { program.judge(true, made) } else { program.judge_if(Some(false), made) };
    if let Some(Ok(rows)) = made.map(|made| made.to_dense(&program.context)) {
        assert_bytes(&rows, dense.dtype(), &reference::gather(&values(&dense), dense.shape()[1], &places(&at)));
    }
}

fn scale(program: &mut Program, by_row: bool) {
    let Some((dense, sparse)) = matrix(program) else { return };
    let length = dense.shape()[usize::from(!by_row)];
    let shape = program.about(&[length]);
    let dtype = if program.draw.one_in(12) { program.dtype() } else { dense.dtype() };
    let factors = program.tensor_of(&shape, dtype);
    let fits = shape[..] == [length] && dtype == dense.dtype();
    let made = if by_row { sparse.scale_rows(&program.context, &factors) } else { sparse.scale_columns(&program.context, &factors) };
    let made = if fits { program.judge(true, made) } else { program.judge_if(None, made) };
    if let (Some(made), true) = (made, fits) {
        assert_eq!((made.rows(), made.columns(), made.stored()), (sparse.rows(), sparse.columns(), sparse.stored()));
    }
}

fn transpose(program: &mut Program) {
    let Some((dense, sparse)) = matrix(program) else { return };
    let made = sparse.transpose(&program.context);
    if let Some(Ok(turned)) = program.judge(true, made).map(|made| made.to_dense(&program.context)) {
        assert_bytes(&turned, dense.dtype(), &reference::sparse::transpose(&values(&dense), dense.shape()[0], dense.shape()[1]));
    }
}

fn row_norms(program: &mut Program) {
    let Some((_, sparse)) = matrix(program) else { return };
    let norm = *program.draw.pick(&[RowNorm::Euclidean, RowNorm::SquaredEuclidean, RowNorm::AbsoluteSum, RowNorm::AbsoluteMax]);
    let made = sparse.row_norms(&program.context, norm);
    program.judge(true, made);
}

fn describe_columns(program: &mut Program) {
    let Some((_, sparse)) = matrix(program) else { return };
    let made = sparse.column_statistics(&program.context);
    program.judge_if(None, made);
}
