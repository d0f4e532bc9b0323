//! Means and products of rows that come in batches, none of which is kept.

use crate::algohost::ml::formulas::{Reduction, compile};
use crate::algohost::ml::linalg::{covariance, gram};
use crate::algohost::ml::tensors::{Dtype, Tensor, zeros};
use crate::algohost::ml::types::Error;

/// What some rows say about the features.
pub(crate) struct Moments {
    pub(crate) rows: f64,
    /// 1 x features, float64; 0 where means are not subtracted.
    pub(crate) means: Tensor,
    /// features x features, float64: sums over the rows of products of deviations from the means.
    pub(crate) products: Tensor,
}

impl Moments {
    pub(crate) fn of(points: &Tensor, subtract_mean: bool) -> Result<Moments, Error> {
        let shape = points.shape();
        let rows = f64::from(shape[0]);
        if !subtract_mean {
            let products = gram(points, None)?.cast(Dtype::Float64)?;
            return Ok(Moments { rows, means: zeros(&[1, shape[1]], Dtype::Float64)?, products });
        }
        let moments = covariance(points, None, 0.0)?;
        Ok(Moments { rows, means: moments.means, products: scaled(&moments.covariances, rows)? })
    }

    /// Takes in other rows (Chan, Golub and LeVeque 1979).
    pub(crate) fn add(&mut self, other: &Moments) -> Result<(), Error> {
        let rows = self.rows + other.rows;
        let (n_features, share) = (self.means.shape()[1], other.rows / rows);
        let apart = compile("a b", "b - a")?.apply(&[&self.means, &other.means])?;
        let add = compile("p q row col f", "p + q + row * col * f")?;
        add.bind_scalar("f", self.rows * share)?;
        add.apply_into(&self.products, &[&self.products, &other.products, &apart, &apart.reshape(&[n_features, 1])?])?;
        let shift = compile("m d f", "m + d * f")?;
        shift.bind_scalar("f", share)?;
        shift.apply_into(&self.means, &[&self.means, &apart])?;
        self.rows = rows;
        Ok(())
    }

    /// Sums of products divided by one less than the rows.
    pub(crate) fn covariances(&self) -> Result<Tensor, Error> {
        scaled(&self.products, 1.0 / (self.rows - 1.0))
    }

    /// Whether all numbers are. One that is not in a row is in its column's products as well.
    pub(crate) fn are_finite(&self) -> Result<bool, Error> {
        Ok(not_finite(&self.products)? == 0.0)
    }
}

/// How many elements are NaN or infinite.
pub(crate) fn not_finite(tensor: &Tensor) -> Result<f64, Error> {
    compile("x", "isnan(x - x)")?.reduce_all(Reduction::Count, &[tensor])
}

fn scaled(tensor: &Tensor, factor: f64) -> Result<Tensor, Error> {
    let scale = compile("x f", "x * f")?;
    scale.bind_scalar("f", factor)?;
    scale.apply(&[tensor])
}
