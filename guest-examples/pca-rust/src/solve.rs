//! Three ways to find principal components.

use crate::algohost::ml::formulas::{self, Reduction, compile};
use crate::algohost::ml::job;
use crate::algohost::ml::linalg::{Eigenpairs, Transposed, eigh, gram, matmul, matmul_into, qr, svd};
use crate::algohost::ml::random::normal;
use crate::algohost::ml::select::gather;
use crate::algohost::ml::tensors::{Dtype, Tensor, from_bytes, zeros};
use crate::algohost::ml::types::Error;
use crate::moments::Moments;

/// The components that were found, those along which the data vary most first.
pub(crate) struct Analysis {
    /// 1 x features, float32: what was subtracted.
    pub(crate) mean: Tensor,
    /// components x features, float32: orthonormal rows, the largest number of each positive.
    pub(crate) components: Tensor,
    /// Along each component.
    pub(crate) variances: Vec<f64>,
    /// Of all features together.
    pub(crate) total_variance: f64,
}

impl Analysis {
    /// A variance as a share of the total. Of constant data there is nothing to explain.
    pub(crate) fn share(&self, variance: f64) -> f64 {
        if self.total_variance > 0.0 { variance / self.total_variance } else { 0.0 }
    }
}

/// How the randomized way goes.
pub(crate) struct Sketch {
    /// Directions to look in; some more than components wanted.
    pub(crate) columns: u32,
    pub(crate) power_iterations: u32,
    pub(crate) seed: u32,
}

/// Every component, by the covariances of the features: for at least as many rows as features.
pub(crate) fn by_covariances(moments: &Moments) -> Result<Analysis, Error> {
    let pairs = eigh(&moments.covariances()?)?;
    let variances = descending(&pairs)?;
    let components = reversed_rows(&pairs.vectors.transpose()?)?.cast(Dtype::Float32)?;
    Ok(Analysis { mean: moments.means.cast(Dtype::Float32)?, components, total_variance: variances.iter().sum(), variances })
}

/// Every component, by the singular values of the points, of which the mean is subtracted in place: for fewer rows than features.
pub(crate) fn by_singular_values(points: &Tensor, subtract_mean: bool) -> Result<Analysis, Error> {
    let (_, _, degrees) = sizes(points);
    let mean = subtracted(points, subtract_mean)?;
    let factors = svd(points)?;
    let variances: Vec<f64> = floats64(&factors.singular_values)?.map(|value| value * value / degrees).collect();
    Ok(Analysis { mean, components: factors.right, total_variance: variances.iter().sum(), variances })
}

/// The leading components: directions are drawn at random and turned towards them by every pass over the points, of which the mean is
/// subtracted in place (Halko, Martinsson and Tropp 2011; the last step is Rayleigh's and Ritz's).
pub(crate) fn randomized(points: &Tensor, subtract_mean: bool, sketch: &Sketch) -> Result<Analysis, Error> {
    let (n_rows, n_features, degrees) = sizes(points);
    let columns = sketch.columns.min(n_rows).min(n_features);
    let mean = subtracted(points, subtract_mean)?;
    let total_variance = compile("x", "square(x)")?.reduce_all(Reduction::Sum, &[points])? / degrees;
    let mut directions = qr(&normal(&[n_features, columns], Dtype::Float32, sketch.seed, 0)?)?.q;
    let image = zeros(&[n_rows, columns], Dtype::Float32)?;
    for pass in 0..=sketch.power_iterations {
        matmul_into(&image, points, &directions, Transposed::Neither, 1.0, 0.0)?;
        directions = qr(&matmul(points, &image, Transposed::Left)?)?.q;
        job::progress(f64::from(pass + 1), f64::from(sketch.power_iterations + 2));
        if job::should_stop() {
            break;
        }
    }
    matmul_into(&image, points, &directions, Transposed::Neither, 1.0, 0.0)?;
    let pairs = eigh(&gram(&image, None)?.cast(Dtype::Float64)?)?;
    let variances = descending(&pairs)?.iter().map(|value| value / degrees).collect();
    let turns = reversed_rows(&pairs.vectors.transpose()?)?.cast(Dtype::Float32)?;
    let components = matmul(&turns, &directions, Transposed::Right)?;
    Ok(Analysis { mean, components: signed(&components)?, variances, total_variance })
}

/// Rows, features, and what sums of squares are divided by.
fn sizes(points: &Tensor) -> (u32, u32, f64) {
    let shape = points.shape();
    (shape[0], shape[1], f64::from(shape[0]) - 1.0)
}

/// Moves the points' mean to 0, if it is to be subtracted, and says what it was.
fn subtracted(points: &Tensor, subtract_mean: bool) -> Result<Tensor, Error> {
    if !subtract_mean {
        return zeros(&[1, points.shape()[1]], Dtype::Float32);
    }
    let mean = formulas::reduce(points, Reduction::Mean, &[0], true)?;
    compile("x m", "x - m")?.apply_into(points, &[points, &mean])?;
    Ok(mean)
}

/// Eigenvalues, the largest first. Rounding makes some that are 0 a little less.
fn descending(pairs: &Eigenpairs) -> Result<Vec<f64>, Error> {
    let mut values: Vec<f64> = floats64(&pairs.values)?.map(|value| value.max(0.0)).collect();
    values.reverse();
    Ok(values)
}

/// The rows from last to first.
fn reversed_rows(matrix: &Tensor) -> Result<Tensor, Error> {
    let count = matrix.shape()[0];
    let order: Vec<u8> = (0..count as i32).rev().flat_map(i32::to_le_bytes).collect();
    gather(matrix, &from_bytes(&[count], Dtype::Int32, &order)?)
}

/// Rows turned round where their largest number, signs aside, is negative.
fn signed(rows: &Tensor) -> Result<Tensor, Error> {
    let (high, low) = (formulas::reduce(rows, Reduction::Max, &[1], true)?, formulas::reduce(rows, Reduction::Min, &[1], true)?);
    compile("x high low", "where(high + low < 0, -x, x)")?.apply(&[rows, &high, &low])
}

/// All numbers of a tensor with one axis.
fn floats64(tensor: &Tensor) -> Result<impl Iterator<Item = f64> + use<>, Error> {
    let bytes = tensor.cast(Dtype::Float64)?.read(0, tensor.shape()[0])?;
    let (numbers, _) = bytes.as_chunks::<8>();
    Ok(numbers.iter().map(|number| f64::from_le_bytes(*number)).collect::<Vec<_>>().into_iter())
}
