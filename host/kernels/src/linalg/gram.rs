//! `gram` and `covariance`: products of a matrix's columns with each other, of which one half is computed and the other mirrored.

use super::accumulate::{Rows, Sums, accumulate};
use super::matrix::{Matrix, MatrixMut};
use super::vector::combine;
use crate::context::Context;
use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use crate::float::{Float, with_float};
use crate::storage::Read;
use crate::tensor::Tensor;
use crate::workspace::Workspace;

/// Rows, spread evenly, whose mean the columns are shifted by before the mean of all is known.
const SAMPLE: usize = 1024;
/// Weights added up between two looks at the cancel token.
const LOOK: usize = 1 << 18;

/// The columns' means, and how they vary together.
#[derive(Clone, Debug)]
pub struct Covariance {
    /// 1 x n, float64.
    pub means: Tensor,
    /// n x n, float64.
    pub matrix: Tensor,
}

/// `aᵀ a` of an m x n matrix, or `aᵀ diag(weights) a` with one weight for each row: n x n, symmetric to the bit. Without rows, zeros.
///
/// Float32 and float64; some thousand rows are added up in the operands' dtype, everything beyond in float64, and the result is rounded to
/// that dtype. Half the work of [`matmul`](crate::matmul) with the same answer. NaN and infinities go through the products.
///
/// # Errors
/// Bad operation when `a` is no matrix, `weights` has not m elements along one axis, or dtypes differ; not supported for other dtypes,
/// limit exceeded, interrupted.
pub fn gram(context: &Context, a: &Tensor, weights: Option<&Tensor>) -> Result<Tensor> {
    let n = check("gram", a, weights)?.1;
    let out = Tensor::zeros_for(context, "gram", &[n, n], a.dtype())?;
    write_gram(context, "gram", &out, a, weights, (1.0, 0.0))?;
    Ok(out)
}

/// `out = alpha aᵀ diag(weights) a + beta out`, as [`gram`]. With beta 0, `out` is not read. What `out` holds is not made symmetric.
///
/// # Errors
/// As [`gram`]; bad operation when `out` is not n x n of the operands' dtype, is read-only, repeats elements, or shares storage with `a`.
pub fn gram_into(context: &Context, out: &Tensor, a: &Tensor, weights: Option<&Tensor>, alpha: f64, beta: f64) -> Result<()> {
    const NAME: &str = "gram-into";
    let n = check(NAME, a, weights)?.1;
    if out.shape()[..] != [n, n] || out.dtype() != a.dtype() {
        return Err(Error::bad(format!("{NAME}: the products of {a:?} are {} [{n}, {n}], the output is {out:?}", a.dtype())));
    }
    out.check_distinct(NAME, "the output")?;
    write_gram(context, NAME, out, a, weights, (alpha, beta))
}

/// Means of the columns of an m x n matrix, and their covariances: the sum of the products of deviations from the means, divided by
/// m - `ddof` (1: an unbiased estimate from a sample, 0: the rows are everything there is). With `weights`, one for each row and none
/// negative, a row counts as often as its weight says. The centred matrix is never stored; data far from 0 lose no digits.
///
/// Float32 and float64; the result is float64, but deviations and the products of some thousand rows are rounded to the operands' dtype.
/// A column with NaN or an infinity has NaN or infinities in its row, its column and its mean.
///
/// # Errors
/// As [`gram`]; bad operation when the rows, or their weights together, are not more than `ddof`.
pub fn covariance(context: &Context, a: &Tensor, weights: Option<&Tensor>, ddof: f64) -> Result<Covariance> {
    const NAME: &str = "covariance";
    let (_, n) = check(NAME, a, weights)?;
    let means = Tensor::zeros_for(context, NAME, &[1, n], DType::Float64)?;
    let matrix = Tensor::zeros_for(context, NAME, &[n, n], DType::Float64)?;
    with_float!(NAME, a.dtype(), T => {
        let (read, weight_read) = read_both(NAME, a, weights)?;
        let (a, weights) = matrices::<T>(a, &read, weights, weight_read.as_ref());
        write_covariance(Rows { context, operation: NAME, a, weights, shift: None }, ddof, (&means, &matrix))
    })?;
    Ok(Covariance { means, matrix })
}

/// Rows and columns of `a`, once it is known to be a matrix that the weights fit.
fn check(operation: &str, a: &Tensor, weights: Option<&Tensor>) -> Result<(usize, usize)> {
    let [m, n] = a.shape()[..] else {
        return Err(Error::bad(format!("{operation}: a matrix is wanted, a tensor of shape {} is given", a.shape())));
    };
    if let Some(weights) = weights
        && (weights.shape()[..] != [m] || weights.dtype() != a.dtype())
    {
        return Err(Error::bad(format!("{operation}: the weights of {a:?} are {} [{m}], {weights:?} is given", a.dtype())));
    }
    Ok((m, n))
}

fn read_both<'a>(operation: &str, a: &'a Tensor, weights: Option<&'a Tensor>) -> Result<(Read<'a>, Option<Read<'a>>)> {
    Ok((a.read(operation)?, weights.map(|weights| weights.read(operation)).transpose()?))
}

/// A matrix, and its weights as a column.
fn matrices<'a, T: Float>(
    a: &Tensor,
    read: &'a Read<'_>,
    weights: Option<&Tensor>,
    weight_read: Option<&'a Read<'_>>,
) -> (Matrix<'a, T>, Option<Matrix<'a, T>>) {
    let of = |t: &Tensor, read: &'a Read<'_>, cols, col_stride| {
        let (rows, row_stride) = (t.shape()[0], t.strides()[0]);
        Matrix { elements: &read.elements::<T>()[t.offset()..], rows, cols, row_stride, col_stride }
    };
    (of(a, read, a.shape()[1], a.strides()[1]), weights.zip(weight_read).map(|(weights, read)| of(weights, read, 1, 1)))
}

fn write_gram(
    context: &Context,
    operation: &str,
    out: &Tensor,
    a: &Tensor,
    weights: Option<&Tensor>,
    (alpha, beta): (f64, f64),
) -> Result<()> {
    context.check(operation)?;
    with_float!(operation, a.dtype(), T => {
        let (read, weight_read) = read_both(operation, a, weights)?;
        let mut written = out.write(operation)?;
        let (a, weights) = matrices::<T>(a, &read, weights, weight_read.as_ref());
        let (n, scale) = (a.cols, (T::from_f64(alpha), T::from_f64(beta)));
        let elements = &mut written.elements::<T>()[out.offset()..];
        let mut out = MatrixMut { elements, rows: n, cols: n, row_stride: out.strides()[0], col_stride: out.strides()[1] };
        let sums = if a.rows > 0 && n > 0 { Some(accumulate(Rows { context, operation, a, weights, shift: None })?) } else { None };
        for i in 0..n {
            context.check(operation)?;
            for j in 0..n {
                let sum = sums.as_ref().map_or(0.0, |sums| sums.product(i, j));
                combine(T::from_f64(sum), scale, out.at(i, j));
            }
        }
        Ok(())
    })
}

fn write_covariance<T: Float>(rows: Rows<'_, T>, ddof: f64, (means, matrix): (&Tensor, &Tensor)) -> Result<()> {
    let (context, operation, n) = (rows.context, rows.operation, rows.a.cols);
    context.check(operation)?;
    let weight = total_weight(context, operation, rows.a.rows, rows.weights)?;
    if !(ddof >= 0.0 && weight > ddof) {
        let counted = if rows.weights.is_some() { "weights together" } else { "rows" };
        return Err(Error::bad(format!("{operation}: {weight} {counted}, more than ddof {ddof} are wanted, and ddof not negative")));
    }
    if n == 0 {
        return Ok(());
    }
    let mut shift = Workspace::<T>::new(context, operation, n)?;
    let mut offsets = Workspace::<f64>::new(context, operation, n)?;
    sample_means(rows.a, rows.weights, &mut offsets);
    let mut sums = sums_around(rows, &mut shift, &mut offsets, weight)?;
    // Where the sample's mean is far from that of all rows, too many digits would cancel: again, around the mean.
    let far = |j: usize| offsets[j] * offsets[j] > 4.0 * (sums.product(j, j) / weight - offsets[j] * offsets[j]);
    if rows.a.rows > SAMPLE && (0..n).any(far) {
        offsets.iter_mut().zip(shift.iter()).for_each(|(offset, &shift)| *offset += shift.to_f64());
        sums = sums_around(rows, &mut shift, &mut offsets, weight)?;
    }
    let (mut means, mut matrix) = (means.write(operation)?, matrix.write(operation)?);
    let (means, matrix) = (means.elements::<f64>(), matrix.elements::<f64>());
    for i in 0..n {
        context.check(operation)?;
        means[i] = shift[i].to_f64() + offsets[i];
        for j in 0..n {
            let value = (sums.product(i, j) - weight * offsets[i] * offsets[j]) / (weight - ddof);
            // What is left of a constant column can be a little less than nothing.
            matrix[i * n + j] = if i == j && value < 0.0 { 0.0 } else { value };
        }
    }
    Ok(())
}

/// The sums of rows less `around` (rounded into `shift`); leaves in `around` what the means differ from `shift`.
fn sums_around<T: Float>(rows: Rows<'_, T>, shift: &mut [T], around: &mut [f64], weight: f64) -> Result<Sums> {
    shift.iter_mut().zip(around.iter()).for_each(|(shift, &around)| *shift = T::from_f64(around));
    let sums = accumulate(Rows { shift: Some(shift), ..rows })?;
    around.iter_mut().enumerate().for_each(|(j, offset)| *offset = sums.column(j) / weight);
    Ok(sums)
}

fn total_weight<T: Float>(context: &Context, operation: &str, rows: usize, weights: Option<Matrix<'_, T>>) -> Result<f64> {
    let Some(weights) = weights else { return Ok(rows as f64) };
    let mut total = 0.0;
    for row in 0..rows {
        if row % LOOK == 0 {
            context.check(operation)?;
        }
        let weight = weights.at(row, 0).to_f64();
        if !(0.0..f64::INFINITY).contains(&weight) {
            return Err(Error::bad(format!("{operation}: weight {row} is {weight}; from 0 to any finite number is possible")));
        }
        total += weight;
    }
    Ok(total)
}

/// Weighted means of the columns over some rows, evenly spread; of all rows where there are few.
fn sample_means<T: Float>(a: Matrix<'_, T>, weights: Option<Matrix<'_, T>>, means: &mut [f64]) {
    let count = a.rows.min(SAMPLE);
    let mut total = 0.0;
    for sample in 0..count {
        // Widened, since rows times 1024 may be more than a word holds on small machines.
        let row = (sample as u64 * a.rows as u64 / count as u64) as usize;
        let weight = weights.map_or(1.0, |weights| weights.at(row, 0).to_f64());
        total += weight;
        means.iter_mut().enumerate().for_each(|(col, mean)| *mean += weight * a.at(row, col).to_f64());
    }
    if total > 0.0 {
        means.iter_mut().for_each(|mean| *mean /= total);
    }
}
