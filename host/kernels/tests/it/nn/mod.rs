//! Networks: forwards against the plain twins, backwards against differences of the twins, steps against the formulas.

mod convolution;
mod losses;
mod refusals;
mod rules;
mod steps;

use algohost_kernels::{Context, DType, Tensor};

use crate::make::{Layout, tensor};

/// The two dtypes that networks compute in, and how far a sum may be off.
const DTYPES: [(DType, f64); 2] = [(DType::Float32, 2e-5), (DType::Float64, 1e-12)];

fn row_major(context: &Context, shape: &[usize], dtype: DType, values: &[f64]) -> Tensor {
    tensor(context, shape, dtype, values, Layout::RowMajor)
}

fn integers(context: &Context, values: &[usize]) -> Tensor {
    let values: Vec<f64> = values.iter().map(|&value| value as f64).collect();
    tensor(context, &[values.len()], DType::Int32, &values, Layout::RowMajor)
}

/// The gradient of `f` at `x` by central differences.
fn differences(x: &[f64], step: f64, f: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let mut at = x.to_vec();
    let mut slope = |i: usize| {
        at[i] = x[i] + step;
        let after = f(&at);
        at[i] = x[i] - step;
        let before = f(&at);
        at[i] = x[i];
        (after - before) / (2.0 * step)
    };
    (0..x.len()).map(&mut slope).collect()
}

fn inner(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
