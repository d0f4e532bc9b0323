//! How far a parameter goes along its gradient.

use bytemuck::Zeroable;

use super::block_mut;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::float::Float;
use crate::workspace::Workspace;

/// How steps are scaled, parameter by parameter. Parameters whose features do not occur in a mini-batch stay as they are, moments included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FactorizationOptimizer {
    /// By the root of the sum of squared gradients so far (Duchi, Hazan, Singer 2011).
    Adagrad {
        /// Added to the root.
        epsilon: f64,
    },
    /// By moments of the gradient (Kingma and Ba 2015, algorithm 1), whose bias is corrected by the number of all steps so far.
    Adam {
        /// Decay of the first moment, from 0 to below 1.
        first_decay: f64,
        /// Decay of the second moment, from 0 to below 1.
        second_decay: f64,
        /// Added to the root.
        epsilon: f64,
    },
}

/// Learning rate and penalty of one part of the model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// Length of a step, from 0.
    pub learning_rate: f64,
    /// The penalty is l2 / 2 times the square of each parameter that a mini-batch touches.
    pub l2: f64,
}

impl FactorizationOptimizer {
    pub(super) fn check(&self, operation: &str) -> Result<()> {
        let (decays, epsilon) = match *self {
            FactorizationOptimizer::Adagrad { epsilon } => ([0.0; 2], epsilon),
            FactorizationOptimizer::Adam { first_decay, second_decay, epsilon } => ([first_decay, second_decay], epsilon),
        };
        if let Some(decay) = decays.iter().find(|decay| !(0.0..1.0).contains(*decay)) {
            return Err(Error::bad(format!("{operation}: a decay of {decay}; from 0 to below 1 is wanted")));
        }
        if !(epsilon > 0.0 && epsilon.is_finite()) {
            return Err(Error::bad(format!("{operation}: epsilon is {epsilon}; a finite number above 0 is wanted")));
        }
        Ok(())
    }

    /// Moments for each parameter.
    pub(super) fn moments(&self) -> usize {
        match self {
            FactorizationOptimizer::Adagrad { .. } => 1,
            FactorizationOptimizer::Adam { .. } => 2,
        }
    }
}

impl Pace {
    pub(super) fn check(&self, operation: &str, part: &str) -> Result<()> {
        for (what, value) in [("learning rate", self.learning_rate), ("l2", self.l2)] {
            if !(value >= 0.0 && value.is_finite()) {
                return Err(Error::bad(format!("{operation}: {what} of the {part} is {value}; a finite number from 0 up is wanted")));
            }
        }
        Ok(())
    }
}

/// What a step does with a parameter's gradient.
#[derive(Clone, Copy)]
pub(super) struct Step<T> {
    /// What the summed gradient is multiplied with to be the mean.
    mean: T,
    clip: T,
    learning_rate: T,
    l2: T,
    kind: Kind<T>,
}

#[derive(Clone, Copy)]
enum Kind<T> {
    Adagrad { epsilon: T },
    Adam { first_share: T, second_share: T, second_correction: T, epsilon: T },
}

impl<T: Root> Step<T> {
    /// `number` counts the steps from 1, `weight` is that of the mini-batch's rows.
    pub(super) fn new(optimizer: FactorizationOptimizer, pace: Pace, clip: f64, number: u64, weight: f64) -> Step<T> {
        let (mut learning_rate, number) = (pace.learning_rate, i32::try_from(number).unwrap_or(i32::MAX));
        let kind = match optimizer {
            FactorizationOptimizer::Adagrad { epsilon } => Kind::Adagrad { epsilon: T::from_f64(epsilon) },
            FactorizationOptimizer::Adam { first_decay, second_decay, epsilon } => {
                learning_rate /= 1.0 - first_decay.powi(number);
                Kind::Adam {
                    first_share: T::from_f64(1.0 - first_decay),
                    second_share: T::from_f64(1.0 - second_decay),
                    second_correction: T::from_f64(1.0 / (1.0 - second_decay.powi(number))),
                    epsilon: T::from_f64(epsilon),
                }
            }
        };
        let [mean, clip, learning_rate, l2] = [1.0 / weight, clip, learning_rate, pace.l2].map(T::from_f64);
        Step { mean, clip, learning_rate, l2, kind }
    }

    /// Moves `W` parameters against their summed gradients. `moments` begins with the first moment of each; the second, if there is one,
    /// lies `apart` behind it.
    #[inline(always)]
    pub(super) fn take<const W: usize>(self, parameters: &mut [T; W], sums: &[T; W], moments: &mut [T], apart: usize) {
        // Computed in local arrays: the compiler cannot see that the slices are not one another.
        let (mut moved, mut gradients) = (*parameters, [T::ZERO; W]);
        for i in 0..W {
            gradients[i] = self.gradient(sums[i], moved[i]);
        }
        match self.kind {
            Kind::Adagrad { epsilon } => {
                let mut squares: [T; W] = *block_mut(moments, 0);
                for i in 0..W {
                    squares[i] = squares[i] + gradients[i] * gradients[i];
                    moved[i] = moved[i] - self.learning_rate * gradients[i] / (squares[i].root() + epsilon);
                }
                *block_mut(moments, 0) = squares;
            }
            Kind::Adam { first_share, second_share, second_correction, epsilon } => {
                let (mut first, mut second): ([T; W], [T; W]) = (*block_mut(moments, 0), *block_mut(moments, apart));
                for i in 0..W {
                    first[i] = first[i] + first_share * (gradients[i] - first[i]);
                    second[i] = second[i] + second_share * (gradients[i] * gradients[i] - second[i]);
                    let scale = (second[i] * second_correction).root() + epsilon;
                    moved[i] = moved[i] - self.learning_rate * first[i] / scale;
                }
                (*block_mut(moments, 0), *block_mut(moments, apart)) = (first, second);
            }
        }
        *parameters = moved;
    }

    #[inline(always)]
    fn gradient(self, sum: T, parameter: T) -> T {
        let gradient = sum * self.mean + self.l2 * parameter;
        let low = if gradient < -self.clip { -self.clip } else { gradient };
        if low > self.clip { self.clip } else { low }
    }
}

/// A type with square roots.
pub(super) trait Root: Float + Zeroable {
    /// The square root.
    fn root(self) -> Self;
}

impl Root for f32 {
    #[inline(always)]
    fn root(self) -> f32 {
        self.sqrt()
    }
}

impl Root for f64 {
    #[inline(always)]
    fn root(self) -> f64 {
        self.sqrt()
    }
}

/// Room for the moments of `count` parameters.
pub(super) fn moments<T: Root>(context: &Context, operation: &str, count: usize, of_each: usize) -> Result<Workspace<T>> {
    Workspace::new(context, operation, count.saturating_mul(of_each))
}
