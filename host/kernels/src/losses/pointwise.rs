//! Losses of one score and one label: value, first and second derivative, once, for blocks.

use super::Loss;
use crate::formulas::Real;
use crate::formulas::elementary::{exp, log1p};
use crate::vectorized::vectorized;

/// Expands `$run!(|z, y| (value, first derivative, second derivative))` for the loss; what is not used of the three is not computed. The type
/// of elements is `T` where this is used. Every formula is straight arithmetic, so that loops over it become vector instructions.
macro_rules! by_loss {
    ($loss:expr, $run:ident) => {
        match $loss {
            Loss::Squared => $run!(|z, y| squared(z, y)),
            Loss::Absolute => $run!(|z, y| pinball(z, y, T::ONE, T::ONE)),
            Loss::Huber(delta) => {
                let delta = T::from_f64(delta);
                $run!(|z, y| huber(z, y, delta))
            }
            Loss::Quantile(level) => {
                let (below, above) = (T::from_f64(level), T::from_f64(1.0 - level));
                $run!(|z, y| pinball(z, y, below, above))
            }
            Loss::EpsilonInsensitive(epsilon) => {
                let epsilon = T::from_f64(epsilon);
                $run!(|z, y| insensitive(z, y, epsilon))
            }
            Loss::SquaredEpsilonInsensitive(epsilon) => {
                let epsilon = T::from_f64(epsilon);
                $run!(|z, y| squared_insensitive(z, y, epsilon))
            }
            Loss::Logistic => $run!(|z, y| logistic(z, y)),
            Loss::Hinge => $run!(|z, y| hinge(z, y)),
            Loss::SquaredHinge => $run!(|z, y| squared_hinge(z, y)),
            Loss::ModifiedHuber => $run!(|z, y| modified_huber(z, y)),
            Loss::Poisson => $run!(|z, y| poisson(z, y)),
            Loss::Gamma => $run!(|z, y| gamma(z, y)),
            Loss::Tweedie(power) => {
                let (one, two) = (T::from_f64(1.0 - power), T::from_f64(2.0 - power));
                $run!(|z, y| tweedie(z, y, one, two))
            }
            // Not of one score; `softmax` has it.
            Loss::Softmax => {}
        }
    };
}

/// Value and derivative of the loss for each score.
pub(super) fn gradient<T: Real>(loss: Loss, z: &[T], y: &[T], derivatives: &mut [T], values: &mut [T]) {
    macro_rules! each {
        (|$z:ident, $y:ident| $of:expr) => {
            vectorized(|| {
                for (((derivative, value), &$z), &$y) in derivatives.iter_mut().zip(&mut *values).zip(z).zip(y) {
                    (*value, *derivative, _) = $of;
                }
            })
        };
    }
    by_loss!(loss, each);
}

/// The second derivative of the loss for each score, times the score's slope.
pub(super) fn curvature<T: Real>(loss: Loss, z: &[T], y: &[T], slopes: &[T], to: &mut [T]) {
    macro_rules! each {
        (|$z:ident, $y:ident| $of:expr) => {
            vectorized(|| {
                for (((to, &slope), &$z), &$y) in to.iter_mut().zip(slopes).zip(z).zip(y) {
                    *to = $of.2 * slope;
                }
            })
        };
    }
    by_loss!(loss, each);
}

/// The larger of x and 0; NaN stays.
#[inline(always)]
fn positive<T: Real>(x: T) -> T {
    if x < T::ZERO { T::ZERO } else { x }
}

#[inline(always)]
fn sign<T: Real>(x: T) -> T {
    T::truth(x > T::ZERO) - T::truth(x < T::ZERO)
}

#[inline(always)]
fn squared<T: Real>(z: T, y: T) -> (T, T, T) {
    let r = z - y;
    (T::HALF * r * r, r, T::ONE)
}

/// `below` times the distance where z < y, else `above` times.
#[inline(always)]
fn pinball<T: Real>(z: T, y: T, below: T, above: T) -> (T, T, T) {
    let r = z - y;
    let slope = T::truth(r > T::ZERO) * above - T::truth(r < T::ZERO) * below;
    (if r < T::ZERO { -r * below } else { r * above }, slope, T::ZERO)
}

#[inline(always)]
fn huber<T: Real>(z: T, y: T, delta: T) -> (T, T, T) {
    let r = z - y;
    let beyond = r.abs() > delta;
    let value = if beyond { delta * (r.abs() - T::HALF * delta) } else { T::HALF * r * r };
    (value, if beyond { delta.copysign(r) } else { r }, T::truth(!beyond))
}

#[inline(always)]
fn insensitive<T: Real>(z: T, y: T, epsilon: T) -> (T, T, T) {
    let r = z - y;
    let beyond = r.abs() - epsilon;
    (positive(beyond), T::truth(beyond > T::ZERO) * sign(r), T::ZERO)
}

#[inline(always)]
fn squared_insensitive<T: Real>(z: T, y: T, epsilon: T) -> (T, T, T) {
    let r = z - y;
    let beyond = positive(r.abs() - epsilon);
    (beyond * beyond, T::TWO * beyond * sign(r), T::TWO * T::truth(beyond > T::ZERO))
}

/// ln(1 + eᶻ) - y z as ln(1 + e^-|z|) + z ([z >= 0] - y), which loses nothing where it is nearly 0.
#[inline(always)]
fn logistic<T: Real>(z: T, y: T) -> (T, T, T) {
    let e = exp(-z.abs());
    let side = T::truth(z >= T::ZERO);
    let p = (if z >= T::ZERO { T::ONE } else { e }) / (T::ONE + e);
    (log1p(e) + z * (side - y), p - y, p * (T::ONE - p))
}

/// 1 - m, and the derivative of m.
#[inline(always)]
fn shortfall<T: Real>(z: T, y: T) -> (T, T) {
    let side = T::TWO * y - T::ONE;
    (T::ONE - side * z, side)
}

#[inline(always)]
fn hinge<T: Real>(z: T, y: T) -> (T, T, T) {
    let (short, side) = shortfall(z, y);
    (positive(short), -side * T::truth(short > T::ZERO), T::ZERO)
}

#[inline(always)]
fn squared_hinge<T: Real>(z: T, y: T) -> (T, T, T) {
    let (short, side) = shortfall(z, y);
    let short = positive(short);
    (short * short, -T::TWO * side * short, T::TWO * side * side * T::truth(short > T::ZERO))
}

#[inline(always)]
fn modified_huber<T: Real>(z: T, y: T) -> (T, T, T) {
    let (short, side) = shortfall(z, y);
    let far = short >= T::TWO;
    let short = positive(short);
    let four = T::TWO * T::TWO;
    let value = if far { four * (short - T::ONE) } else { short * short };
    let slope = if far { T::TWO } else { short };
    (value, -T::TWO * side * slope, T::TWO * side * side * T::truth((short > T::ZERO) & !far))
}

#[inline(always)]
fn poisson<T: Real>(z: T, y: T) -> (T, T, T) {
    let mean = exp(z);
    (mean - y * z, mean - y, mean)
}

#[inline(always)]
fn gamma<T: Real>(z: T, y: T) -> (T, T, T) {
    let share = y * exp(-z);
    (z + share, T::ONE - share, share)
}

/// `one` is 1 - p, `two` is 2 - p.
#[inline(always)]
fn tweedie<T: Real>(z: T, y: T, one: T, two: T) -> (T, T, T) {
    let (mean, share) = (exp(two * z), y * exp(one * z));
    (mean / two - share / one, mean - share, two * mean - one * share)
}
