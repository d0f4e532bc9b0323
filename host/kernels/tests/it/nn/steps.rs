//! Steps of optimisers, in place, against the formulas of one number.

use algohost_kernels::nn::{Adagrad, Adam, RmsProp, Sgd, adagrad_step, adam_step, rmsprop_step, sgd_step};
use algohost_kernels::reference::nn as twin;
use algohost_kernels::{DType, Tensor};

use super::{DTYPES, row_major};
use crate::make::{assert_close, context, numbers, rounded, values};

const COUNTS: [usize; 5] = [0, 1, 17, 4_000, 100_001];

/// Takes three steps with `step(parameter, gradient, states, number)` and with `twin(parameter, gradient, states, number)` for each number.
fn check(states: usize, step: impl Fn(&Tensor, &Tensor, &[Tensor], u32), twin: impl Fn(&mut f64, f64, &mut [f64; 2], u32)) {
    let context = context();
    for (dtype, tolerance) in DTYPES {
        for count in COUNTS {
            let mut wanted = rounded(dtype, &numbers(count, 1));
            let mut kept = vec![[0.0; 2]; count];
            // A view that begins inside of its storage.
            let parameter = Tensor::zeros(&context, &[count + 3], dtype).unwrap().slice(0, 3..count + 3).unwrap();
            parameter.assign(&context, &row_major(&context, &[count], dtype, &wanted)).unwrap();
            let made: Vec<Tensor> = (0..states).map(|_| Tensor::zeros(&context, &[count], dtype).unwrap()).collect();
            for number in 1..=3 {
                let gradient = rounded(dtype, &numbers(count, 10 + number));
                step(&parameter, &row_major(&context, &[count], dtype, &gradient), &made, number);
                for i in 0..count {
                    twin(&mut wanted[i], gradient[i], &mut kept[i], number);
                }
            }
            assert_close(&values(&parameter), &wanted, tolerance);
            for (state, made) in made.iter().enumerate() {
                assert_close(&values(made), &kept.iter().map(|kept| kept[state]).collect::<Vec<_>>(), tolerance);
            }
        }
    }
}

#[test]
fn sgd_steps_as_its_formula_says() {
    let context = context();
    for (momentum, nesterov, weight_decay) in [(0.0, false, 0.0), (0.0, false, 0.1), (0.9, false, 0.1), (0.9, true, 0.01)] {
        let options = Sgd { learning_rate: 0.1, momentum, nesterov, weight_decay };
        check(
            usize::from(momentum > 0.0),
            |parameter, gradient, states, _| sgd_step(&context, parameter, gradient, states.first(), &options).unwrap(),
            |parameter, gradient, state, _| twin::sgd_step(parameter, gradient, &mut state[0], &options),
        );
    }
}

#[test]
fn adam_steps_as_its_formula_says() {
    let context = context();
    for (weight_decay, decoupled) in [(0.0, false), (0.1, false), (0.1, true)] {
        let options = Adam { learning_rate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay, decoupled };
        check(
            2,
            |parameter, gradient, states, step| {
                adam_step(&context, parameter, gradient, (&states[0], &states[1]), step, &options).unwrap();
            },
            |parameter, gradient, state, step| twin::adam_step(parameter, gradient, state, step, &options),
        );
    }
}

#[test]
fn adagrad_and_rmsprop_step_as_their_formulas_say() {
    let context = context();
    for weight_decay in [0.0, 0.1] {
        let options = Adagrad { learning_rate: 0.1, epsilon: 1e-10, weight_decay };
        check(
            1,
            |parameter, gradient, states, _| adagrad_step(&context, parameter, gradient, &states[0], &options).unwrap(),
            |parameter, gradient, state, _| twin::adagrad_step(parameter, gradient, &mut state[0], &options),
        );
        let options = RmsProp { learning_rate: 0.01, decay: 0.9, epsilon: 1e-8, weight_decay };
        check(
            1,
            |parameter, gradient, states, _| rmsprop_step(&context, parameter, gradient, &states[0], &options).unwrap(),
            |parameter, gradient, state, _| twin::rmsprop_step(parameter, gradient, &mut state[0], &options),
        );
    }
}

#[test]
fn what_never_moved_stays_where_it_is_without_epsilon() {
    let context = context();
    let make = |value| Tensor::full(&context, &[20], DType::Float32, value).unwrap();
    let (parameter, gradient, squares) = (make(2.0), make(0.0), make(0.0));
    let options = Adagrad { learning_rate: 0.1, epsilon: 0.0, weight_decay: 0.0 };
    adagrad_step(&context, &parameter, &gradient, &squares, &options).unwrap();
    let options = RmsProp { learning_rate: 0.1, decay: 0.9, epsilon: 0.0, weight_decay: 0.0 };
    rmsprop_step(&context, &parameter, &gradient, &squares, &options).unwrap();
    assert_eq!(values(&parameter), [2.0; 20]);
}
