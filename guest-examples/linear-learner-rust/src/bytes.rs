//! Numbers to a tensor's bytes and back.

use crate::algohost::ml::tensors::Tensor;
use crate::algohost::ml::types::Error;

/// The elements of a float32 tensor.
pub(crate) fn floats(tensor: &Tensor) -> Result<Vec<f32>, Error> {
    let bytes = tensor.read(0, tensor.shape()[0])?;
    Ok(bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
}

/// The numbers of a float64 tensor's bytes.
pub(crate) fn doubles(bytes: &[u8]) -> impl Iterator<Item = f64> {
    bytes.as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes))
}

/// Numbers as the bytes of a float64 tensor.
pub(crate) fn double_bytes(numbers: &[f64]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// Numbers as the bytes of a float32 tensor.
pub(crate) fn float_bytes(numbers: &[f64]) -> Vec<u8> {
    numbers.iter().flat_map(|number| (*number as f32).to_le_bytes()).collect()
}
