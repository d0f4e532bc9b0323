//! Factorization machines: optimizers and what holds weights back.

use serde_json::{Value, json};

use crate::support::{job, metric, noise, tensor, train_guest};

const MACHINES: &str = "factorization-machines-rust";

/// 300 rows of 4 features, of which the label is a product and a sum.
fn rows() -> String {
    noise(1200).chunks_exact(4).map(|x| format!("{},{},{},{},{}\n", 4.0 * x[0] * x[1] + 2.0 * x[2], x[0], x[1], x[2], x[3])).collect()
}

struct Learned {
    rmse: f64,
    linear: Vec<f32>,
    factors: Vec<f32>,
}

fn learned(more: &Value) -> Learned {
    let mut options = json!({"predictor_type": "regressor", "num_factors": 4, "epochs": 20, "mini_batch_size": 30, "seed": 1});
    options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let base = job(&options, &rows());
    let rmse = metric(&train_guest(MACHINES, &base, 0), "train_rmse");
    Learned { rmse, linear: tensor(&base, "linear"), factors: tensor(&base, "factors") }
}

fn size(numbers: &[f32]) -> f32 {
    numbers.iter().map(|number| number * number).sum::<f32>().sqrt()
}

#[test]
fn adam_steps_otherwise_than_adagrad_and_learns_too() {
    let (adagrad, adam) = (learned(&json!({})), learned(&json!({"optimizer": "adam"})));
    assert_ne!(adagrad.linear, adam.linear);
    // Without any learning it is 1.75.
    assert!(adagrad.rmse < 1.4 && adam.rmse < 0.5, "{} {}", adagrad.rmse, adam.rmse);
}

#[test]
fn weight_decay_keeps_what_it_is_of_small() {
    let free = learned(&json!({"optimizer": "adam"}));
    let linear = learned(&json!({"optimizer": "adam", "linear_wd": 10}));
    assert!(size(&linear.linear) < 0.3 * size(&free.linear) && size(&linear.factors) > 0.5 * size(&free.factors));
    let factors = learned(&json!({"optimizer": "adam", "factors_wd": 10}));
    assert!(size(&factors.factors) < 0.3 * size(&free.factors) && size(&factors.linear) > 0.5 * size(&free.linear));
}

#[test]
fn clipped_gradients_make_smaller_steps() {
    // Against so large an epsilon a step is as long as its gradient.
    let once = |clip: Option<f64>| {
        let mut options = json!({"epochs": 1, "epsilon": 1, "linear_lr": 1});
        if let Some(clip) = clip {
            options["clip_gradient"] = json!(clip);
        }
        learned(&options)
    };
    // Ten steps of at most 0.001.
    let clipped = once(Some(0.001));
    assert!(clipped.linear.iter().all(|weight| weight.abs() <= 0.0101), "{:?}", clipped.linear);
    assert!(size(&once(None).linear) > 10.0 * size(&clipped.linear));
}

#[test]
fn parts_of_the_model_are_left_out_when_asked() {
    let linear = learned(&json!({"optimizer": "adam", "use_linear": false}));
    assert!(linear.linear.iter().all(|weight| *weight == 0.0) && linear.rmse > 0.9, "{:?}, {}", linear.linear, linear.rmse);
}
