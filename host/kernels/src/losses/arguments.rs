//! What a call was given: shapes held against each other, tensors as slices.

use super::Loss;
use super::pass::Scalar;
use crate::context::Context;
use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use crate::float::not_computed;
use crate::storage::Read;
use crate::tensor::Tensor;
use crate::walk::runs;
use crate::with_element;
use crate::workspace::Workspace;

/// How many columns and outputs there are, and whether coefficients end with intercepts.
#[derive(Clone, Copy)]
pub(super) struct Sizes {
    pub(super) columns: usize,
    pub(super) outputs: usize,
    pub(super) intercept: bool,
}

impl Sizes {
    /// Holds all shapes against those of x (n x d).
    pub(super) fn of(
        operation: &str,
        loss: Loss,
        (n, columns): (usize, usize),
        y: &Tensor,
        weights: Option<&Tensor>,
        coefficients: &Tensor,
    ) -> Result<Sizes> {
        let (rows, outputs) = match coefficients.shape()[..] {
            [rows] => (rows, 1),
            [rows, outputs] if outputs > 0 => (rows, outputs),
            _ => (usize::MAX, 1),
        };
        if rows != columns && rows != columns + 1 {
            return Err(Error::bad(format!(
                "{operation}: coefficients of shape {} for {columns} columns; {columns} rows are wanted, or one more for intercepts",
                coefficients.shape()
            )));
        }
        if outputs.checked_mul(columns + 1).is_none_or(|all| all > isize::MAX as usize / 16) {
            return Err(Error::bad(format!("{operation}: coefficients of shape {} are more than can be counted", coefficients.shape())));
        }
        let label_columns = if loss == Loss::Softmax { 1 } else { outputs };
        if !is_column(y, n, label_columns) {
            let shape = y.shape();
            return Err(Error::bad(format!("{operation}: y of shape {shape}; {n} rows of {label_columns} labels are wanted")));
        }
        if let Some(weights) = weights.filter(|weights| !is_column(weights, n, 1)) {
            return Err(Error::bad(format!("{operation}: weights of shape {}; one for each of {n} rows is wanted", weights.shape())));
        }
        Ok(Sizes { columns, outputs, intercept: rows > columns })
    }
}

fn is_column(t: &Tensor, n: usize, width: usize) -> bool {
    t.shape()[..] == [n, width] || (width == 1 && t.shape()[..] == [n])
}

/// The elements of a contiguous tensor, which has to be of the type computed in.
pub(super) fn elements_of<'s, T: Scalar>(operation: &str, name: &str, t: &Tensor, storage: &'s Read<'_>) -> Result<&'s [T]> {
    if t.dtype() != T::DTYPE {
        let (wanted, given) = (T::DTYPE, t.dtype());
        return Err(Error::bad(format!("{operation}: x is {wanted}, {name} is {given}; cast one of them to the other's dtype")));
    }
    let range = t.contiguous().unwrap_or(0..0);
    Ok(&storage.elements::<T>()[range])
}

/// (columns + 1) x outputs coefficients in the type computed in; the intercepts are 0 where there are none.
pub(super) fn coefficients_of<T: Scalar>(context: &Context, operation: &str, sizes: Sizes, given: &Tensor) -> Result<Workspace<T>> {
    is_float(operation, given)?;
    let mut all = Workspace::new(context, operation, (sizes.columns + 1) * sizes.outputs)?;
    let storage = given.read(operation)?;
    let mut next = all.iter_mut();
    with_element!(given.dtype(), S => {
        let elements = storage.elements::<S>();
        runs(given.shape(), given.strides(), given.offset(), |first, length, stride| {
            (0..length).zip(&mut next).for_each(|(i, to)| *to = T::from_f64(elements[first + i * stride].to_f64()));
            Ok::<(), Error>(())
        })?;
    });
    drop(next);
    Ok(all)
}

/// Whether `given` can take, or give, numbers like the coefficients.
pub(super) fn check_like(operation: &str, name: &str, given: &Tensor, coefficients: &Tensor) -> Result<()> {
    if given.shape() != coefficients.shape() {
        let (given, wanted) = (given.shape(), coefficients.shape());
        return Err(Error::bad(format!("{operation}: {name} of shape {given} beside coefficients of shape {wanted}; they must be alike")));
    }
    is_float(operation, given)
}

fn is_float(operation: &str, t: &Tensor) -> Result<()> {
    if matches!(t.dtype(), DType::Float32 | DType::Float64) { Ok(()) } else { Err(not_computed(operation, t.dtype())) }
}

/// Writes numbers in row-major order.
pub(super) fn store(operation: &str, out: &Tensor, numbers: &[f64]) -> Result<()> {
    out.check_distinct(operation, "the output")?;
    let mut storage = out.write(operation)?;
    let mut numbers = numbers.iter();
    with_element!(out.dtype(), S => {
        let elements = storage.elements::<S>();
        runs(out.shape(), out.strides(), out.offset(), |first, length, stride| {
            (0..length).zip(&mut numbers).for_each(|(i, &number)| elements[first + i * stride] = S::from_f64(number));
            Ok(())
        })
    })
}
