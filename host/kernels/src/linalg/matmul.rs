//! `matmul`: shapes of tensors to products of matrices.

use super::matrix::{Matrix, MatrixMut};
use super::product::Product;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::float::{Float, with_float};
use crate::tensor::Tensor;

/// Below so many multiplications the hop to the pool costs more than it brings.
const PARALLEL: usize = 1 << 20;
/// Multiplications of one task, where the matrices of a batch are small.
const TASK: usize = 1 << 17;

/// Which operands of a product are read transposed: their last two axes are swapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it all")]
pub enum Transposed {
    Neither,
    Left,
    Right,
    Both,
}

impl Transposed {
    pub(super) fn flags(self) -> (bool, bool) {
        (matches!(self, Transposed::Left | Transposed::Both), matches!(self, Transposed::Right | Transposed::Both))
    }

    pub(super) fn words(self) -> &'static str {
        match self {
            Transposed::Neither => "",
            Transposed::Left => ", left transposed",
            Transposed::Right => ", right transposed",
            Transposed::Both => ", both transposed",
        }
    }
}

/// `a` (m x k) times `b` (k x n) as a new m x n tensor. With three axes, the first is a batch of equal length in both.
/// An inner axis of length 0 gives zeros.
///
/// Float32 and float64; sums are made in the operands' dtype, in an order that depends on shapes and strides alone, not on threads.
///
/// # Errors
/// Bad operation when shapes or dtypes do not fit, not supported for other dtypes, limit exceeded, interrupted.
pub fn matmul(context: &Context, a: &Tensor, b: &Tensor, transposed: Transposed) -> Result<Tensor> {
    let sizes = Sizes::of("matmul", a, b, transposed)?;
    let shape = [sizes.batch, sizes.m, sizes.n];
    let shape = if a.shape().len() == 3 { &shape[..] } else { &shape[1..] };
    let out = Tensor::zeros_for(context, "matmul", shape, a.dtype())?;
    run(context, "matmul", &out, (a, b), sizes, (1.0, 0.0))?;
    Ok(out)
}

/// `out = alpha a b + beta out`, shapes as in [`matmul`]. With beta 0, `out` is not read: a NaN in it does not survive. `a` and `b` are
/// always read: a NaN in them survives alpha 0.
///
/// # Errors
/// As [`matmul`]; bad operation when `out` has another shape, is read-only, repeats elements, or shares storage with `a` or `b`.
pub fn matmul_into(context: &Context, out: &Tensor, a: &Tensor, b: &Tensor, transposed: Transposed, alpha: f64, beta: f64) -> Result<()> {
    let sizes = Sizes::of("matmul-into", a, b, transposed)?;
    let wanted = [sizes.batch, sizes.m, sizes.n];
    if out.dtype() != a.dtype() {
        return Err(mixed("matmul-into", out, a, b));
    }
    if out.shape().len() != a.shape().len() || !out.shape().iter().rev().eq(wanted.iter().rev().take(a.shape().len())) {
        let (shape, a, b, words) = (out.shape(), a.shape(), b.shape(), transposed.words());
        return Err(Error::bad(format!("matmul-into: the product of {a} and {b}{words} does not fit an output of shape {shape}")));
    }
    out.check_distinct("matmul-into", "the output")?;
    run(context, "matmul-into", out, (a, b), sizes, (alpha, beta))
}

/// Lengths of a product's axes, and which of the operands' last two axes are their rows.
#[derive(Clone, Copy)]
struct Sizes {
    batch: usize,
    m: usize,
    n: usize,
    k: usize,
    flags: (bool, bool),
}

impl Sizes {
    fn of(operation: &str, a: &Tensor, b: &Tensor, transposed: Transposed) -> Result<Sizes> {
        if a.dtype() != b.dtype() {
            let (a, b) = (a.dtype(), b.dtype());
            return Err(Error::bad(format!("{operation}: {a} times {b}; cast one of them to the other's dtype")));
        }
        let flags = transposed.flags();
        let matrix = |t: &Tensor, flip: bool| {
            let axes = t.shape();
            let (rows, cols) = (axes[axes.len() - 2], axes[axes.len() - 1]);
            if flip { (cols, rows) } else { (rows, cols) }
        };
        if matches!(a.shape().len(), 2 | 3) && a.shape().len() == b.shape().len() {
            let ((m, k), (inner, n)) = (matrix(a, flags.0), matrix(b, flags.1));
            let (batch, batches) = if a.shape().len() == 3 { (a.shape()[0], b.shape()[0]) } else { (1, 1) };
            if k == inner && batch == batches {
                return Ok(Sizes { batch, m, n, k, flags });
            }
        }
        let (a, b, words) = (a.shape(), b.shape(), transposed.words());
        Err(Error::bad(format!("{operation}: shapes {a} and {b}{words} do not multiply")))
    }
}

fn mixed(operation: &str, out: &Tensor, a: &Tensor, b: &Tensor) -> Error {
    let (out, a, b) = (out.dtype(), a.dtype(), b.dtype());
    Error::bad(format!("{operation}: {a} times {b} into an output of {out}; cast the operands or make the output {a}"))
}

fn run(context: &Context, operation: &str, out: &Tensor, ab: (&Tensor, &Tensor), sizes: Sizes, scale: (f64, f64)) -> Result<()> {
    with_float!(operation, out.dtype(), T => run_as::<T>(context, operation, out, ab, sizes, scale))
}

fn run_as<T: Float>(
    context: &Context,
    operation: &str,
    out: &Tensor,
    (a, b): (&Tensor, &Tensor),
    sizes: Sizes,
    (alpha, beta): (f64, f64),
) -> Result<()> {
    context.check(operation)?;
    let (a_storage, b_storage) = (a.read(operation)?, b.read(operation)?);
    let mut out_storage = out.write(operation)?;
    if sizes.m == 0 || sizes.n == 0 {
        return Ok(());
    }
    let scale = (T::from_f64(alpha), T::from_f64(beta));
    let (a, b) = (Operand::new(a, a_storage.elements::<T>(), sizes.flags.0), Operand::new(b, b_storage.elements::<T>(), sizes.flags.1));
    let strides = out.strides();
    let (row_stride, col_stride) = (strides[strides.len() - 2], strides[strides.len() - 1]);
    let one = |batch: usize, elements: &mut [T]| {
        context.check(operation)?;
        let mut out = MatrixMut { elements, rows: sizes.m, cols: sizes.n, row_stride, col_stride };
        Product { context, operation, a: a.matrix(batch), b: b.matrix(batch), scale }.write_to(&mut out)
    };
    // From one matrix of the result to the next, and from the first element of one to behind its last.
    let step = if strides.len() == 3 { strides[0] } else { 0 };
    let extent = (sizes.m - 1) * row_stride + (sizes.n - 1) * col_stride + 1;
    let elements = &mut out_storage.elements::<T>()[out.offset()..];
    let work = sizes.m.saturating_mul(sizes.n).saturating_mul(sizes.k.max(1));
    if sizes.batch < 2 || step < extent || work >= TASK || work.saturating_mul(sizes.batch) < PARALLEL {
        return (0..sizes.batch).try_for_each(|batch| one(batch, &mut elements[batch * step..]));
    }
    let (matrices, elements) = (TASK / work, &mut elements[..(sizes.batch - 1) * step + extent]);
    context.each(true, elements.chunks_mut(matrices * step).enumerate(), |(task, elements)| {
        elements.chunks_mut(step).enumerate().try_for_each(|(at, elements)| one(task * matrices + at, elements))
    })
}

/// A batch of matrices to read.
struct Operand<'a, T> {
    first: Matrix<'a, T>,
    /// From one matrix to the next, in elements.
    step: usize,
}

impl<'a, T: Float> Operand<'a, T> {
    fn new(t: &Tensor, elements: &'a [T], flip: bool) -> Operand<'a, T> {
        let (shape, strides) = (t.shape(), t.strides());
        let (row, col) = (shape.len() - 2, shape.len() - 1);
        let elements = &elements[t.offset()..];
        let first = Matrix { elements, rows: shape[row], cols: shape[col], row_stride: strides[row], col_stride: strides[col] };
        // A tensor without elements has matrices without elements, wherever they are.
        let step = if shape.len() == 3 && t.element_count() > 0 { strides[0] } else { 0 };
        Operand { first: if flip { first.transposed() } else { first }, step }
    }

    fn matrix(&self, batch: usize) -> Matrix<'a, T> {
        Matrix { elements: &self.first.elements[batch * self.step..], ..self.first }
    }
}
