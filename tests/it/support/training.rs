//! Training jobs of the examples, and what they leave behind.

use serde_json::{Value, json};

use super::{Base, Outcome, Server, algohost, guest};

/// A base directory with these hyperparameters and a channel `train` of CSV.
pub(crate) fn job(hyperparameters: &Value, train: &str) -> Base {
    let base = Base::new();
    base.hyperparameters(hyperparameters);
    base.csv_channel("train", train);
    base
}

/// The same for rows without a label.
pub(crate) fn job_without_labels(hyperparameters: &Value, train: &str) -> Base {
    let base = job(hyperparameters, train);
    base.channels(&json!({"train": {"TrainingInputMode": "File", "ContentType": "text/csv;label_size=0"}}));
    base
}

pub(crate) fn add_validation(base: &Base, rows: &str) {
    let channel = json!({"TrainingInputMode": "File", "ContentType": "text/csv"});
    base.channels(&json!({"train": channel, "validation": channel})).write("input/data/validation/data.csv", rows);
}

/// Trains the guest `name`.
pub(crate) fn train_guest(name: &str, base: &Base, status: i32) -> Outcome {
    algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest(name)).run().expect_status(status)
}

/// A float32 tensor of the model that was trained.
pub(crate) fn tensor(base: &Base, name: &str) -> Vec<f32> {
    let bytes = std::fs::read(base.join("model/model.safetensors")).unwrap();
    let archive = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let tensor = archive.tensor(name).unwrap();
    tensor.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

/// All values of a metric, in order.
pub(crate) fn metrics(outcome: &Outcome, name: &str) -> Vec<f64> {
    let prefix = format!("{name}=");
    let values = outcome.stdout.lines().filter_map(|line| line.strip_prefix(&prefix)?.split_once(' '));
    values.map(|(value, _)| value.parse().unwrap()).collect()
}

/// The last value of a metric.
pub(crate) fn metric(outcome: &Outcome, name: &str) -> f64 {
    *metrics(outcome, name).last().unwrap_or_else(|| panic!("no {name} in {}", outcome.stdout))
}

/// What the trained model answers to rows of CSV: one output of each row.
pub(crate) fn predict(name: &str, base: &Base, rows: &str, output: &str) -> Vec<Value> {
    let answer = Server::start(base.path(), &guest(name), &[]).csv(rows).expect_status(200).json();
    answer["predictions"].as_array().unwrap().iter().map(|prediction| prediction[output].clone()).collect()
}

/// The same where an output is a number.
pub(crate) fn predict_numbers(name: &str, base: &Base, rows: &str, output: &str) -> Vec<f64> {
    predict(name, base, rows, output).iter().map(|value| value.as_f64().unwrap()).collect()
}

/// Numbers between -1 and 1 that look random.
pub(crate) fn noise(count: usize) -> Vec<f64> {
    let mut state = 7_u64;
    let next = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f64::from((state >> 40) as u32) / f64::from(1 << 23) - 1.0
    };
    (0..count).map(next).collect()
}
