//! Sparse matrices.

use super::{all, call, floats, integers, positions, prepare};
use crate::Prepare;
use crate::algohost::ml::formulas::compile;
use crate::algohost::ml::sparse::{
    Matrix, Orientation, RowNorm, describe_columns, from_coordinates, from_dense, from_parts, multiply, multiply_into, multiply_squares,
    row_norms,
};
use crate::algohost::ml::tensors::{Dtype, Tensor};
use crate::algohost::ml::types::Error;

/// The matrix that most cases take: rows, columns, stored elements of each row.
const ROWS: u32 = 100_000;
const COLUMNS: u32 = 1_000;
const EACH: u32 = 20;
const STORED: u32 = ROWS * EACH;

pub(super) fn find(function: &str, operands: &str) -> Option<Prepare> {
    match (function, operands) {
        ("row-norms", "100k x 1k, 20 a row f32") => on([], |a, []| row_norms(a, RowNorm::Euclidean)),
        ("describe-columns", "100k x 1k, 20 a row f32") => on([], |a, []| describe_columns(a)),
        _ => made(function, operands).or_else(|| copied(function, operands)).or_else(|| product(function, operands)),
    }
}

fn made(function: &str, operands: &str) -> Option<Prepare> {
    match (function, operands) {
        ("from-dense", "10k x 1k, 2% f32") => prepare(|| {
            let dense = compile("a", "where(a < 0.02, a, 0)")?.apply(&[&floats(&[10_000, COLUMNS], 0)?])?;
            call(move || from_dense(&dense))
        }),
        ("from-parts", "100k x 1k, 20 a row f32") => prepare(|| {
            let (offsets, indices, values) = parts()?;
            call(move || from_parts(COLUMNS, &offsets, &indices, &values))
        }),
        ("from-coordinates", "500k to 100k x 1k f32") => prepare(|| {
            let columns: Vec<i32> = (0..500_000).map(|at| (hash(at) % COLUMNS) as i32).collect();
            let (rows, columns, values) = (positions(500_000, ROWS)?, integers(&[500_000], &columns)?, floats(&[500_000], 0)?);
            call(move || from_coordinates(ROWS, COLUMNS, &rows, &columns, &values))
        }),
        _ => None,
    }
}

fn copied(function: &str, operands: &str) -> Option<Prepare> {
    match (function, operands) {
        ("matrix.indices", "2M") => on([], |a, []| a.indices()),
        ("matrix.offsets", "100k") => on([], |a, []| a.offsets()),
        ("matrix.gather-rows", "10k of 100k x 1k, 20 a row f32") => prepare(|| {
            let (a, rows) = (matrix()?, positions(10_000, ROWS)?);
            call(move || a.gather_rows(&rows))
        }),
        ("matrix.transpose", "100k x 1k, 20 a row f32") => on([], |a, []| a.transpose()),
        ("matrix.scale-rows", "100k x 1k, 20 a row f32") => on([&[ROWS]], |a, [factors]| a.scale_rows(factors)),
        ("matrix.scale-columns", "100k x 1k, 20 a row f32") => on([&[COLUMNS]], |a, [factors]| a.scale_columns(factors)),
        ("matrix.to-dense", "10k x 1k, 20 a row f32") => prepare(|| {
            let a = matrix()?.slice(0, 10_000)?;
            call(move || a.to_dense())
        }),
        _ => None,
    }
}

fn product(function: &str, operands: &str) -> Option<Prepare> {
    match (function, operands) {
        ("multiply", "100k x 1k, 20 a row by 1k f32") => on([&[COLUMNS]], |a, [b]| multiply(a, b, Orientation::AsStored)),
        ("multiply", "100k x 1k, 20 a row by 1k x 16 f32") => on([&[COLUMNS, 16]], |a, [b]| multiply(a, b, Orientation::AsStored)),
        ("multiply", "1k x 100k, transposed by 100k f32") => on([&[ROWS]], |a, [b]| multiply(a, b, Orientation::Transposed)),
        ("multiply", "1k x 100k, transposed by 100k x 16 f32") => on([&[ROWS, 16]], |a, [b]| multiply(a, b, Orientation::Transposed)),
        ("multiply-into", "100k x 1k, 20 a row by 1k f32") => {
            on([&[COLUMNS], &[ROWS]], |a, [b, out]| multiply_into(out, a, b, Orientation::AsStored, 1.0, 0.0))
        }
        ("multiply-squares", "100k x 1k, 20 a row by 1k x 8 f32") => on([&[COLUMNS, 8]], |a, [b]| multiply_squares(a, b)),
        _ => None,
    }
}

/// A case on the matrix and a float32 tensor for each shape.
pub(super) fn on<const N: usize, R: 'static>(
    shapes: [&'static [u32]; N],
    compute: fn(&Matrix, &[Tensor; N]) -> Result<R, Error>,
) -> Option<Prepare> {
    prepare(move || {
        let (a, tensors) = (matrix()?, all(Dtype::Float32, shapes)?);
        call(move || compute(&a, &tensors))
    })
}

/// 100 000 x 1000 with 20 elements in each row.
pub(super) fn matrix() -> Result<Matrix, Error> {
    let (offsets, indices, values) = parts()?;
    from_parts(COLUMNS, &offsets, &indices, &values)
}

/// Its offsets, columns and values. Of each 50 columns, a row has one.
fn parts() -> Result<(Tensor, Tensor, Tensor), Error> {
    const APART: u32 = COLUMNS / EACH;
    let offsets: Vec<i32> = (0..=ROWS).map(|row| (row * EACH) as i32).collect();
    let columns: Vec<i32> = (0..STORED).map(|at| (at % EACH * APART + hash(at) % APART) as i32).collect();
    Ok((integers(&[ROWS + 1], &offsets)?, integers(&[STORED], &columns)?, floats(&[STORED], 9)?))
}

/// Knuth's multiplicative hash, so that columns have no order that a cache could follow.
fn hash(at: u32) -> u32 {
    u32::from(((u64::from(at) * 2_654_435_761) >> 16) as u16)
}
