//! The cross-entropy of several classes.

use crate::error::{Error, Result};
use crate::formulas::Real;
use crate::formulas::elementary::{exp, log};
use crate::vectorized::vectorized;

/// Whether every label is a class: a whole number from 0 to `classes` - 1.
pub(super) fn check_classes<T: Real>(operation: &str, y: &[T], classes: usize) -> Result<()> {
    let limit = T::from_f64(classes as f64);
    let is_class = |y: T| (y >= T::ZERO) & (y < limit) & (y.floor() == y);
    let wrong = vectorized(|| y.iter().map(|&y| u32::from(!is_class(y))).fold(0, |all, one| all | one));
    if wrong == 0 {
        return Ok(());
    }
    let row = y.iter().position(|&y| !is_class(y)).unwrap_or(0);
    let label = y[row].to_f64();
    Err(Error::bad(format!("{operation}: label {label} in row {row} is no class; {classes} outputs have the classes 0 to {}", classes - 1)))
}

/// The loss of each row of scores, and its derivatives by them: probabilities, less 1 at the row's class.
pub(super) fn gradient<T: Real>(z: &[T], y: &[T], classes: usize, derivatives: &mut [T], values: &mut [T]) {
    probabilities(z, classes, derivatives, |row, largest, sum| {
        values[row] = largest + log(sum);
    });
    for (row, (value, y)) in values.iter_mut().zip(y).enumerate() {
        let place = row * classes + y.to_f64() as usize;
        *value = *value - z[place];
        derivatives[place] = derivatives[place] - T::ONE;
    }
}

/// The second derivative of each row's loss times `slopes`: p (s - Σ p s) with probabilities p. `z` is left as these.
pub(super) fn curvature<T: Real>(z: &mut [T], slopes: &[T], classes: usize, to: &mut [T]) {
    probabilities(z, classes, to, |_, _, _| {});
    z.copy_from_slice(to);
    vectorized(|| {
        let rows = to.chunks_exact_mut(classes).zip(z.chunks_exact(classes)).zip(slopes.chunks_exact(classes));
        for ((to, p), slopes) in rows {
            let mean = p.iter().zip(slopes).fold(T::default(), |sum, (&p, &slope)| sum + p * slope);
            to.iter_mut().zip(p).zip(slopes).for_each(|((to, &p), &slope)| *to = p * (slope - mean));
        }
    });
}

/// The softmax of each row of scores; `each` gets the row, its largest score, and the sum of exponentials below that.
#[inline(always)]
fn probabilities<T: Real>(z: &[T], classes: usize, to: &mut [T], mut each: impl FnMut(usize, T, T)) {
    vectorized(|| {
        for (row, (to, z)) in to.chunks_exact_mut(classes).zip(z.chunks_exact(classes)).enumerate() {
            // A NaN need not be found here: the sum finds it.
            let largest = z.iter().fold(z[0], |most, &z| if z > most { z } else { most });
            to.iter_mut().zip(z).for_each(|(to, &z)| *to = exp(z - largest));
            let sum = to.iter().fold(T::default(), |sum, &e| sum + e);
            let share = T::ONE / sum;
            to.iter_mut().for_each(|to| *to = *to * share);
            each(row, largest, sum);
        }
    });
}
