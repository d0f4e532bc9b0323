//! The cases, a file for each interface.

mod formulas;
mod linalg;
mod neighbors;
mod random;
mod select;
mod tensors;

use algohost_kernels::{Context, DType, Result, Tensor, uniform};

use super::case::Case;

/// All cases, in the order of the table.
pub fn cases() -> Vec<Case> {
    [tensors::cases(), formulas::cases(), linalg::cases(), neighbors::cases(), select::cases(), random::cases()]
        .into_iter()
        .flatten()
        .collect()
}

/// A tensor of uniform numbers in [0, 1), always the same for a shape and a sequence.
fn numbers(context: &Context, shape: &[usize], dtype: DType, sequence: u32) -> Result<Tensor> {
    uniform(context, shape, dtype, 0, sequence)
}

/// Positions 0 to `most` - 1, int32, as many as asked for.
fn positions(context: &Context, count: usize, most: usize) -> Result<Tensor> {
    let bytes: Vec<u8> = (0..count).flat_map(|i| (((i * 7_919) % most) as i32).to_le_bytes()).collect();
    Tensor::from_bytes(context, &[count], DType::Int32, &bytes)
}
