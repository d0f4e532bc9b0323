//! What networks ask of float32 and float64 beyond arithmetic.

use crate::float::Float;
use crate::formulas;

/// Accumulators side by side: sums over a row become vector instructions, and have the same order on every machine.
const LANES: usize = 16;

/// The two types that networks compute in.
pub(super) trait Number: Float {
    /// eˣ.
    fn exp(self) -> Self;
    /// √x.
    fn sqrt(self) -> Self;
    /// Whether it is no number.
    fn is_nan(self) -> bool;
}

impl Number for f32 {
    #[inline(always)]
    fn exp(self) -> f32 {
        formulas::elementary::exp(self)
    }
    #[inline(always)]
    fn sqrt(self) -> f32 {
        f32::sqrt(self)
    }
    #[inline(always)]
    fn is_nan(self) -> bool {
        f32::is_nan(self)
    }
}

impl Number for f64 {
    #[inline(always)]
    fn exp(self) -> f64 {
        formulas::elementary::exp(self)
    }
    #[inline(always)]
    fn sqrt(self) -> f64 {
        f64::sqrt(self)
    }
    #[inline(always)]
    fn is_nan(self) -> bool {
        f64::is_nan(self)
    }
}

/// The largest value; NaN where one is NaN, -∞ of none.
#[inline(always)]
pub(super) fn largest<T: Number>(values: &[T]) -> T {
    let larger = |a: T, b: T| if a > b || a.is_nan() { a } else { b };
    fold(
        values,
        -T::INFINITY,
        #[inline(always)]
        |most, _, value| larger(most, value),
        larger,
    )
}

/// Σ f(i, value).
#[inline(always)]
pub(super) fn sum<T: Number>(values: &[T], f: impl Fn(usize, T) -> T) -> T {
    fold(
        values,
        T::ZERO,
        #[inline(always)]
        |sum, i, value| sum + f(i, value),
        #[inline(always)]
        |a, b| a + b,
    )
}

#[inline(always)]
fn fold<T: Number>(values: &[T], start: T, step: impl Fn(T, usize, T) -> T, merge: impl Fn(T, T) -> T) -> T {
    let mut lanes = [start; LANES];
    let whole = values.len() / LANES * LANES;
    for (block, values) in values[..whole].chunks_exact(LANES).enumerate() {
        for lane in 0..LANES {
            lanes[lane] = step(lanes[lane], block * LANES + lane, values[lane]);
        }
    }
    for (lane, &value) in values[whole..].iter().enumerate() {
        lanes[lane] = step(lanes[lane], whole + lane, value);
    }
    let mut width = LANES;
    while width > 1 {
        width /= 2;
        for lane in 0..width {
            lanes[lane] = merge(lanes[lane], lanes[lane + width]);
        }
    }
    lanes[0]
}
