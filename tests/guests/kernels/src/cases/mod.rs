//! The cases by kernel and operands. Those of one file of `host/bench/cases/` stand in the file of the same name.

mod formulas;
mod linalg;
mod neighbors;
mod random;
mod select;
mod tensors;

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
        "random" => random::find(function, operands),
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

fn numbers(shape: &[u32], dtype: Dtype, sequence: u32) -> Result<Tensor, Error> {
    uniform(shape, dtype, 0, sequence)
}

fn floats(shape: &[u32], sequence: u32) -> Result<Tensor, Error> {
    numbers(shape, Dtype::Float32, sequence)
}

/// Positions 0 to `most` - 1, int32, as many as asked for.
fn positions(count: u32, most: u32) -> Result<Tensor, Error> {
    let bytes: Vec<u8> = (0..u64::from(count)).flat_map(|i| ((i * 7_919 % u64::from(most)) as i32).to_le_bytes()).collect();
    from_bytes(&[count], Dtype::Int32, &bytes)
}
