//! Elementary functions as straight arithmetic, so that loops over them become vector instructions.
//!
//! Errors are a few units in the last place at most (the tests state them), over the whole range; NaN goes in and out, infinities and
//! denormal numbers are treated as the real line's ends and numbers.

use super::real::Real;

/// x as (`SHIFT` + k, k, r) with x = k ln 2 + r and |r| ≤ ln 2 / 2.
#[inline(always)]
fn reduce<T: Real>(x: T) -> (T, T, T) {
    let shifted = x * T::LOG2_E + T::SHIFT;
    let k = shifted - T::SHIFT;
    (shifted, k, (x - k * T::LN_2_HIGH) - k * T::LN_2_LOW)
}

/// NaN stays.
#[inline(always)]
fn clamp<T: Real>(x: T, low: T, high: T) -> T {
    let x = if x < low { low } else { x };
    if x > high { high } else { x }
}

/// eˣ.
#[inline(always)]
pub(crate) fn exp<T: Real>(x: T) -> T {
    let (shifted, _, r) = reduce(clamp(x, T::EXP_RANGE.0, T::EXP_RANGE.1));
    (T::ONE + (r + r * r * T::exp_tail(r))).scale(shifted)
}

/// eˣ - 1 without loss near 0.
#[inline(always)]
pub(crate) fn expm1<T: Real>(x: T) -> T {
    let (shifted, k, r) = reduce(clamp(x, -T::SATURATED - T::SATURATED, T::EXP_RANGE.1));
    let series = r + r * r * T::exp_tail(r);
    // Beyond 2⁶⁴ the 1 does not count; its reciprocal must not leave the range.
    let counted = if k > T::SATURATED + T::SATURATED { T::SATURATED + T::SATURATED } else { k };
    (series + (T::ONE - T::power_of_two(T::SHIFT - counted))).scale(shifted)
}

/// The natural logarithm; of 0 -∞, of negative numbers NaN.
#[inline(always)]
pub(crate) fn log<T: Real>(x: T) -> T {
    let (m, k) = x.split();
    let f = m - T::ONE;
    let s = f / (T::TWO + f);
    let z = s * s;
    let half_square = T::HALF * f * f;
    let y = k * T::LN_2_HIGH - ((half_square - (s * (half_square + z * T::log_tail(z)) + k * T::LN_2_LOW)) - f);
    let y = if x == T::INFINITY { T::INFINITY } else { y };
    let y = if x == T::ZERO { -T::INFINITY } else { y };
    if x >= T::ZERO { y } else { T::NAN }
}

/// ln(1 + x) without loss near 0.
#[inline(always)]
pub(crate) fn log1p<T: Real>(x: T) -> T {
    let sum = T::ONE + x;
    // What rounding took from the sum, to first order.
    let lost = (x - (sum - T::ONE)) / sum;
    // Not `&&`: a branch would keep this from becoming vector instructions.
    log(sum) + if (sum > T::ZERO) & (x < T::INFINITY) { lost } else { T::ZERO }
}

/// The hyperbolic tangent.
#[inline(always)]
pub(crate) fn tanh<T: Real>(x: T) -> T {
    let e = expm1(T::TWO * clamp(x.abs(), T::ZERO, T::SATURATED));
    (e / (e + T::TWO)).copysign(x)
}

/// 1 / (1 + e⁻ˣ), exact in both tails.
#[inline(always)]
pub(crate) fn sigmoid<T: Real>(x: T) -> T {
    let e = exp(-x.abs());
    (if x >= T::ZERO { T::ONE } else { e }) / (T::ONE + e)
}

/// ln(1 + eˣ), without overflow.
#[inline(always)]
pub(crate) fn softplus<T: Real>(x: T) -> T {
    (if x > T::ZERO { x } else { T::ZERO }) + log1p(exp(-x.abs()))
}
