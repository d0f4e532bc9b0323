//! Threads, budget and cancelling.

use algohost_kernels::nn::{
    Adam, Pooling, Window, adam_step, conv2d, conv2d_input_gradient, conv2d_weight_gradient, dropout, layer_norm, layer_norm_gradients,
    log_softmax, log_softmax_gradient, pool2d, pool2d_gradient, softmax, softmax_cross_entropy, softmax_gradient,
};
use algohost_kernels::{Budget, Cancel, Context, DType, ErrorKind, Pool, Result, Tensor, normal};

use super::integers;
use crate::determinism::check;
use crate::make::{assert_refused, cancelled, context};

/// Every kernel once, on enough to be cut into several tasks, with operands made before.
fn every_kernel(made: &Context, context: &Context) -> Vec<(&'static str, Result<Tensor>)> {
    let random = |shape: &[usize], seed| normal(made, shape, DType::Float32, seed, 0).unwrap();
    let (x, g, labels) = (random(&[9_000, 12], 1), random(&[9_000, 12], 2), integers(made, &[3; 9_000]));
    let (images, weights) = (random(&[40, 3, 21, 20], 3), random(&[6, 3, 5, 5], 4));
    let (result, pooled) = (random(&[40, 6, 21, 20], 5), random(&[40, 3, 7, 7], 6));
    let window = Window { padding: [2; 4], ..Window::default() };
    let thirds = Window { stride: [3, 3], padding: [1, 1, 1, 1], ..Window::default() };
    let adam = Adam { learning_rate: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weight_decay: 0.1, decoupled: true };
    let (parameter, mean, squares) =
        (random(&[9_000, 12], 7), random(&[9_000, 12], 8), Tensor::zeros(made, &[9_000, 12], DType::Float32).unwrap());
    let gradients = layer_norm_gradients(context, &x, None, 0.1, &g);
    vec![
        ("softmax", softmax(context, &x)),
        ("log-softmax", log_softmax(context, &x)),
        ("softmax-gradient", softmax_gradient(context, &x, &g)),
        ("log-softmax-gradient", log_softmax_gradient(context, &x, &g)),
        (
            "softmax-cross-entropy",
            softmax_cross_entropy(context, &x, &labels, None).and_then(|loss| {
                let value = Tensor::full(made, &[1, 12], DType::Float32, loss.value)?;
                Tensor::concat(made, &[&loss.gradient, &value], 0)
            }),
        ),
        ("layer-norm", layer_norm(context, &x, None, None, 0.1)),
        ("layer-norm-backward", gradients.clone().map(|made| made.x)),
        ("layer-norm-backward", gradients.clone().map(|made| made.weight)),
        ("layer-norm-backward", gradients.map(|made| made.bias)),
        ("dropout", dropout(context, &x, 0.5, 1, 2)),
        ("conv2d", conv2d(context, &images, &weights, &window, 1)),
        ("conv2d-input-gradient", conv2d_input_gradient(context, &result, &weights, [21, 20], &window, 1)),
        ("conv2d-weight-gradient", conv2d_weight_gradient(context, &images, &result, [5, 5], &window, 1)),
        ("pool2d", pool2d(context, &images, Pooling::Max, [3, 3], &thirds)),
        ("pool2d-gradient", pool2d_gradient(context, &images, &pooled, Pooling::Average, [3, 3], &thirds)),
        ("adam-step", adam_step(context, &parameter, &g, (&mean, &squares), 1, &adam).map(|()| parameter.clone())),
    ]
}

#[test]
fn networks_have_the_same_bits_with_any_number_of_threads() {
    check("nn", |context| every_kernel(context, context).into_iter().map(|(name, result)| result.expect(name)).collect());
}

#[test]
fn no_budget_makes_a_network_exceed_it_and_all_is_given_back() {
    let made = context();
    for bytes in (0..26).step_by(2).map(|doubled| 1_u64 << doubled) {
        let context = Context::new(Budget::new(bytes), Cancel::default(), Pool::new(2).unwrap());
        let results = every_kernel(&made, &context);
        for (name, result) in &results {
            let Err(error) = result else {
                assert!(bytes > 64 || *name == "adam-step", "{name} needs more than {bytes} bytes");
                continue;
            };
            assert_eq!(error.kind, ErrorKind::LimitExceeded, "{name} with {bytes}: {error}");
            assert!(error.message.starts_with(&format!("{name}: ")), "{}", error.message);
        }
        drop(results);
        assert_eq!(context.budget().used(), 0, "with {bytes}");
    }
}

#[test]
fn cancelled_networks_end_with_an_interruption() {
    let (made, context) = (context(), cancelled());
    for (name, result) in every_kernel(&made, &context) {
        assert_refused(result, ErrorKind::Interrupted, &format!("{name}: cancelled by the host"));
    }
    assert_eq!(context.budget().used(), 0);
}
