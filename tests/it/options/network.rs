//! Dense networks: hidden units and the pace of learning.

use serde_json::{Value, json};

use crate::support::{Base, job, noise, predict_numbers, tensor, train_guest};

const NETWORK: &str = "mlp-rust";

fn trained(more: &Value) -> Base {
    let rows: String = noise(200).chunks_exact(2).map(|x| format!("{},{}\n", (3.0 * x[0]).sin() + 0.1 * x[1], x[0])).collect();
    let mut options = json!({
        "predictor_type": "regressor", "hidden_layers": "3", "epochs": 2, "mini_batch_size": 100, "normalize_data": false, "seed": 1
    });
    options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let base = job(&options, &rows);
    train_guest(NETWORK, &base, 0);
    base
}

type Activation = fn(f32) -> f32;

/// The model that is saved, computed by hand, is the one that answers.
#[test]
fn hidden_units_have_the_activation_that_was_asked_for() {
    let functions: [(&str, Activation); 3] = [("relu", |z| z.max(0.0)), ("tanh", f32::tanh), ("sigmoid", |z| 1.0 / (1.0 + (-z).exp()))];
    for (name, function) in functions {
        let base = trained(&json!({"activation": name, "epochs": 20, "learning_rate": 0.05}));
        let layer = |layer: u32| (tensor(&base, &format!("layer{layer}.weight")), tensor(&base, &format!("layer{layer}.bias")));
        let ((w1, b1), (w2, b2)) = (layer(1), layer(2));
        for x in [-0.9_f32, 0.2, 0.7] {
            let hidden = w1.iter().zip(&b1).map(|(w, b)| function(w * x + b));
            let wanted = hidden.zip(&w2).map(|(h, w)| h * w).sum::<f32>() + b2[0];
            let answer = predict_numbers(NETWORK, &base, &format!("{x}\n"), "score")[0] as f32;
            assert!((answer - wanted).abs() < 1e-5, "{name} at {x}: {answer}, wanted {wanted}");
        }
    }
}

/// One step an epoch: of two epochs, the second has half of the rate.
#[test]
fn a_schedule_makes_later_steps_shorter() {
    let weights = |schedule: &str, epochs: u32| {
        let options = json!({"activation": "tanh", "optimizer": "sgd", "momentum": 0, "learning_rate": 0.5, "learning_rate_schedule": schedule, "epochs": epochs});
        tensor(&trained(&options), "layer1.weight")
    };
    let first = weights("constant", 1);
    assert_eq!(first, weights("linear", 1));
    let constant = weights("constant", 2);
    for schedule in ["linear", "cosine"] {
        for ((first, constant), scheduled) in first.iter().zip(&constant).zip(weights(schedule, 2)) {
            let (whole, half) = (constant - first, scheduled - first);
            assert!((half - whole / 2.0).abs() < 1e-4 * (1.0 + whole.abs()) && whole.abs() > 1e-3, "{schedule}: {whole}, {half}");
        }
    }
}
