//! Products of matrices.

use crate::linalg::Activation;

/// The product of `a` (m x k) and `b` (k x n).
pub fn matmul(a: &[f64], b: &[f64], m: usize, n: usize, k: usize) -> Vec<f64> {
    let mut out = vec![0.0; m * n];
    for i in 0..m {
        for j in 0..n {
            for l in 0..k {
                out[i * n + j] += a[i * k + l] * b[l * n + j];
            }
        }
    }
    out
}

/// The products of the columns of `a` (m x n) with each other, rows counted `weights` times: n x n.
pub fn gram(a: &[f64], weights: &[f64], m: usize, n: usize) -> Vec<f64> {
    let mut out = vec![0.0; n * n];
    for row in 0..m {
        for i in 0..n {
            for j in 0..n {
                out[i * n + j] += weights[row] * a[row * n + i] * a[row * n + j];
            }
        }
    }
    out
}

/// Means of the columns of `a` (m x n), rows counted `weights` times, and their covariances (n x n): sums divided by all weights less `ddof`.
pub fn covariance(a: &[f64], weights: &[f64], ddof: f64, m: usize, n: usize) -> (Vec<f64>, Vec<f64>) {
    let weight: f64 = weights.iter().sum();
    let means: Vec<f64> = (0..n).map(|j| (0..m).map(|row| weights[row] * a[row * n + j]).sum::<f64>() / weight).collect();
    let centred: Vec<f64> = a.iter().enumerate().map(|(i, value)| value - means[i % n]).collect();
    let sums = gram(&centred, weights, m, n);
    (means, sums.iter().map(|sum| sum / (weight - ddof)).collect())
}

/// `activation(alpha x w + bias)` for `x` (m x k) and `w` (k x n).
pub fn affine(x: &[f64], w: &[f64], bias: &[f64], alpha: f64, (m, n, k): (usize, usize, usize), activation: Activation) -> Vec<f64> {
    let products = matmul(x, w, m, n, k);
    products.iter().enumerate().map(|(i, product)| activate(alpha * product + bias[i % n], activation)).collect()
}

fn activate(z: f64, activation: Activation) -> f64 {
    let sigmoid = |z: f64| 1.0 / (1.0 + (-z).exp());
    match activation {
        Activation::Identity => z,
        Activation::Relu if z < 0.0 => 0.0,
        Activation::LeakyRelu if z < 0.0 => z / 100.0,
        Activation::Elu if z < 0.0 => z.exp_m1(),
        Activation::Relu | Activation::LeakyRelu | Activation::Elu => z,
        Activation::Gelu => z * sigmoid(1.595_769_121_605_731 * (z + 0.044_715 * z.powi(3))),
        Activation::Silu => z * sigmoid(z),
        Activation::Sigmoid => sigmoid(z),
        Activation::Tanh => z.tanh(),
        Activation::Softplus => z.max(0.0) + (-z.abs()).exp().ln_1p(),
        Activation::Exp => z.exp(),
    }
}
