//! Formulas and reductions held against the naive reference, the standard library, and what is documented.

mod accuracy;
mod calls;
mod messages;
mod random;
mod reductions;

use crate::context::{Budget, Cancel, Context, Pool};
use crate::dtype::{DType, Element};
use crate::tensor::Tensor;
use crate::with_element;

fn context_of(threads: usize) -> Context {
    Context::new(Budget::new(1 << 30), Cancel::default(), Pool::new(threads).expect("a pool"))
}

fn context() -> Context {
    context_of(1)
}

/// A tensor of these values, converted.
fn tensor(context: &Context, shape: &[usize], dtype: DType, values: &[f64]) -> Tensor {
    let mut bytes = Vec::new();
    with_element!(dtype, T => values.iter().for_each(|&value| bytes.extend_from_slice(bytemuck::bytes_of(&T::from_f64(value)))));
    Tensor::from_bytes(context, shape, dtype, &bytes).expect("a tensor")
}

/// A tensor's elements in row-major order.
fn values(tensor: &Tensor) -> Vec<f64> {
    let bytes = tensor.to_bytes().expect("bytes");
    with_element!(tensor.dtype(), T => bytes.chunks_exact(size_of::<T>()).map(|bytes| bytemuck::pod_read_unaligned::<T>(bytes).to_f64()).collect())
}

/// Numbers that look random, between -2 and 2, always the same.
fn noise(count: usize) -> Vec<f64> {
    let mut state = 1_u64;
    let next = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f64::from((state >> 40) as u32) / f64::from(1 << 24) * 4.0 - 2.0
    };
    (0..count).map(next).collect()
}
