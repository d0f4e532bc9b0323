//! L-BFGS: minimises a smooth function of many variables from its values and gradients (Nocedal and Wright, Numerical Optimization,
//! 2nd edition, algorithms 7.4 and 7.5).
//!
//! It knows nothing of tensors or hosts, so that it can be tested natively and reused: the file has no dependencies. The step length
//! is found by bisection under the weak Wolfe conditions (Lewis and Overton 2013, algorithm 2.6), which keeps the curvature pairs
//! positive and needs no interpolation that rounding could mislead.

use std::collections::VecDeque;
use std::mem::swap;

const SUFFICIENT_DECREASE: f64 = 1e-4;
const CURVATURE: f64 = 0.9;
const TRIALS_PER_STEP: u32 = 30;
/// One short step can be bad luck in a narrow valley; so many in a row are the bottom, as far as rounding lets one see.
const FLAT_STEPS: u32 = 5;

/// When to stop and how much to remember.
pub(crate) struct Options {
    /// Number of past steps from which the curvature is estimated; 5 to 20 is usual.
    pub(crate) memory: usize,
    /// Steps at most.
    pub(crate) max_iterations: u32,
    /// Converged when no component of the gradient is larger than this.
    pub(crate) gradient_tolerance: f64,
    /// Relative rounding error of the function's values: 0 for exact float64, about 1e-7 when they are computed in float32. Steps
    /// that gain no more than that, five in a row, end the search.
    pub(crate) noise: f64,
}

/// Why the search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The gradient is small enough.
    Converged,
    /// No step lowers the value by more than its rounding error.
    Stalled,
    /// `max_iterations` steps were made.
    OutOfIterations,
    /// `after_step` asked for it.
    Interrupted,
}

/// Where the search stands after a step.
pub(crate) struct Iterate<'a> {
    /// Number of the step, from 1.
    pub(crate) iteration: u32,
    /// The variables.
    pub(crate) x: &'a [f64],
    /// The function there.
    pub(crate) value: f64,
}

/// Where the search ended.
pub(crate) struct Outcome {
    /// The variables.
    pub(crate) x: Vec<f64>,
    /// The function there.
    pub(crate) value: f64,
    /// Steps made.
    pub(crate) iterations: u32,
    /// Calls of the function.
    pub(crate) evaluations: u32,
    /// Why it ended.
    pub(crate) ending: Ending,
}

/// Minimises a function from `start`.
///
/// `evaluate` gets the variables, fills in the gradient and returns the value; a value that is not finite makes the step shorter.
/// `after_step` sees every step and answers whether to go on. An error of either ends the search and is returned.
pub(crate) fn minimize<E>(
    start: Vec<f64>,
    options: &Options,
    mut evaluate: impl FnMut(&[f64], &mut [f64]) -> Result<f64, E>,
    mut after_step: impl FnMut(&Iterate<'_>) -> Result<bool, E>,
) -> Result<Outcome, E> {
    let mut evaluations = 0;
    let mut evaluate = |point: &mut Point| {
        evaluations += 1;
        point.value = evaluate(&point.x, &mut point.gradient)?;
        Ok(())
    };
    let mut here = Point { gradient: vec![0.0; start.len()], x: start, value: 0.0 };
    evaluate(&mut here)?;
    let mut there = here.clone();
    let mut history = History::new(options.memory);
    let (mut iteration, mut flat_steps) = (0, 0);
    let ending = loop {
        if here.gradient.iter().all(|g| g.abs() <= options.gradient_tolerance) {
            break Ending::Converged;
        }
        if iteration == options.max_iterations {
            break Ending::OutOfIterations;
        }
        let direction = history.direction(&here.gradient);
        let first_trial = if history.pairs.is_empty() { 1.0 / dot(&direction, &direction).sqrt().max(1.0) } else { 1.0 };
        if !step(&here, &direction, first_trial, options.noise, &mut there, &mut evaluate)? {
            // A stale curvature estimate can point nowhere useful: only steepest descent has the last word.
            if history.pairs.is_empty() {
                break Ending::Stalled;
            }
            history.pairs.clear();
            continue;
        }
        history.remember(&here, &there);
        swap(&mut here, &mut there);
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

/// Variables, the function there, and its gradient.
#[derive(Clone)]
pub(crate) struct Point {
    pub(crate) x: Vec<f64>,
    pub(crate) value: f64,
    pub(crate) gradient: Vec<f64>,
}

/// Looks for a step along `direction` that lowers the value enough and flattens the slope; leaves the point in `there`. False when
/// there is none.
fn step<E>(
    here: &Point,
    direction: &[f64],
    first_trial: f64,
    noise: f64,
    there: &mut Point,
    evaluate: &mut impl FnMut(&mut Point) -> Result<(), E>,
) -> Result<bool, E> {
    let slope = dot(direction, &here.gradient);
    let (mut low, mut high) = (0.0, f64::INFINITY);
    let mut length = first_trial;
    for _ in 0..TRIALS_PER_STEP {
        move_to(there, here, direction, length, evaluate)?;
        let allowed = here.value + SUFFICIENT_DECREASE * length * slope + noise * here.value.abs();
        if there.value.is_finite() && there.value <= allowed {
            if dot(direction, &there.gradient) >= CURVATURE * slope {
                return Ok(true);
            }
            low = length;
        } else {
            high = length;
        }
        length = if high.is_finite() { (low + high) / 2.0 } else { 2.0 * low };
    }
    // Rounding hides the slope's change: what lowers the value will do.
    if low > 0.0 {
        move_to(there, here, direction, low, evaluate)?;
    }
    Ok(low > 0.0 && there.value < here.value)
}

fn move_to<E>(
    there: &mut Point,
    here: &Point,
    direction: &[f64],
    length: f64,
    evaluate: &mut impl FnMut(&mut Point) -> Result<(), E>,
) -> Result<(), E> {
    for ((new, old), d) in there.x.iter_mut().zip(&here.x).zip(direction) {
        *new = old + length * d;
    }
    evaluate(there)
}

/// One remembered step: the change of the variables, of the gradient, and the inverse of their product.
struct Pair {
    dx: Vec<f64>,
    dg: Vec<f64>,
    scale: f64,
}

/// The last steps, from which the curvature is estimated.
pub(crate) struct History {
    pairs: VecDeque<Pair>,
    memory: usize,
}

impl History {
    /// Of at most `memory` steps, none yet.
    pub(crate) fn new(memory: usize) -> History {
        History { pairs: VecDeque::new(), memory }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        self.pairs.clear();
    }

    /// The two-loop recursion: minus the gradient times the estimated inverse Hessian. Always a direction of descent.
    pub(crate) fn direction(&mut self, gradient: &[f64]) -> Vec<f64> {
        let mut direction: Vec<f64> = gradient.iter().map(|g| -g).collect();
        let mut weights = Vec::with_capacity(self.pairs.len());
        for pair in self.pairs.iter().rev() {
            let weight = pair.scale * dot(&pair.dx, &direction);
            add(&mut direction, -weight, &pair.dg);
            weights.push(weight);
        }
        if let Some(last) = self.pairs.back() {
            let scale = 1.0 / (last.scale * dot(&last.dg, &last.dg));
            direction.iter_mut().for_each(|d| *d *= scale);
        }
        for (pair, weight) in self.pairs.iter().zip(weights.iter().rev()) {
            let other = pair.scale * dot(&pair.dg, &direction);
            add(&mut direction, weight - other, &pair.dx);
        }
        let slope = dot(&direction, gradient);
        if slope < 0.0 && slope.is_finite() {
            return direction;
        }
        self.pairs.clear(); // rounding won: begin anew
        gradient.iter().map(|g| -g).collect()
    }

    /// Takes in the step from `old` to `new`, unless the function curves down along it.
    pub(crate) fn remember(&mut self, old: &Point, new: &Point) {
        let dx = difference(&new.x, &old.x);
        let dg = difference(&new.gradient, &old.gradient);
        let product = dot(&dx, &dg);
        // Without clear positive curvature the pair would spoil the estimate.
        if product <= f64::EPSILON * dot(&dg, &dg) {
            return;
        }
        if self.pairs.len() >= self.memory {
            self.pairs.pop_front();
        }
        self.pairs.push_back(Pair { dx, dg, scale: 1.0 / product });
    }
}

pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(to: &mut [f64], factor: f64, what: &[f64]) {
    to.iter_mut().zip(what).for_each(|(to, what)| *to += factor * what);
}

fn difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> Options {
        Options { memory: 10, max_iterations: 200, gradient_tolerance: 1e-9, noise: 0.0 }
    }

    fn run(start: &[f64], options: &Options, mut f: impl FnMut(&[f64], &mut [f64]) -> f64) -> Outcome {
        let outcome = minimize(start.to_vec(), options, |x, g| Ok::<_, ()>(f(x, g)), |_| Ok(true));
        outcome.expect("neither closure fails")
    }

    fn rosenbrock(x: &[f64], g: &mut [f64]) -> f64 {
        let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
        g[0] = -2.0 * a - 400.0 * x[0] * b;
        g[1] = 200.0 * b;
        a * a + 100.0 * b * b
    }

    /// Half the sum of `k * (x_k - k)^2`, k from 1: condition number n.
    fn quadratic(x: &[f64], g: &mut [f64]) -> f64 {
        let mut value = 0.0;
        for (i, x) in x.iter().enumerate() {
            let k = (i + 1) as f64;
            g[i] = k * (x - k);
            value += 0.5 * g[i] * (x - k);
        }
        value
    }

    #[test]
    fn rosenbrock_is_minimized_from_the_usual_start() {
        let outcome = run(&[-1.2, 1.0], &options(), rosenbrock);
        assert_eq!(outcome.ending, Ending::Converged);
        assert!(outcome.x.iter().all(|x| (x - 1.0).abs() < 1e-8), "{:?}", outcome.x);
        assert!(outcome.evaluations < 100, "{} evaluations", outcome.evaluations);
    }

    #[test]
    fn a_quadratic_of_1000_variables_needs_fewer_steps_than_variables() {
        let limits = Options { memory: 20, max_iterations: 1000, gradient_tolerance: 1e-4, noise: 0.0 };
        let outcome = run(&[0.0; 1000], &limits, quadratic);
        assert_eq!(outcome.ending, Ending::Converged);
        assert!(outcome.x.iter().enumerate().all(|(i, x)| (x - (i + 1) as f64).abs() < 1e-4));
        assert!(outcome.iterations < 300, "{} steps", outcome.iterations);
        assert!(outcome.evaluations < 350, "{} evaluations", outcome.evaluations);
    }

    #[test]
    fn a_start_at_the_minimum_takes_no_step() {
        let outcome = run(&[1.0, 1.0], &options(), rosenbrock);
        assert_eq!((outcome.iterations, outcome.evaluations, outcome.ending), (0, 1, Ending::Converged));
    }

    #[test]
    fn values_beyond_the_domain_shorten_the_step() {
        // x - log(x), of which nothing is known at x <= 0; a full first step from 0.1 or 30 would leave the domain.
        for start in [0.1, 30.0] {
            let outcome = run(&[start], &options(), |x, g| {
                g[0] = 1.0 - 1.0 / x[0];
                if x[0] > 0.0 { x[0] - x[0].ln() } else { f64::NAN }
            });
            assert!((outcome.x[0] - 1.0).abs() < 1e-6, "from {start}: {}", outcome.x[0]);
        }
    }

    #[test]
    fn values_rounded_to_float32_end_the_search_instead_of_trapping_it() {
        let noisy = |x: &[f64], g: &mut [f64]| f64::from((3.0 + quadratic(x, g)) as f32);
        let outcome = run(&[0.0; 50], &Options { noise: 1e-7, ..options() }, noisy);
        assert!(outcome.x.iter().enumerate().all(|(i, x)| (x - (i + 1) as f64).abs() < 1e-2), "{:?}", outcome.x);
        assert!(outcome.evaluations < 200, "{} evaluations", outcome.evaluations);
    }

    #[test]
    fn no_step_goes_up_and_the_limit_of_steps_holds() {
        let mut values = vec![f64::INFINITY];
        let limit = Options { max_iterations: 7, ..options() };
        let outcome = minimize(
            vec![-1.2, 1.0],
            &limit,
            |x, g| Ok::<_, ()>(rosenbrock(x, g)),
            |at| {
                values.push(at.value);
                Ok(true)
            },
        );
        let outcome = outcome.expect("neither closure fails");
        assert_eq!((outcome.iterations, outcome.ending), (7, Ending::OutOfIterations));
        assert!(values.is_sorted_by(|earlier, later| earlier > later), "{values:?}");
    }

    #[test]
    fn after_step_can_end_the_search_and_errors_pass_through() {
        let stopped = minimize(vec![-1.2, 1.0], &options(), |x, g| Ok::<_, ()>(rosenbrock(x, g)), |at| Ok(at.iteration < 3));
        assert_eq!(stopped.expect("neither closure fails").ending, Ending::Interrupted);
        let failed = minimize(vec![0.0], &options(), |_, _| Err("no value"), |_| Ok(true));
        assert_eq!(failed.err(), Some("no value"));
    }
}
