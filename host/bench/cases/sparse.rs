//! Sparse matrices.

use algohost_kernels::{Context, Csr, DType, Formula, Result, RowNorm, Tensor};

use super::{all, integers, numbers, positions};
use crate::bench::case::{Case, Work, call};

/// The matrix that most cases take: rows, columns, stored elements of each row.
const ROWS: usize = 100_000;
const COLUMNS: usize = 1_000;
const EACH: usize = 20;
const STORED: usize = ROWS * EACH;
/// Of a product with a vector.
const OPERATIONS: f64 = 2.0 * STORED as f64;
/// Of values and columns.
const BYTES: f64 = 8.0 * STORED as f64;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::from(made());
    cases.extend(copied());
    cases.extend(products());
    cases.extend([
        on("sparse.row-norms", "100k x 1k, 20 a row f32", Work::Bytes(BYTES), [], |context, a, []| {
            a.row_norms(context, RowNorm::Euclidean)
        }),
        on("sparse.describe-columns", "100k x 1k, 20 a row f32", Work::Bytes(BYTES), [], |context, a, []| a.column_statistics(context)),
    ]);
    cases
}

fn made() -> [Case; 3] {
    [
        Case::new("sparse.from-dense", "10k x 1k, 2% f32", Work::Bytes(4e7), |context| {
            let few = Formula::compile("a", "where(a < 0.02, a, 0)")?;
            let dense = few.apply(context, &[&numbers(context, &[10_000, COLUMNS], DType::Float32, 0)?])?;
            call(move |context| Csr::from_dense(context, &dense))
        }),
        Case::new("sparse.from-parts", "100k x 1k, 20 a row f32", Work::Bytes(2.0 * BYTES), |context| {
            let (offsets, indices, values) = parts(context)?;
            call(move |context| Csr::from_parts(context, COLUMNS, &offsets, &indices, &values))
        }),
        Case::new("sparse.from-coordinates", "500k to 100k x 1k f32", Work::Items(5e5), |context| {
            let columns: Vec<i32> = (0..500_000).map(|at| (hash(at) % COLUMNS) as i32).collect();
            let (rows, columns) = (positions(context, 500_000, ROWS)?, integers(context, &[500_000], &columns)?);
            let values = numbers(context, &[500_000], DType::Float32, 0)?;
            call(move |context| Csr::from_coordinates(context, (ROWS, COLUMNS), &rows, &columns, &values))
        }),
    ]
}

fn copied() -> [Case; 7] {
    [
        on("sparse.matrix.indices", "2M", Work::Bytes(8.0 * STORED as f64), [], |context, a, []| a.copy_indices(context)),
        on("sparse.matrix.offsets", "100k", Work::Bytes(16.0 * ROWS as f64), [], |context, a, []| a.copy_offsets(context)),
        Case::new("sparse.matrix.gather-rows", "10k of 100k x 1k, 20 a row f32", Work::Bytes(0.2 * BYTES), |context| {
            let (a, rows) = (matrix(context)?, positions(context, 10_000, ROWS)?);
            call(move |context| a.gather_rows(context, &rows))
        }),
        on("sparse.matrix.transpose", "100k x 1k, 20 a row f32", Work::Bytes(2.0 * BYTES), [], |context, a, []| a.transpose(context)),
        on("sparse.matrix.scale-rows", "100k x 1k, 20 a row f32", Work::Bytes(BYTES), [&[ROWS]], |context, a, [factors]| {
            a.scale_rows(context, factors)
        }),
        on("sparse.matrix.scale-columns", "100k x 1k, 20 a row f32", Work::Bytes(BYTES), [&[COLUMNS]], |context, a, [factors]| {
            a.scale_columns(context, factors)
        }),
        Case::new("sparse.matrix.to-dense", "10k x 1k, 20 a row f32", Work::Bytes(4e7), |context| {
            let a = matrix(context)?.slice(0..10_000)?;
            call(move |context| a.to_dense(context))
        }),
    ]
}

fn products() -> [Case; 6] {
    [
        on("sparse.multiply", "100k x 1k, 20 a row by 1k f32", Work::Operations(OPERATIONS), [&[COLUMNS]], |context, a, [b]| {
            a.multiply(context, b, false)
        }),
        on(
            "sparse.multiply",
            "100k x 1k, 20 a row by 1k x 16 f32",
            Work::Operations(16.0 * OPERATIONS),
            [&[COLUMNS, 16]],
            |context, a, [b]| a.multiply(context, b, false),
        ),
        on("sparse.multiply", "1k x 100k, transposed by 100k f32", Work::Operations(OPERATIONS), [&[ROWS]], |context, a, [b]| {
            a.multiply(context, b, true)
        }),
        on(
            "sparse.multiply",
            "1k x 100k, transposed by 100k x 16 f32",
            Work::Operations(16.0 * OPERATIONS),
            [&[ROWS, 16]],
            |context, a, [b]| a.multiply(context, b, true),
        ),
        on(
            "sparse.multiply-into",
            "100k x 1k, 20 a row by 1k f32",
            Work::Operations(OPERATIONS),
            [&[COLUMNS], &[ROWS]],
            |context, a, [b, out]| a.multiply_into(context, out, b, false, 1.0, 0.0),
        ),
        on(
            "sparse.multiply-squares",
            "100k x 1k, 20 a row by 1k x 8 f32",
            Work::Operations(12.0 * OPERATIONS),
            [&[COLUMNS, 8]],
            |context, a, [b]| a.multiply_squares(context, b),
        ),
    ]
}

/// A case on the matrix and a float32 tensor for each shape.
pub(super) fn on<const N: usize, R: 'static>(
    kernel: &'static str,
    operands: &'static str,
    work: Work,
    shapes: [&'static [usize]; N],
    compute: fn(&Context, &Csr, &[Tensor; N]) -> Result<R>,
) -> Case {
    Case::with(
        kernel,
        operands,
        work,
        Box::new(move |context| {
            let (a, tensors) = (matrix(context)?, all(context, DType::Float32, shapes)?);
            call(move |context| compute(context, &a, &tensors))
        }),
    )
}

/// 100 000 x 1000 with 20 elements in each row.
pub(super) fn matrix(context: &Context) -> Result<Csr> {
    let (offsets, indices, values) = parts(context)?;
    Csr::from_parts(context, COLUMNS, &offsets, &indices, &values)
}

/// Its offsets, columns and values. Of each 50 columns, a row has one.
fn parts(context: &Context) -> Result<(Tensor, Tensor, Tensor)> {
    const APART: usize = COLUMNS / EACH;
    let offsets: Vec<i32> = (0..=ROWS).map(|row| (row * EACH) as i32).collect();
    let columns: Vec<i32> = (0..STORED).map(|at| (at % EACH * APART + hash(at) % APART) as i32).collect();
    let values = numbers(context, &[STORED], DType::Float32, 9)?;
    Ok((integers(context, &[ROWS + 1], &offsets)?, integers(context, &[STORED], &columns)?, values))
}

/// Knuth's multiplicative hash, so that columns have no order that a cache could follow.
fn hash(at: usize) -> usize {
    usize::from(((at as u64 * 2_654_435_761) >> 16) as u16)
}
