//! Losses of linear models, with gradient and curvature, in one pass over the rows.
//!
//! A linear model gives every row of `x` (n x d) one score for each of c outputs: `z = x w + b`. A loss says what a row's scores cost
//! against its labels; what is wanted of it is the sum over the rows and the derivatives of that sum by `w` and `b`. Rows are taken in
//! blocks that stay in the cache: scores, losses and gradient are made of a block before the next one is read, so that `x` comes from memory
//! once, and nothing as long as the data is stored.
//!
//! - Scores are computed in the dtype of `x`, as products are (`linalg`); losses and derivatives of a row too, with the formulas'
//!   elementary functions. Sums over rows are made in float64 from sums over a block.
//! - Work is cut by shapes alone and partial sums are merged in order: the number of threads changes no bit.
//! - A NaN in a row, in its label or in the coefficients makes the loss NaN; a weight of 0 does not hide it.

mod arguments;
mod csr;
mod dense;
mod pass;
mod pointwise;
mod softmax;

use crate::context::Context;
use crate::error::{Error, Result};
use crate::float::with_float;
use crate::sparse::Csr;
use crate::tensor::Tensor;
use crate::workspace::Workspace;
use arguments::{Sizes, check_like, coefficients_of, elements_of, store};
use csr::Sparse;
use dense::Dense;
use pass::{Design, Pass, Scalar};

/// What a row's score z costs against its label y. Where two classes are told apart (logistic, hinge, modified Huber) labels are 0 and 1,
/// and m = (2y - 1) z is the margin. At a kink the derivative is 0, at the hinge's too.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Loss {
    /// (z - y)² / 2.
    Squared,
    /// |z - y|.
    Absolute,
    /// With r = z - y and this δ > 0: r² / 2 up to |r| = δ, beyond it δ (|r| - δ / 2) (Huber 1964).
    Huber(f64),
    /// With this 0 < τ < 1: τ (y - z) where z < y, else (1 - τ) (z - y). Its minimum is the τ-quantile (Koenker and Bassett 1978).
    Quantile(f64),
    /// With this ε >= 0: max(0, |z - y| - ε).
    EpsilonInsensitive(f64),
    /// With this ε >= 0: max(0, |z - y| - ε)².
    SquaredEpsilonInsensitive(f64),
    /// ln(1 + eᶻ) - y z: the cross-entropy of the probability 1 / (1 + e⁻ᶻ). Labels between 0 and 1 are probabilities.
    Logistic,
    /// max(0, 1 - m).
    Hinge,
    /// max(0, 1 - m)².
    SquaredHinge,
    /// max(0, 1 - m)² where m > -1, else -4 m (Zhang 2004).
    ModifiedHuber,
    /// eᶻ - y z, for counts y >= 0 of mean eᶻ.
    Poisson,
    /// z + y e⁻ᶻ, for y > 0 of mean eᶻ.
    Gamma,
    /// With this power 1 < p < 2: e⁽²⁻ᵖ⁾ᶻ / (2 - p) - y e⁽¹⁻ᵖ⁾ᶻ / (1 - p), for y >= 0 of mean eᶻ.
    Tweedie(f64),
    /// ln Σₖ exp(zₖ) - z_y over all outputs k: the cross-entropy of the softmax. Labels are classes: whole numbers from 0 to c - 1.
    Softmax,
}

impl Loss {
    /// The name as the interface spells it.
    pub fn name(self) -> &'static str {
        match self {
            Loss::Squared => "squared",
            Loss::Absolute => "absolute",
            Loss::Huber(_) => "huber",
            Loss::Quantile(_) => "quantile",
            Loss::EpsilonInsensitive(_) => "epsilon-insensitive",
            Loss::SquaredEpsilonInsensitive(_) => "squared-epsilon-insensitive",
            Loss::Logistic => "logistic",
            Loss::Hinge => "hinge",
            Loss::SquaredHinge => "squared-hinge",
            Loss::ModifiedHuber => "modified-huber",
            Loss::Poisson => "poisson",
            Loss::Gamma => "gamma",
            Loss::Tweedie(_) => "tweedie",
            Loss::Softmax => "softmax",
        }
    }

    fn check(self, operation: &str) -> Result<()> {
        let (value, valid, wanted) = match self {
            Loss::Huber(delta) => (delta, delta > 0.0 && delta.is_finite(), "a finite number above 0"),
            Loss::Quantile(level) => (level, level > 0.0 && level < 1.0, "a number between 0 and 1"),
            Loss::EpsilonInsensitive(epsilon) | Loss::SquaredEpsilonInsensitive(epsilon) => {
                (epsilon, epsilon >= 0.0 && epsilon.is_finite(), "a finite number from 0 on")
            }
            Loss::Tweedie(power) => (power, power > 1.0 && power < 2.0, "a power between 1 and 2"),
            _ => return Ok(()),
        };
        if valid { Ok(()) } else { Err(Error::bad(format!("{operation}: the loss {} takes {wanted}, not {value}", self.name()))) }
    }
}

/// What rows are known by, n x d, float32 or float64.
#[derive(Clone, Copy)]
pub enum Features<'a> {
    /// Two axes. Rows may lie apart; where columns do, a call works on a copy.
    Dense(&'a Tensor),
    /// Columns that are not stored are not touched.
    Sparse(&'a Csr),
}

impl Features<'_> {
    /// The name that a guest called an operation on these rows by.
    fn choose(self, dense: &'static str, sparse: &'static str) -> &'static str {
        match self {
            Features::Dense(_) => dense,
            Features::Sparse(_) => sparse,
        }
    }
}

impl<'a> From<&'a Tensor> for Features<'a> {
    fn from(x: &'a Tensor) -> Features<'a> {
        Features::Dense(x)
    }
}

impl<'a> From<&'a Csr> for Features<'a> {
    fn from(x: &'a Csr) -> Features<'a> {
        Features::Sparse(x)
    }
}

/// The rows that a linear model is held against.
#[derive(Clone, Copy)]
pub struct LabelledRows<'a> {
    /// n x d.
    pub x: Features<'a>,
    /// n x c, or n where there is one output; of [`Loss::Softmax`] n or n x 1. The dtype of `x`.
    pub y: &'a Tensor,
    /// n or n x 1, the dtype of `x`: what each row's loss is multiplied with; 1 without them.
    pub weights: Option<&'a Tensor>,
}

/// The sum of the rows' losses at `coefficients`, and its derivative by them in `gradient`.
///
/// `coefficients` is d x c, or (d + 1) x c, where the last row holds the intercepts; float32 or float64, whatever `x` is. A vector of d or
/// d + 1 stands for one output. `gradient` has the same shape, float32 or float64. Without rows, loss and gradient are 0.
///
/// # Errors
/// Bad operation when shapes or dtypes do not fit, a label is no class, the loss's number is out of its range, or `gradient` cannot be written;
/// not supported for other dtypes; limit exceeded; interrupted. After an error `gradient` is as it was.
pub fn loss_and_gradient(context: &Context, loss: Loss, rows: LabelledRows<'_>, coefficients: &Tensor, gradient: &Tensor) -> Result<f64> {
    let name = rows.x.choose("loss-and-gradient", "sparse-loss-and-gradient");
    check_like(name, "gradient", gradient, coefficients)?;
    let sums = evaluate(context, name, loss, rows, coefficients, None)?;
    store(name, gradient, &sums[1..])?;
    Ok(sums[0])
}

/// The second derivative of the rows' summed loss at `coefficients` times `direction`, in `product`: what Newton's method with conjugate
/// gradients asks for, without the matrix. `direction` and `product` have the shape of `coefficients` ([`loss_and_gradient`]).
///
/// Where a loss has no second derivative it counts as 0.
///
/// # Errors
/// As [`loss_and_gradient`].
pub fn hessian_product(
    context: &Context,
    loss: Loss,
    rows: LabelledRows<'_>,
    coefficients: &Tensor,
    direction: &Tensor,
    product: &Tensor,
) -> Result<()> {
    let name = rows.x.choose("hessian-product", "sparse-hessian-product");
    check_like(name, "direction", direction, coefficients)?;
    check_like(name, "product", product, coefficients)?;
    let sums = evaluate(context, name, loss, rows, coefficients, Some(direction))?;
    store(name, product, &sums[1..])
}

/// The loss (0 where there is a direction) and the gradient or the product, as [`Pass::run`] gives them.
fn evaluate(
    context: &Context,
    operation: &str,
    loss: Loss,
    rows: LabelledRows<'_>,
    coefficients: &Tensor,
    direction: Option<&Tensor>,
) -> Result<Workspace<f64>> {
    let others = (rows.y, rows.weights);
    match rows.x {
        Features::Dense(x) if x.shape().len() != 2 => {
            Err(Error::bad(format!("{operation}: x has shape {}; rows x columns are wanted", x.shape())))
        }
        Features::Dense(x) => with_float!(operation, x.dtype(), T => {
            let x = dense::with_whole_rows(context, operation, x)?;
            let storage = x.read(operation)?;
            run(context, operation, loss, &Dense::<T>::new(&x, &storage), others, coefficients, direction)
        }),
        Features::Sparse(x) => with_float!(operation, x.dtype(), T => {
            let storage = x.values().read(operation)?;
            run(context, operation, loss, &Sparse::<T>::new(x, &storage), others, coefficients, direction)
        }),
    }
}

/// One pass over any rows.
fn run<T: Scalar>(
    context: &Context,
    operation: &str,
    loss: Loss,
    design: &impl Design<T>,
    (y, weights): (&Tensor, Option<&Tensor>),
    coefficients: &Tensor,
    direction: Option<&Tensor>,
) -> Result<Workspace<f64>> {
    loss.check(operation)?;
    let sizes = Sizes::of(operation, loss, (design.rows(), design.columns()), y, weights, coefficients)?;
    let (y, weights) =
        (y.to_contiguous(context, operation)?, weights.map(|weights| weights.to_contiguous(context, operation)).transpose()?);
    let y_storage = y.read(operation)?;
    let weights_storage = weights.as_ref().map(|weights| weights.read(operation)).transpose()?;
    let y = elements_of::<T>(operation, "y", &y, &y_storage)?;
    let weights = match (&weights, &weights_storage) {
        (Some(weights), Some(storage)) => Some(elements_of::<T>(operation, "weights", weights, storage)?),
        _ => None,
    };
    if loss == Loss::Softmax {
        softmax::check_classes(operation, y, sizes.outputs)?;
    }
    let coefficients = coefficients_of::<T>(context, operation, sizes, coefficients)?;
    let direction = direction.map(|direction| coefficients_of::<T>(context, operation, sizes, direction)).transpose()?;
    let pass = Pass { context, operation, loss, design, y, weights, coefficients: &coefficients, direction: direction.as_deref(), sizes };
    pass.run()
}
