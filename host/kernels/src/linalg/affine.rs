//! `affine`: a product with a bias and an activation, applied to each tile of the result while it is in the cache.

use super::matmul::Transposed;
use super::matrix::{Matrix, MatrixMut};
use super::product::Product;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::float::{Float, with_float};
use crate::formulas::{Real, elementary};
use crate::tensor::Tensor;
use crate::vectorized::vectorized;
use crate::workspace::Workspace;

/// Below so many multiplications the hop to the pool costs more than it brings.
const PARALLEL: usize = 1 << 20;
/// Results of one task: so many fit into a second-level cache.
const TILE: usize = 1 << 16;

/// What is done to each element of a product after the bias was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// Nothing.
    Identity,
    /// max(z, 0); NaN stays.
    Relu,
    /// z, and z / 100 below 0.
    LeakyRelu,
    /// z, and exp(z) - 1 below 0.
    Elu,
    /// z times the normal distribution's function, by its usual approximation: z sigmoid(1.595769122 (z + 0.044715 z³)).
    Gelu,
    /// z sigmoid(z), also called swish.
    Silu,
    /// 1 / (1 + exp(-z)).
    Sigmoid,
    /// The hyperbolic tangent.
    Tanh,
    /// ln(1 + exp(z)).
    Softplus,
    /// exp(z).
    Exp,
}

/// `activation(x w + bias)` as a new m x n tensor: `x` is m x k, `w` k x n, either may be read transposed, and `bias` has n elements along its
/// last axis, `[n]` or `[1, n]`. What a dense layer, a linear model or a projection computes.
///
/// Float32 and float64, all of one dtype. NaN goes through.
///
/// # Errors
/// Bad operation when shapes or dtypes do not fit, not supported for other dtypes, limit exceeded, interrupted.
pub fn affine(
    context: &Context,
    x: &Tensor,
    w: &Tensor,
    transposed: Transposed,
    bias: Option<&Tensor>,
    activation: Activation,
) -> Result<Tensor> {
    let (m, n, _) = check("affine", (x, w), transposed, bias)?;
    let out = Tensor::zeros_for(context, "affine", &[m, n], x.dtype())?;
    run(context, "affine", &out, (x, w), transposed, bias, (1.0, activation))?;
    Ok(out)
}

/// `out = activation(alpha x w + bias)`, shapes as in [`affine`]. `out` is not read.
///
/// # Errors
/// As [`affine`]; bad operation when `out` has another shape or dtype, is read-only, repeats elements, or shares storage with an operand.
pub fn affine_into(
    context: &Context,
    out: &Tensor,
    (x, w): (&Tensor, &Tensor),
    transposed: Transposed,
    bias: Option<&Tensor>,
    (alpha, activation): (f64, Activation),
) -> Result<()> {
    const NAME: &str = "affine-into";
    let (m, n, _) = check(NAME, (x, w), transposed, bias)?;
    if out.shape()[..] != [m, n] || out.dtype() != x.dtype() {
        return Err(Error::bad(format!("{NAME}: the result is {} [{m}, {n}], the output is {out:?}", x.dtype())));
    }
    out.check_distinct(NAME, "the output")?;
    run(context, NAME, out, (x, w), transposed, bias, (alpha, activation))
}

/// m, n and k, once everything is known to fit.
fn check(operation: &str, (x, w): (&Tensor, &Tensor), transposed: Transposed, bias: Option<&Tensor>) -> Result<(usize, usize, usize)> {
    let (flip_x, flip_w) = transposed.flags();
    let axes = |t: &Tensor, flip: bool| match t.shape()[..] {
        [rows, cols] => Some(if flip { (cols, rows) } else { (rows, cols) }),
        _ => None,
    };
    let (Some((m, k)), Some((inner, n))) = (axes(x, flip_x), axes(w, flip_w)) else {
        return Err(Error::bad(format!("{operation}: matrices are wanted, {x:?} and {w:?} are given")));
    };
    if k != inner || x.dtype() != w.dtype() {
        let words = transposed.words();
        return Err(Error::bad(format!("{operation}: {x:?} and {w:?}{words} do not multiply; equal inner axes and dtypes are wanted")));
    }
    if let Some(bias) = bias
        && (!matches!(bias.shape()[..], [length] | [1, length] if length == n) || bias.dtype() != x.dtype())
    {
        return Err(Error::bad(format!("{operation}: the bias of {n} results is {} [{n}], {bias:?} is given", x.dtype())));
    }
    Ok((m, n, k))
}

fn run(
    context: &Context,
    operation: &str,
    out: &Tensor,
    (x, w): (&Tensor, &Tensor),
    transposed: Transposed,
    bias: Option<&Tensor>,
    (alpha, activation): (f64, Activation),
) -> Result<()> {
    context.check(operation)?;
    with_float!(operation, out.dtype(), T => {
        use crate::dtype::Element;
        let (x_read, w_read) = (x.read(operation)?, w.read(operation)?);
        let bias_read = bias.map(|bias| bias.read(operation)).transpose()?;
        let mut written = out.write(operation)?;
        let (flip_x, flip_w) = transposed.flags();
        let a = two_axes(x, x_read.elements::<T>(), flip_x);
        let b = two_axes(w, w_read.elements::<T>(), flip_w);
        let mut offsets = Workspace::<T>::new(context, operation, if bias.is_some() { b.cols } else { 0 })?;
        if let Some((bias, read)) = bias.zip(bias_read.as_ref()) {
            let step = bias.strides()[bias.shape().len() - 1];
            let elements = read.elements::<T>();
            offsets.iter_mut().enumerate().for_each(|(i, offset)| *offset = elements[bias.offset() + i * step]);
        }
        let epilogue = Epilogue { bias: bias.map(|_| &offsets[..]), activation };
        let (rows, cols, row_stride, col_stride) = (out.shape()[0], out.shape()[1], out.strides()[0], out.strides()[1]);
        let elements = &mut written.elements::<T>()[out.offset()..];
        let out = MatrixMut { elements, rows, cols, row_stride, col_stride };
        let scale = (<T as Element>::from_f64(alpha), 0.0);
        epilogue.apply_to_product(Product { context, operation, a, b, scale }, out)
    })
}

fn two_axes<'a, T: Float>(t: &Tensor, elements: &'a [T], flip: bool) -> Matrix<'a, T> {
    let (shape, strides) = (t.shape(), t.strides());
    let elements = &elements[t.offset()..];
    let matrix = Matrix { elements, rows: shape[0], cols: shape[1], row_stride: strides[0], col_stride: strides[1] };
    if flip { matrix.transposed() } else { matrix }
}

/// What follows a product.
#[derive(Clone, Copy)]
struct Epilogue<'a, T> {
    /// One number for each column.
    bias: Option<&'a [T]>,
    activation: Activation,
}

impl<T: Float + Real> Epilogue<'_, T> {
    fn apply_to_product(self, product: Product<'_, T>, mut out: MatrixMut<'_, T>) -> Result<()> {
        let (m, n, k) = (out.rows, out.cols, product.a.cols);
        if m == 0 || n == 0 {
            return Ok(());
        }
        let rows = (TILE / n).clamp(64, 512);
        let along_rows = out.col_stride == 1 && out.row_stride >= n;
        if !along_rows || m < 4 * rows || m.saturating_mul(n).saturating_mul(k) < PARALLEL {
            product.write_to(&mut out)?;
            return self.apply(product.context, product.operation, &mut out);
        }
        let row_stride = out.row_stride;
        let elements = &mut out.elements[..(m - 1) * row_stride + n];
        product.context.each(true, elements.chunks_mut(rows * row_stride).enumerate(), |(task, elements)| {
            let start = task * rows;
            let rows = rows.min(m - start);
            let mut tile = MatrixMut { elements, rows, cols: n, row_stride, col_stride: 1 };
            Product { a: product.a.rows(start, rows), ..product }.in_stretches(&mut tile)?;
            self.apply(product.context, product.operation, &mut tile)
        })
    }

    fn apply(self, context: &Context, operation: &str, out: &mut MatrixMut<'_, T>) -> Result<()> {
        if self.bias.is_none() && self.activation == Activation::Identity {
            return Ok(());
        }
        // Neither many rows nor a long one pass without a look at the cancel token.
        let (rows, cols) = (out.rows, out.cols);
        for (i, left) in (0..rows).flat_map(|i| (0..cols).step_by(TILE).map(move |left| (i, left))) {
            context.check(operation)?;
            let cols = TILE.min(cols - left);
            let part = Epilogue { bias: self.bias.map(|bias| &bias[left..left + cols]), ..self };
            if out.col_stride == 1 {
                let row = &mut out.elements[i * out.row_stride + left..][..cols];
                vectorized(
                    #[inline(always)]
                    || part.apply_to_row(row),
                );
                continue;
            }
            for j in 0..cols {
                let bias = part.bias.map(|bias| &bias[j..=j]);
                Epilogue { bias, ..self }.apply_to_row(std::slice::from_mut(out.at(i, left + j)));
            }
        }
        Ok(())
    }

    #[inline(always)]
    fn apply_to_row(self, row: &mut [T]) {
        if let Some(bias) = self.bias {
            row.iter_mut().zip(bias).for_each(|(z, &bias)| *z = *z + bias);
        }
        self.activation.apply_to(row);
    }
}

impl Activation {
    #[inline(always)]
    fn apply_to<T: Real>(self, row: &mut [T]) {
        let zero = <T as Real>::ZERO;
        let constant = |value: f64| <T as crate::dtype::Element>::from_f64(value);
        match self {
            Activation::Identity => {}
            Activation::Relu => each(
                row,
                #[inline(always)]
                |z| if z < zero { zero } else { z },
            ),
            Activation::LeakyRelu => {
                let slope = constant(0.01);
                each(
                    row,
                    #[inline(always)]
                    |z| if z < zero { z * slope } else { z },
                );
            }
            Activation::Elu => each(
                row,
                #[inline(always)]
                |z| {
                    let below = elementary::expm1(if z < zero { z } else { zero });
                    if z < zero { below } else { z }
                },
            ),
            Activation::Gelu => {
                let (c, cubic) = (constant(1.595_769_121_605_731), constant(0.044_715));
                each(
                    row,
                    #[inline(always)]
                    |z| z * elementary::sigmoid(c * (z + cubic * z * z * z)),
                );
            }
            Activation::Silu => each(
                row,
                #[inline(always)]
                |z| z * elementary::sigmoid(z),
            ),
            Activation::Sigmoid => each(
                row,
                #[inline(always)]
                |z| elementary::sigmoid(z),
            ),
            Activation::Tanh => each(
                row,
                #[inline(always)]
                |z| elementary::tanh(z),
            ),
            Activation::Softplus => each(
                row,
                #[inline(always)]
                |z| elementary::softplus(z),
            ),
            Activation::Exp => each(
                row,
                #[inline(always)]
                |z| elementary::exp(z),
            ),
        }
    }
}

#[inline(always)]
fn each<T: Real>(row: &mut [T], function: impl Fn(T) -> T) {
    row.iter_mut().for_each(|z| *z = function(*z));
}
