//! `cargo bench --bench learner`: what the sandbox costs a training job. The linear learner's own source runs twice in one process: as a
//! component through WIT, and compiled into this program over the same kernels. Runs are interleaved; medians and their ratio are printed.

#![allow(
    missing_docs,
    dead_code,
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::too_many_lines,
    unused_imports,
    reason = "a measurement that cannot go on should stop; the learner's files bring functions and tests that are not measured"
)]

mod algohost;
mod exports;
mod native;

#[path = "../figures.rs"]
mod figures;
#[path = "../guests.rs"]
mod guests;

#[path = "../../../guest-examples/linear-learner-rust/src/adam.rs"]
mod adam;
#[path = "../../../guest-examples/linear-learner-rust/src/bytes.rs"]
mod bytes;
#[path = "../../../guest-examples/linear-learner-rust/src/channel.rs"]
mod channel;
#[path = "../../../guest-examples/linear-learner-rust/src/class_weights.rs"]
mod class_weights;
#[path = "../../../guest-examples/linear-learner-rust/src/decision.rs"]
mod decision;
#[path = "../../../guest-examples/linear-learner-rust/src/design.rs"]
mod design;
#[path = "../../../guest-examples/linear-learner-rust/src/lbfgs.rs"]
mod lbfgs;
#[path = "../../../guest-examples/linear-learner-rust/src/model.rs"]
mod model;
#[path = "../../../guest-examples/linear-learner-rust/src/objective.rs"]
mod objective;
#[path = "../../../guest-examples/linear-learner-rust/src/options.rs"]
mod options;
#[path = "../../../guest-examples/linear-learner-rust/src/owlqn.rs"]
mod owlqn;
#[path = "../../../guest-examples/linear-learner-rust/src/report.rs"]
mod report;
#[path = "../../../guest-examples/linear-learner-rust/src/rows.rs"]
mod rows;
#[path = "../../../guest-examples/linear-learner-rust/src/train.rs"]
mod train;

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use ::algohost::wasm::archives::Archives;
use ::algohost::wasm::checkpoints::Checkpoints;
use ::algohost::wasm::{
    Access, Algorithm, Channel, Cluster, Distribution, Grants, Host, InputMode, Instance, Job, Limits, Origin, Setup, Usage,
    on_guest_thread,
};
use algohost::ml::types::{Error, ErrorCode};
use algohost_kernels::Permits;
use bytes::{double_bytes, doubles, float_bytes, floats};
use exports::algohost::ml::trainer::Guest as _;
use figures::median;
use guests::{guest, repository};
use serde_json::{Value, json};

/// As the guest's own `lib.rs` has them.
struct LinearLearner;

fn invalid_input(message: impl Into<String>) -> Error {
    Error { code: ErrorCode::InvalidInput, message: message.into() }
}

/// Metrics go to stdout: the measuring process's is thrown away, its report comes through stderr.
const CHILD: &str = "--measure";

fn main() {
    if std::env::args().any(|word| word == CHILD) {
        return measure_all();
    }
    let status = Command::new(std::env::current_exe().unwrap()).arg(CHILD).stdout(Stdio::null()).status().unwrap();
    assert!(status.success(), "the measurement failed");
}

fn measure_all() {
    let host = Host::new(0).unwrap();
    let component = guest("linear-learner-rust");
    let algorithm = host.load(&component, Origin::Named, None).unwrap();
    let folder = std::env::temp_dir().join(format!("algohost-bench-{}", std::process::id()));
    eprintln!("linear learner (binary, L-BFGS), whole training call, median of interleaved runs; ratio = native / through WIT");
    eprintln!("{:<28} {:>14} {:>14} {:>8}", "data", "through WIT ms", "native ms", "ratio");
    let breast_cancer = repository().join("guest-examples/linear-learner-rust/samples/breast-cancer/input/data/train");
    measure(&host, &algorithm, "breast cancer", &breast_cancer, "text/csv", &folder, 301);
    let large = folder.join("large");
    write_large(&large, 200_000, 28);
    measure(&host, &algorithm, "200,000 x 28", &large, "application/x-npy; label_size=1", &folder, 41);
    std::fs::remove_dir_all(&folder).unwrap();
}

fn measure(host: &Host, algorithm: &Algorithm, name: &str, data: &Path, content_type: &str, folder: &Path, runs: usize) {
    let setup = setup(data, content_type, &folder.join("model"));
    let mut wit = Vec::new();
    let mut native = Vec::new();
    on_guest_thread(|| {
        for run in 0..runs {
            // Whoever goes first finds caches and memory as the other left them: take turns.
            if run % 2 == 0 {
                wit.push(through_wit(host, algorithm, &setup));
                native.push(natively(&setup));
            } else {
                native.push(natively(&setup));
                wit.push(through_wit(host, algorithm, &setup));
            }
        }
    })
    .unwrap();
    let ratios: Vec<f64> = wit.iter().zip(&native).map(|(wit, native)| native / wit).collect();
    let mut line = String::new();
    let (wit, native, ratio) = (median(wit), median(native), median(ratios));
    let _ = write!(line, "{name:<28} {wit:>14.3} {native:>14.3} {ratio:>8.3}");
    eprintln!("{line}");
}

/// Milliseconds of the training call.
fn through_wit(host: &Host, algorithm: &Algorithm, setup: &Setup) -> f64 {
    let mut instance = Instance::new(host, algorithm, setup).unwrap();
    let start = Instant::now();
    instance.train().unwrap();
    start.elapsed().as_secs_f64() * 1e3
}

fn natively(setup: &Setup) -> f64 {
    native::enter(setup);
    let start = Instant::now();
    LinearLearner::train().unwrap();
    start.elapsed().as_secs_f64() * 1e3
}

fn setup(data: &Path, content_type: &str, model: &Path) -> Setup {
    std::fs::create_dir_all(model).unwrap();
    let channel = Channel {
        name: "train".into(),
        folder: data.to_owned(),
        content_type: Some(content_type.into()),
        mode: InputMode::File,
        pipe: None,
        distribution: Distribution::Replicated,
    };
    let Value::Object(hyperparameters) = json!({
        "predictor_type": "binary_classifier", "loss": "auto", "optimizer": "lbfgs", "max_iterations": 200, "tolerance": 0.0001, "l1": 0,
        "l2": 0.001, "use_bias": true, "normalize_data": true, "unbias_data": true, "normalize_label": true, "row_weights": false,
        "positive_example_weight_mult": "1", "balanced_multiclass_weights": false, "early_stopping_patience": 0,
        "early_stopping_tolerance": 0, "binary_classifier_model_selection_criteria": "loss_function", "f_beta": 1, "seed": 0
    }) else {
        unreachable!("an object was written")
    };
    let job = Job { hyperparameters, cluster: Cluster::default(), channels: vec![channel], ..Job::default() };
    let limits = Limits {
        memory_bytes: 1 << 30,
        tensor_bytes: 8 << 30,
        handles: 65_536,
        start: std::time::Duration::from_secs(60),
        call: None,
        stream: None,
        conversation: None,
    };
    Setup {
        job: Arc::new(job),
        grants: Grants::default(),
        limits,
        permits: Permits::new(64),
        archives: Archives::new(model.to_owned(), Access::Write),
        checkpoints: Checkpoints::default(),
        usage: Usage::default(),
    }
}

/// Rows of a logistic model as one NPY file, the label first.
fn write_large(folder: &Path, rows: usize, columns: usize) {
    std::fs::create_dir_all(folder).unwrap();
    let mut state = 1_u64;
    let mut uniform = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 24) as f32
    };
    let mut bytes = Vec::new();
    for _ in 0..rows {
        let features: Vec<f32> = (0..columns).map(|_| uniform() * 2.0 - 1.0).collect();
        let score: f32 = features.iter().enumerate().map(|(i, x)| x * (i as f32 / columns as f32 - 0.3) * 3.0).sum();
        let label = if uniform() < 1.0 / (1.0 + (-score).exp()) { 1.0_f32 } else { 0.0 };
        bytes.extend_from_slice(&label.to_le_bytes());
        features.iter().for_each(|feature| bytes.extend_from_slice(&feature.to_le_bytes()));
    }
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {}), }}", columns + 1);
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend_from_slice(&(header.len() as u16).to_le_bytes());
    file.extend_from_slice(header.as_bytes());
    file.extend_from_slice(&bytes);
    std::fs::write(folder.join("data.npy"), file).unwrap();
}
