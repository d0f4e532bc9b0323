//! OWL-QN: L-BFGS for a smooth function plus an L1 penalty (Andrew and Gao 2007, Scalable training of L1-regularized log-linear models).
//!
//! Within an orthant, where no variable changes its sign, the penalty is linear. Each step therefore stays in one orthant: that of the
//! variables, and of minus the pseudo-gradient where a variable is 0. A variable that would cross over is set to 0.

use crate::lbfgs::{Ending, History, Iterate, Options, Outcome, Point, dot};

const SUFFICIENT_DECREASE: f64 = 1e-4;
const TRIALS_PER_STEP: u32 = 30;
const FLAT_STEPS: u32 = 5;

/// The penalty `weight` times the sum of the absolute values of the first `count` variables.
#[derive(Clone, Copy)]
pub(crate) struct Penalty {
    pub(crate) weight: f64,
    pub(crate) count: usize,
}

impl Penalty {
    fn of(&self, x: &[f64]) -> f64 {
        self.weight * x[..self.count].iter().map(|x| x.abs()).sum::<f64>()
    }

    /// The derivative of function and penalty in the direction in which both fall; 0 where both rise on either side of 0.
    fn pseudo_gradient(&self, point: &Point) -> Vec<f64> {
        let slope = |(i, (&x, &g)): (usize, (&f64, &f64))| match self.weight {
            weight if i >= self.count || weight == 0.0 => g,
            weight if x != 0.0 => g + weight * x.signum(),
            weight if g + weight < 0.0 => g + weight,
            weight if g - weight > 0.0 => g - weight,
            _ => 0.0,
        };
        point.x.iter().zip(&point.gradient).enumerate().map(slope).collect()
    }
}

/// As [`crate::lbfgs::minimize`], of the function with the penalty: `evaluate` gives the smooth part, values in the outcome are of both.
pub(crate) fn minimize<E>(
    start: Vec<f64>,
    options: &Options,
    penalty: Penalty,
    mut evaluate: impl FnMut(&[f64], &mut [f64]) -> Result<f64, E>,
    mut after_step: impl FnMut(&Iterate<'_>) -> Result<bool, E>,
) -> Result<Outcome, E> {
    let mut evaluations = 0;
    let mut evaluate = |point: &mut Point| {
        evaluations += 1;
        point.value = evaluate(&point.x, &mut point.gradient)? + penalty.of(&point.x);
        Ok(())
    };
    let mut here = Point { gradient: vec![0.0; start.len()], x: start, value: 0.0 };
    evaluate(&mut here)?;
    let mut there = here.clone();
    let mut history = History::new(options.memory);
    let (mut iteration, mut flat_steps) = (0, 0);
    let ending = loop {
        let slopes = penalty.pseudo_gradient(&here);
        if slopes.iter().all(|slope| slope.abs() <= options.gradient_tolerance) {
            break Ending::Converged;
        }
        if iteration == options.max_iterations {
            break Ending::OutOfIterations;
        }
        let first = history.is_empty();
        let mut direction = history.direction(&slopes);
        // Curvature must not turn a variable against its own slope.
        direction[..penalty.count].iter_mut().zip(&slopes).filter(|(d, slope)| **d * **slope >= 0.0).for_each(|(d, _)| *d = 0.0);
        let length = if first { 1.0 / dot(&direction, &direction).sqrt().max(1.0) } else { 1.0 };
        if !step(&here, &slopes, &direction, penalty, (length, options.noise), &mut there, &mut evaluate)? {
            if first {
                break Ending::Stalled;
            }
            history.clear();
            continue;
        }
        history.remember(&here, &there);
        std::mem::swap(&mut here, &mut there);
        iteration += 1;
        if !after_step(&Iterate { iteration, x: &here.x, value: here.value })? {
            break Ending::Interrupted;
        }
        let flat = there.value - here.value <= options.noise * here.value.abs();
        flat_steps = if flat { flat_steps + 1 } else { 0 };
        if flat_steps == FLAT_STEPS {
            break Ending::Stalled;
        }
    };
    Ok(Outcome { x: here.x, value: here.value, iterations: iteration, evaluations, ending })
}

/// Shortens the step along `direction`, within the orthant, until it lowers the value enough. False when no length does.
fn step<E>(
    here: &Point,
    slopes: &[f64],
    direction: &[f64],
    penalty: Penalty,
    (mut length, noise): (f64, f64),
    there: &mut Point,
    evaluate: &mut impl FnMut(&mut Point) -> Result<(), E>,
) -> Result<bool, E> {
    for _ in 0..TRIALS_PER_STEP {
        let mut gain = 0.0;
        for i in 0..here.x.len() {
            let orthant = if here.x[i] == 0.0 { -slopes[i] } else { here.x[i] };
            let moved = here.x[i] + length * direction[i];
            there.x[i] = if i < penalty.count && moved * orthant <= 0.0 { 0.0 } else { moved };
            gain += slopes[i] * (there.x[i] - here.x[i]);
        }
        evaluate(there)?;
        let allowed = here.value + SUFFICIENT_DECREASE * gain + noise * here.value.abs();
        if there.value.is_finite() && gain < 0.0 && there.value <= allowed {
            return Ok(true);
        }
        length /= 2.0;
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(start: &[f64], weight: f64, count: usize, mut f: impl FnMut(&[f64], &mut [f64]) -> f64) -> Outcome {
        let options = Options { memory: 10, max_iterations: 500, gradient_tolerance: 1e-9, noise: 0.0 };
        let outcome = minimize(start.to_vec(), &options, Penalty { weight, count }, |x, g| Ok::<_, ()>(f(x, g)), |_| Ok(true));
        outcome.expect("neither closure fails")
    }

    #[test]
    fn a_separable_quadratic_is_thresholded_softly() {
        // Half the sum of a (x - t)²: the minimum is t moved towards 0 by weight / a, and 0 within that.
        let (a, t) = ([1.0, 4.0, 0.5, 2.0, 1.0], [2.0, -1.0, 0.4, -0.1, 0.2]);
        let outcome = run(&[0.0; 5], 0.5, 4, |x, g| {
            (0..5).for_each(|i| g[i] = a[i] * (x[i] - t[i]));
            (0..5).map(|i| 0.5 * a[i] * (x[i] - t[i]).powi(2)).sum()
        });
        let wanted = [1.5, -0.875, 0.0, 0.0, 0.2];
        assert_eq!(outcome.ending, Ending::Converged);
        assert!(outcome.x.iter().zip(wanted).all(|(x, wanted)| (x - wanted).abs() < 1e-7), "{:?}", outcome.x);
        assert!(outcome.x[2] == 0.0 && outcome.x[3] == 0.0, "{:?}", outcome.x);
    }

    #[test]
    fn correlated_variables_meet_the_conditions_of_the_minimum() {
        // Least squares of 3 columns, of which the last is nearly the sum of the others.
        let rows = [[1.0, 0.0, 1.1, 3.0], [0.0, 1.0, 0.9, 1.0], [1.0, 1.0, 2.0, 4.2], [2.0, -1.0, 1.05, 5.0]];
        let weight = 0.3;
        let mut last = vec![0.0; 3];
        let outcome = run(&[1.0, -1.0, 1.0], weight, 3, |x, g| {
            g.fill(0.0);
            let mut value = 0.0;
            for row in rows {
                let r = row[..3].iter().zip(x).map(|(a, x)| a * x).sum::<f64>() - row[3];
                value += 0.5 * r * r;
                g.iter_mut().zip(row).for_each(|(g, a)| *g += r * a);
            }
            last.copy_from_slice(g);
            value
        });
        assert_eq!(outcome.ending, Ending::Converged);
        for (x, g) in outcome.x.iter().zip(&last) {
            let holds = if *x == 0.0 { g.abs() <= weight + 1e-6 } else { (g + weight * x.signum()).abs() < 1e-6 };
            assert!(holds, "{:?} with slopes {last:?}", outcome.x);
        }
    }

    #[test]
    fn a_penalty_above_every_slope_leaves_zeros_without_a_step() {
        let outcome = run(&[0.0, 0.0], 10.0, 2, |x, g| {
            g.copy_from_slice(&[x[0] - 3.0, x[1] + 9.0]);
            0.5 * ((x[0] - 3.0).powi(2) + (x[1] + 9.0).powi(2))
        });
        assert_eq!((outcome.x, outcome.iterations), (vec![0.0, 0.0], 0));
    }
}
