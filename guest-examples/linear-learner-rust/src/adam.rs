//! Adam: steps along mini-batch gradients, each variable at its own pace (Kingma and Ba 2015, algorithm 1).

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

    /// Moves the variables `x` one step against their gradient.
    pub(crate) fn step(&mut self, x: &mut [f64], gradient: &[f64]) {
        self.steps = self.steps.saturating_add(1);
        // Both moments begin at 0; this takes the bias out again.
        let first_scale = 1.0 / (1.0 - FIRST_DECAY.powi(self.steps));
        let second_scale = 1.0 / (1.0 - SECOND_DECAY.powi(self.steps));
        for (((x, g), first), second) in x.iter_mut().zip(gradient).zip(&mut self.first).zip(&mut self.second) {
            *first += (1.0 - FIRST_DECAY) * (g - *first);
            *second += (1.0 - SECOND_DECAY) * (g * g - *second);
            *x -= self.learning_rate * *first * first_scale / ((*second * second_scale).sqrt() + EPSILON);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_is_the_learning_rate_whatever_the_size_of_the_gradient() {
        let mut x = [1.0, 1.0, 1.0];
        Adam::new(3, 0.1).step(&mut x, &[1000.0, -0.001, 0.0]);
        assert!((x[0] - 0.9).abs() < 1e-6 && (x[1] - 1.1).abs() < 1e-6 && x[2] == 1.0, "{x:?}");
    }

    #[test]
    fn a_badly_scaled_quadratic_is_minimized() {
        let mut x = [5.0, -3.0];
        let mut adam = Adam::new(2, 0.05);
        for _ in 0..2000 {
            let gradient = [100.0 * (x[0] - 1.0), 0.1 * (x[1] - 2.0)];
            adam.step(&mut x, &gradient);
        }
        assert!((x[0] - 1.0).abs() < 1e-3 && (x[1] - 2.0).abs() < 1e-2, "{x:?}");
    }
}
