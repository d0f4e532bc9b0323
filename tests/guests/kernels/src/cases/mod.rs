//! The cases by kernel and operands. Those of one file of `host/bench/cases/` stand in the file of the same name.

mod factorization;
mod forest;
mod formulas;
#[path = "../../../../../host/bench/cases/grown.rs"]
mod grown;
mod linalg;
mod losses;
mod neighbors;
mod nn;
mod random;
mod select;
mod sparse;
mod tensors;
mod trees;

use crate::algohost::ml::random::uniform;
use crate::algohost::ml::tensors::{Dtype, Tensor, from_bytes};
use crate::algohost::ml::types::Error;
use crate::{Call, Prepare};

/// How to make the operands of the case that is called so.
pub(crate) fn find(key: &str) -> Option<Prepare> {
    let (kernel, operands) = key.split_once(' ')?;
    let (interface, function) = kernel.split_once('.')?;
    match interface {
        "tensors" => tensors::find(function, operands),
        "formulas" => formulas::find(function, operands),
        "linalg" => linalg::find(function, operands),
        "neighbors" => neighbors::find(function, operands),
        "select" => select::find(function, operands),
        "sparse" => sparse::find(function, operands),
        "random" => random::find(function, operands),
        "nn" => nn::find(function, operands),
        "losses" => losses::find(function, operands),
        "trees" => trees::find(function, operands),
        "factorization" => factorization::find(function, operands),
        "forest" => forest::find(function, operands),
        _ => None,
    }
}

fn prepare(make: impl Fn() -> Result<Call, Error> + 'static) -> Option<Prepare> {
    Some(Box::new(make))
}

/// A call whose result is dropped.
fn call<R>(mut work: impl FnMut() -> Result<R, Error> + 'static) -> Result<Call, Error> {
    Ok(Box::new(move || work().map(drop)))
}

/// A case on a tensor of [`numbers`] for each shape, sequences from 0 up.
fn on<const N: usize, R: 'static>(
    dtype: Dtype,
    shapes: [&'static [u32]; N],
    compute: fn(&[Tensor; N]) -> Result<R, Error>,
) -> Option<Prepare> {
    prepare(move || {
        let tensors = all(dtype, shapes)?;
        call(move || compute(&tensors))
    })
}

/// A tensor of [`numbers`] for each shape, sequences from 0 up.
fn all<const N: usize>(dtype: Dtype, shapes: [&[u32]; N]) -> Result<[Tensor; N], Error> {
    let made: Vec<Tensor> = (0..).zip(shapes).map(|(sequence, shape)| numbers(shape, dtype, sequence)).collect::<Result<_, _>>()?;
    let Ok(made) = made.try_into() else { unreachable!("one tensor for each shape") };
    Ok(made)
}

/// A tensor of uniform numbers in [0, 1), as the host's benchmark makes it.
fn numbers(shape: &[u32], dtype: Dtype, sequence: u32) -> Result<Tensor, Error> {
    uniform(shape, dtype, 0, sequence)
}

fn floats(shape: &[u32], sequence: u32) -> Result<Tensor, Error> {
    numbers(shape, Dtype::Float32, sequence)
}

/// Positions 0 to `most` - 1, int32, as many as asked for.
fn positions(count: u32, most: u32) -> Result<Tensor, Error> {
    let values: Vec<i32> = (0..u64::from(count)).map(|i| (i * 7_919 % u64::from(most)) as i32).collect();
    integers(&[count], &values)
}

/// A tensor of these, int32.
fn integers(shape: &[u32], values: &[i32]) -> Result<Tensor, Error> {
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    from_bytes(shape, Dtype::Int32, &bytes)
}
