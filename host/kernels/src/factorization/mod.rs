//! Factorization machines: linear models with an interaction of every two features, of low rank (Rendle 2010, equations 1 and 5).
//!
//! A row x scores `b + Σ w_j x_j + ½ Σ_f ((Σ_j v_jf x_j)² − Σ_j (v_jf x_j)²)`, with bias b, linear weights w (n) and factors v (n x k).
//! Learning goes over mini-batches of sparse rows and touches only what their features touch: a step costs what its rows store, whatever
//! the number of features.

mod batches;
mod loss;
mod optimizer;
mod scores;
mod trainer;

pub use loss::FactorizationLoss;
pub use optimizer::{FactorizationOptimizer, Pace};
pub use scores::factorization_scores;
pub use trainer::{FactorizationOptions, FactorizationTrainer};

use crate::error::{Error, Result};
use crate::float::Float;
use crate::sparse::{Csr, column};
use crate::tensor::Tensor;

/// Checks bias (one element), linear weights (n, or n x 1) and factors (n x k): one dtype, no gaps. Answers n and k.
fn check_model(operation: &str, bias: &Tensor, linear: &Tensor, factors: &Tensor) -> Result<(usize, usize)> {
    let &[n, k] = &factors.shape()[..] else {
        return Err(Error::bad(format!("{operation}: factors of shape {}; features x factors is wanted", factors.shape())));
    };
    let is_list = matches!(linear.shape()[..], [_] | [_, 1]);
    if bias.element_count() != 1 || linear.element_count() != n || !is_list {
        let (bias, linear, factors) = (bias.shape(), linear.shape(), factors.shape());
        return Err(Error::bad(format!("{operation}: bias {bias}, linear weights {linear} and factors {factors} do not belong together")));
    }
    if bias.dtype() != factors.dtype() || linear.dtype() != factors.dtype() {
        let (bias, linear, factors) = (bias.dtype(), linear.dtype(), factors.dtype());
        return Err(Error::bad(format!(
            "{operation}: bias of {bias}, linear weights of {linear}, factors of {factors}; one dtype is wanted"
        )));
    }
    if [bias, linear, factors].iter().any(|tensor| tensor.contiguous().is_none()) {
        return Err(Error::bad(format!("{operation}: the model's tensors must have no gaps; copy the views")));
    }
    Ok((n, k))
}

/// Checks that rows are of a model's features and dtype.
fn check_rows(operation: &str, x: &Csr, n: usize, dtype: crate::DType) -> Result<()> {
    if x.columns() == n && x.dtype() == dtype {
        return Ok(());
    }
    let (columns, given) = (x.columns(), x.dtype());
    Err(Error::bad(format!("{operation}: rows of {columns} columns of {given}, the model has {n} features of {dtype}")))
}

/// The model's parameters as slices.
#[derive(Clone, Copy)]
struct Model<'a, T> {
    bias: T,
    linear: &'a [T],
    factors: &'a [T],
}

/// Runs `$body` for blocks of `$w` factors, `$first` being the block's first, that make up `$k`. Sums of a constant number of factors stay in registers, and loops over them are vector code.
macro_rules! in_blocks {
    ($k:expr, |$first:ident, $w:ident| $body:expr) => {{
        let mut $first = 0;
        while $k - $first >= 32 {
            const $w: usize = 32;
            $body;
            $first += $w;
        }
        if $k - $first >= 16 {
            const $w: usize = 16;
            $body;
            $first += $w;
        }
        if $k - $first >= 8 {
            const $w: usize = 8;
            $body;
            $first += $w;
        }
        if $k - $first >= 4 {
            const $w: usize = 4;
            $body;
            $first += $w;
        }
        while $first < $k {
            const $w: usize = 1;
            $body;
            $first += $w;
        }
    }};
}
use in_blocks;

/// `W` elements from `start` on.
#[inline(always)]
fn block<T, const W: usize>(values: &[T], start: usize) -> &[T; W] {
    values[start..].first_chunk().unwrap_or_else(|| out_of_block())
}

/// `W` elements from `start` on.
#[inline(always)]
fn block_mut<T, const W: usize>(values: &mut [T], start: usize) -> &mut [T; W] {
    values[start..].first_chunk_mut().unwrap_or_else(|| out_of_block())
}

/// Blocks are cut from tables of features x factors, whose lengths were checked.
#[cold]
fn out_of_block() -> ! {
    unreachable!("a block of factors ends beyond the factors")
}

impl<T: Float> Model<'_, T> {
    /// The score of a row; leaves the sums of v x, one for each of the `k` factors, in `products`.
    #[inline(always)]
    fn score(&self, indices: &[i32], values: &[T], k: usize, products: &mut [T]) -> T {
        let mut score = self.bias;
        for (&index, &value) in indices.iter().zip(values) {
            score = score + value * self.linear[column(index)];
        }
        let mut interactions = T::ZERO;
        in_blocks!(k, |first, W| {
            let (sums, interaction) = self.interactions::<W>(indices, values, k, first);
            *block_mut(products, first) = sums;
            interactions = interactions + interaction;
        });
        score + T::from_f64(0.5) * interactions
    }

    /// Of `W` factors from `first` on: the sums of v x over the row, and the sum of their squares less the squares of all v x.
    #[inline(always)]
    fn interactions<const W: usize>(&self, indices: &[i32], values: &[T], k: usize, first: usize) -> ([T; W], T) {
        let (mut products, mut squares) = ([T::ZERO; W], [T::ZERO; W]);
        for (&index, &value) in indices.iter().zip(values) {
            let factors: &[T; W] = block(self.factors, column(index) * k + first);
            for f in 0..W {
                let product = value * factors[f];
                products[f] = products[f] + product;
                squares[f] = squares[f] + product * product;
            }
        }
        let mut terms = [T::ZERO; W];
        for f in 0..W {
            terms[f] = products[f] * products[f] - squares[f];
        }
        // Halves are added until one is left: the sum of a vector.
        let mut count = W;
        while count > 1 {
            count /= 2;
            for f in 0..count {
                terms[f] = terms[f] + terms[f + count];
            }
        }
        (products, terms[0])
    }
}
