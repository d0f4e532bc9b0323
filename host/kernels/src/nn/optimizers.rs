//! Steps of gradient descent, each in one pass over a parameter and its state, in place. PyTorch 2 computes the same.

use super::number::Number;
use super::rows::{check_alike, in_place};
use super::tasks::{TASK, run};
use crate::context::Context;
use crate::dtype::Element;
use crate::error::{Error, Result};
use crate::float::{Float, with_float};
use crate::tensor::Tensor;
use crate::vectorized::vectorized;

/// How [`sgd_step`] steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd {
    /// Length of a step.
    pub learning_rate: f64,
    /// Share of the velocity that stays, 0 to below 1.
    pub momentum: f64,
    /// Whether to look ahead along the velocity (Nesterov); wants momentum.
    pub nesterov: bool,
    /// Times the parameter, added to the gradient.
    pub weight_decay: f64,
}

/// How [`adam_step`] steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    /// Length of a step.
    pub learning_rate: f64,
    /// Share of the mean of gradients that stays, 0 to below 1; 0.9 is usual.
    pub beta1: f64,
    /// Share of the mean of squares that stays, 0 to below 1; 0.999 is usual.
    pub beta2: f64,
    /// Added to the root, 1e-8 is usual.
    pub epsilon: f64,
    /// Times the parameter: added to the gradient, or, where decoupled, taken off the parameter times the learning rate (AdamW).
    pub weight_decay: f64,
    /// Whether the decay goes beside the gradient.
    pub decoupled: bool,
}

/// How [`adagrad_step`] steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adagrad {
    /// Length of a step.
    pub learning_rate: f64,
    /// Added to the root, 1e-10 is usual.
    pub epsilon: f64,
    /// Times the parameter, added to the gradient.
    pub weight_decay: f64,
}

/// How [`rmsprop_step`] steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RmsProp {
    /// Length of a step.
    pub learning_rate: f64,
    /// Share of the mean of squares that stays, 0 to below 1; 0.99 is usual.
    pub decay: f64,
    /// Added to the root, 1e-8 is usual.
    pub epsilon: f64,
    /// Times the parameter, added to the gradient.
    pub weight_decay: f64,
}

/// A step of stochastic gradient descent. With g = gradient + weight_decay · parameter and v = momentum · velocity + g, the velocity becomes v
/// and learning_rate · v (Nesterov: learning_rate · (g + momentum · v)) is taken off the parameter.
///
/// All tensors have one shape, and are float32 or float64 alike; parameter and velocity are row-major and written in place. The velocity
/// begins as zeros; without momentum none is wanted.
///
/// # Errors
/// Bad operation when tensors do not fit or share storage, when options are out of range, when a velocity lacks or is too many; not
/// supported for other dtypes; interrupted.
pub fn sgd_step(context: &Context, parameter: &Tensor, gradient: &Tensor, velocity: Option<&Tensor>, options: &Sgd) -> Result<()> {
    const NAME: &str = "sgd-step";
    options_are(
        NAME,
        &[("learning rate", options.learning_rate), ("weight decay", options.weight_decay)],
        &[("momentum", options.momentum)],
    )?;
    if velocity.is_some() != (options.momentum > 0.0) || options.nesterov && velocity.is_none() {
        let (momentum, nesterov) = (options.momentum, if options.nesterov { ", Nesterov's" } else { "" });
        let given = if velocity.is_some() { "a" } else { "no" };
        return Err(Error::bad(format!("{NAME}: momentum {momentum}{nesterov} and {given} velocity; they go together")));
    }
    with_float!(NAME, parameter.dtype(), T => {
        let [rate, momentum, decay] = [options.learning_rate, options.momentum, options.weight_decay].map(T::from_f64);
        match velocity {
            None => update::<T, 0>(context, NAME, parameter, gradient, [], #[inline(always)] |p, g, []| {
                *p -= rate * (g + decay * *p);
            }),
            Some(velocity) => update::<T, 1>(context, NAME, parameter, gradient, [("velocity", velocity)], #[inline(always)] |p, g, [v]| {
                let g = g + decay * *p;
                *v = momentum * *v + g;
                *p -= rate * if options.nesterov { g + momentum * *v } else { *v };
            }),
        }
    })
}

/// A step of Adam (Kingma and Ba, ICLR 2015) or AdamW (Loshchilov and Hutter, ICLR 2019), number `step` from 1 on. With g the gradient
/// (decay added unless decoupled), mean = β1 mean + (1 - β1) g and squares = β2 squares + (1 - β2) g², the parameter loses
/// learning_rate · mean / (1 - β1^step) / (√(squares / (1 - β2^step)) + ε).
///
/// Tensors as in [`sgd_step`]; mean and squares begin as zeros.
///
/// # Errors
/// As [`sgd_step`]; bad operation for step 0.
pub fn adam_step(
    context: &Context,
    parameter: &Tensor,
    gradient: &Tensor,
    (mean, squares): (&Tensor, &Tensor),
    step: u32,
    options: &Adam,
) -> Result<()> {
    const NAME: &str = "adam-step";
    let positive = [("learning rate", options.learning_rate), ("epsilon", options.epsilon), ("weight decay", options.weight_decay)];
    options_are(NAME, &positive, &[("beta1", options.beta1), ("beta2", options.beta2)])?;
    if step == 0 {
        return Err(Error::bad(format!("{NAME}: step 0; steps are counted from 1")));
    }
    let correction = |beta: f64| 1.0 - beta.powf(f64::from(step));
    let length = options.learning_rate / correction(options.beta1);
    let root = 1.0 / correction(options.beta2).sqrt();
    let (beside, within) = if options.decoupled { (options.weight_decay, 0.0) } else { (0.0, options.weight_decay) };
    with_float!(NAME, parameter.dtype(), T => {
        let [keep, within] = [1.0 - options.learning_rate * beside, within].map(T::from_f64);
        let [beta1, beta2, rest1, rest2] = [options.beta1, options.beta2, 1.0 - options.beta1, 1.0 - options.beta2].map(T::from_f64);
        let [length, root, epsilon] = [length, root, options.epsilon].map(T::from_f64);
        let states = [("mean", mean), ("squares", squares)];
        update::<T, 2>(context, NAME, parameter, gradient, states, #[inline(always)] |p, g, [m, s]| {
            let g = g + within * *p;
            *m = beta1 * *m + rest1 * g;
            *s = beta2 * *s + rest2 * (g * g);
            *p = keep * *p - length * *m / (s.sqrt() * root + epsilon);
        })
    })
}

/// A step of Adagrad (Duchi, Hazan and Singer, JMLR 2011): with g = gradient + weight_decay · parameter, squares grow by g² and the
/// parameter loses learning_rate · g / (√squares + ε).
///
/// Tensors as in [`sgd_step`]; squares begin as zeros.
///
/// # Errors
/// As [`sgd_step`].
pub fn adagrad_step(context: &Context, parameter: &Tensor, gradient: &Tensor, squares: &Tensor, options: &Adagrad) -> Result<()> {
    const NAME: &str = "adagrad-step";
    let positive = [("learning rate", options.learning_rate), ("epsilon", options.epsilon), ("weight decay", options.weight_decay)];
    options_are(NAME, &positive, &[])?;
    with_float!(NAME, parameter.dtype(), T => {
        let [rate, epsilon, decay] = [options.learning_rate, options.epsilon, options.weight_decay].map(T::from_f64);
        update::<T, 1>(context, NAME, parameter, gradient, [("squares", squares)], #[inline(always)] |p, g, [s]| {
            let g = g + decay * *p;
            *s += g * g;
            // 0 / 0 where nothing ever moved and epsilon is 0.
            *p -= if g == T::ZERO { T::ZERO } else { rate * g / (s.sqrt() + epsilon) };
        })
    })
}

/// A step of RMSProp (Hinton's lecture 6, 2012): with g = gradient + weight_decay · parameter and squares = decay · squares + (1 - decay) g²,
/// the parameter loses learning_rate · g / (√squares + ε).
///
/// Tensors as in [`sgd_step`]; squares begin as zeros.
///
/// # Errors
/// As [`sgd_step`].
pub fn rmsprop_step(context: &Context, parameter: &Tensor, gradient: &Tensor, squares: &Tensor, options: &RmsProp) -> Result<()> {
    const NAME: &str = "rmsprop-step";
    let positive = [("learning rate", options.learning_rate), ("epsilon", options.epsilon), ("weight decay", options.weight_decay)];
    options_are(NAME, &positive, &[("decay", options.decay)])?;
    with_float!(NAME, parameter.dtype(), T => {
        let [rate, epsilon, weight_decay] = [options.learning_rate, options.epsilon, options.weight_decay].map(T::from_f64);
        let [decay, rest] = [options.decay, 1.0 - options.decay].map(T::from_f64);
        update::<T, 1>(context, NAME, parameter, gradient, [("squares", squares)], #[inline(always)] |p, g, [s]| {
            let g = g + weight_decay * *p;
            *s = decay * *s + rest * (g * g);
            *p -= if g == T::ZERO { T::ZERO } else { rate * g / (s.sqrt() + epsilon) };
        })
    })
}

/// Options from 0 up, and shares from 0 to below 1.
fn options_are(operation: &str, positive: &[(&str, f64)], shares: &[(&str, f64)]) -> Result<()> {
    if let Some((name, value)) = positive.iter().find(|(_, value)| !(*value >= 0.0 && value.is_finite())) {
        return Err(Error::bad(format!("{operation}: {name} {value}; a finite number from 0 up is wanted")));
    }
    if let Some((name, value)) = shares.iter().find(|(_, value)| !(0.0..1.0).contains(value)) {
        return Err(Error::bad(format!("{operation}: {name} {value}; a number from 0 to below 1 is wanted")));
    }
    Ok(())
}

/// Calls `change(parameter, gradient, states)` for each element.
#[inline(always)]
fn update<T: Number, const N: usize>(
    context: &Context,
    operation: &str,
    parameter: &Tensor,
    gradient: &Tensor,
    states: [(&str, &Tensor); N],
    change: impl Fn(&mut T, T, [&mut T; N]) + Sync,
) -> Result<()> {
    check_alike(operation, ("the parameter", parameter), ("the gradient", gradient))?;
    let place = in_place(operation, ("the parameter", parameter))?;
    let mut storages = [const { None }; N];
    for (storage, (name, state)) in storages.iter_mut().zip(states) {
        check_alike(operation, ("the parameter", parameter), (name, state))?;
        *storage = Some((state.write(operation)?, in_place(operation, (name, state))?));
    }
    let gradient = gradient.to_contiguous(context, operation)?;
    let (mut parameters, gradients) = (parameter.write(operation)?, gradient.read(operation)?);
    let gradients = &gradients.elements::<T>()[gradient.offset()..][..gradient.element_count()];
    let mut states = storages.each_mut().map(|storage| match storage {
        Some((storage, place)) => storage.elements::<T>()[place.clone()].chunks_mut(TASK),
        None => [].chunks_mut(TASK),
    });
    let parts = parameters.elements::<T>()[place].chunks_mut(TASK).zip(gradients.chunks(TASK));
    // All are equally long, so every state has as many parts.
    let tasks = parts.map(|(p, g)| (p, g, states.each_mut().map(|parts| parts.next().unwrap_or_default()))).collect();
    run(context, operation, tasks, |(parameter, gradient, mut states): (&mut [T], &[T], [&mut [T]; N])| {
        vectorized(
            #[inline(always)]
            || {
                let n = parameter.len();
                let (parameter, gradient) = (&mut parameter[..n], &gradient[..n]);
                let mut states = states.each_mut().map(
                    #[inline(always)]
                    |state| &mut state[..n],
                );
                for i in 0..n {
                    change(
                        &mut parameter[i],
                        gradient[i],
                        states.each_mut().map(
                            #[inline(always)]
                            |state| &mut state[i],
                        ),
                    );
                }
            },
        );
        Ok(())
    })?;
    Ok(())
}
