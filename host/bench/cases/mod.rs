//! The cases, a file for each interface.

mod factorization;
mod forest;
mod formulas;
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

use algohost_kernels::{Context, DType, Result, Tensor, uniform};

use super::case::{Case, Work, call};

/// All cases, in the order of the table.
pub fn cases() -> Vec<Case> {
    [
        tensors::cases(),
        formulas::cases(),
        linalg::cases(),
        neighbors::cases(),
        select::cases(),
        sparse::cases(),
        random::cases(),
        nn::cases(),
        losses::cases(),
        trees::cases(),
        factorization::cases(),
        forest::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A case on a tensor of [`numbers`] for each shape, sequences from 0 up.
fn on<const N: usize, R: 'static>(
    kernel: &'static str,
    operands: &'static str,
    work: Work,
    dtype: DType,
    shapes: [&'static [usize]; N],
    compute: fn(&Context, &[Tensor; N]) -> Result<R>,
) -> Case {
    Case::with(
        kernel,
        operands,
        work,
        Box::new(move |context| {
            let tensors = all(context, dtype, shapes)?;
            call(move |context| compute(context, &tensors))
        }),
    )
}

/// A tensor of [`numbers`] for each shape, sequences from 0 up.
fn all<const N: usize>(context: &Context, dtype: DType, shapes: [&[usize]; N]) -> Result<[Tensor; N]> {
    let made: Vec<Tensor> = (0..).zip(shapes).map(|(sequence, shape)| numbers(context, shape, dtype, sequence)).collect::<Result<_>>()?;
    let Ok(made) = made.try_into() else { unreachable!("one tensor for each shape") };
    Ok(made)
}

/// A tensor of uniform numbers in [0, 1), always the same for a shape and a sequence.
fn numbers(context: &Context, shape: &[usize], dtype: DType, sequence: u32) -> Result<Tensor> {
    uniform(context, shape, dtype, 0, sequence)
}

/// Positions 0 to `most` - 1, int32, as many as asked for.
fn positions(context: &Context, count: usize, most: usize) -> Result<Tensor> {
    let values: Vec<i32> = (0..count).map(|i| ((i * 7_919) % most) as i32).collect();
    integers(context, &[count], &values)
}

/// A tensor of these, int32.
fn integers(context: &Context, shape: &[usize], values: &[i32]) -> Result<Tensor> {
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    Tensor::from_bytes(context, shape, DType::Int32, &bytes)
}
