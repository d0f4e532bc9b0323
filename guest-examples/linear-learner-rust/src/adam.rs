//! Adam: steps along mini-batch gradients, each variable at its own pace (Kingma and Ba 2015, algorithm 1), followed by the proximal step
//! of an L1 penalty, which is what makes variables exactly 0.

const FIRST_DECAY: f64 = 0.9;
const SECOND_DECAY: f64 = 0.999;
const EPSILON: f64 = 1e-8;

/// The running moments of the gradient.
pub(crate) struct Adam {
    learning_rate: f64,
    first: Vec<f64>,
    second: Vec<f64>,
    steps: i32,
}

impl Adam {
    pub(crate) fn new(variables: usize, learning_rate: f64) -> Adam {
        Adam { learning_rate, first: vec![0.0; variables], second: vec![0.0; variables], steps: 0 }
    }

    /// Moves the variables `x` one step against their gradient; the first `penalized` ones have the penalty `l1` times their size.
    pub(crate) fn step(&mut self, x: &mut [f64], gradient: &[f64], l1: f64, penalized: usize) {
        self.steps = self.steps.saturating_add(1);
        // Both moments begin at 0; this takes the bias out again.
        let first_scale = 1.0 / (1.0 - FIRST_DECAY.powi(self.steps));
        let second_scale = 1.0 / (1.0 - SECOND_DECAY.powi(self.steps));
        for (i, (((x, g), first), second)) in x.iter_mut().zip(gradient).zip(&mut self.first).zip(&mut self.second).enumerate() {
            *first += (1.0 - FIRST_DECAY) * (g - *first);
            *second += (1.0 - SECOND_DECAY) * (g * g - *second);
            let pace = self.learning_rate / ((*second * second_scale).sqrt() + EPSILON);
            *x -= pace * *first * first_scale;
            if i < penalized {
                *x = x.signum() * (x.abs() - pace * l1).max(0.0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_is_the_learning_rate_whatever_the_size_of_the_gradient() {
        let mut x = [1.0, 1.0, 1.0];
        Adam::new(3, 0.1).step(&mut x, &[1000.0, -0.001, 0.0], 0.0, 3);
        assert!((x[0] - 0.9).abs() < 1e-6 && (x[1] - 1.1).abs() < 1e-6 && x[2] == 1.0, "{x:?}");
    }

    #[test]
    fn a_badly_scaled_quadratic_is_minimized() {
        let mut x = [5.0, -3.0];
        let mut adam = Adam::new(2, 0.05);
        for _ in 0..2000 {
            let gradient = [100.0 * (x[0] - 1.0), 0.1 * (x[1] - 2.0)];
            adam.step(&mut x, &gradient, 0.0, 2);
        }
        assert!((x[0] - 1.0).abs() < 1e-3 && (x[1] - 2.0).abs() < 1e-2, "{x:?}");
    }

    #[test]
    fn a_penalty_makes_variables_of_small_slope_zero_and_moves_the_others() {
        let mut x = [1.0, 1.0, 1.0];
        let mut adam = Adam::new(3, 0.01);
        for _ in 0..3000 {
            // Half the squared distance from (2, 0.3, 0.3); the last variable is free of the penalty 0.5.
            let gradient = [x[0] - 2.0, x[1] - 0.3, x[2] - 0.3];
            adam.step(&mut x, &gradient, 0.5, 2);
        }
        assert!((x[0] - 1.5).abs() < 0.02 && x[1] == 0.0 && (x[2] - 0.3).abs() < 0.02, "{x:?}");
    }
}
