//! The linear learner, job by job: what its options do to the model, and what it says when they make no sense.

use serde_json::{Value, json};

use crate::support::{
    Base, Outcome, add_validation, algohost, guest, job, metric, metrics, noise, predict, repository, tensor, train_guest,
};

const LEARNER: &str = "linear-learner-rust";

fn train(base: &Base, status: i32) -> Outcome {
    train_guest(LEARNER, base, status)
}

/// 300 rows of 4 features, of which the label follows 3 (first) - 2 (second) + 1; `label` makes it what is wanted.
fn rows(label: impl Fn(usize, f64) -> String) -> String {
    let noise = noise(1500);
    let row = |(i, x): (usize, &[f64])| {
        let label = label(i, 3.0 * x[0] - 2.0 * x[1] + 1.0 + 0.1 * x[4]);
        format!("{label},{},{},{},{}\n", x[0], x[1], x[2], x[3])
    };
    noise.chunks_exact(5).enumerate().map(row).collect()
}

#[test]
fn a_learner_that_converges_at_once_still_reports_its_loss() {
    let base = job(&json!({"predictor_type": "regressor"}), "5,1,2\n5,2,1\n5,3,3\n");
    assert_eq!(metric(&train(&base, 0), "train_loss"), 0.0);
    let base = job(&json!({"predictor_type": "binary_classifier", "l1": "100"}), &rows(|_, z| u8::from(z > 0.0).to_string()));
    metric(&train(&base, 0), "train_loss");
    assert_eq!(tensor(&base, "weight"), [0.0; 4]);
}

#[test]
fn an_l1_penalty_makes_the_weights_of_useless_features_zero_with_either_optimizer() {
    for optimizer in ["lbfgs", "adam"] {
        let hyperparameters = json!({"predictor_type": "regressor", "l1": "0.1", "l2": "0", "optimizer": optimizer, "epochs": "60"});
        let base = job(&hyperparameters, &rows(|_, z| z.to_string()));
        train(&base, 0);
        let weight = tensor(&base, "weight");
        assert!(weight[0] > 2.0 && weight[1] < -1.0, "{optimizer}: {weight:?}");
        assert!(weight[2] == 0.0 && weight[3] == 0.0, "{optimizer}: {weight:?}");
    }
}

#[test]
fn robust_losses_are_not_led_astray_by_outliers() {
    let data = rows(|i, z| (if i % 10 == 0 { 1000.0 } else { z }).to_string());
    let weights = |loss: &str| {
        let hyperparameters =
            json!({"predictor_type": "regressor", "loss": loss, "l2": "0", "huber_delta": "0.5", "max_iterations": "500"});
        let base = job(&hyperparameters, &data);
        train(&base, 0);
        (tensor(&base, "weight"), tensor(&base, "bias")[0])
    };
    for loss in ["huber_loss", "absolute_loss", "quantile_loss", "eps_insensitive_absolute_loss"] {
        let (weight, bias) = weights(loss);
        assert!((weight[0] - 3.0).abs() < 0.2 && (weight[1] + 2.0).abs() < 0.2 && (bias - 1.0).abs() < 0.3, "{loss}: {weight:?}, {bias}");
    }
    assert!((weights("squared_loss").1 - 1.0).abs() > 10.0);
}

#[test]
fn hinge_losses_answer_margins_that_tell_the_classes_apart() {
    for loss in ["hinge_loss", "squared_hinge_loss"] {
        let data = rows(|_, z| u8::from(z > 0.0).to_string());
        let base = job(&json!({"predictor_type": "binary_classifier", "loss": loss, "l2": "0.0001"}), &data);
        add_validation(&base, &data);
        let accuracy = metric(&train(&base, 0), "validation_accuracy");
        assert!(accuracy > 0.97, "{loss}: {accuracy}");
        let server = crate::support::Server::start(base.path(), &guest(LEARNER), &[]);
        let answer = server.csv("0.9,-0.9,0,0\n-0.9,0.9,0,0\n").expect_status(200).json();
        let score = |row: usize| answer["predictions"][row]["score"].as_f64().unwrap();
        assert!(score(0) > 1.0 && score(1) < -1.0, "{loss}: {answer}");
        assert_eq!((&answer["predictions"][0]["predicted_label"], &answer["predictions"][1]["predicted_label"]), (&json!(1), &json!(0)));
    }
}

/// Noise that decides half of the labels, one row in five positive: without weights, few rows are called positive.
#[test]
fn balanced_weights_move_the_boundary_towards_the_larger_class() {
    let noise = noise(300);
    let data = rows(|i, z| u8::from(z + 4.0 * noise[i] > 4.0).to_string());
    let bias = |weight: &str| {
        let base = job(&json!({"predictor_type": "binary_classifier", "positive_example_weight_mult": weight}), &data);
        train(&base, 0);
        tensor(&base, "bias")[0]
    };
    let (plain, same, balanced, tenfold) = (bias("1"), bias("1.0"), bias("balanced"), bias("10"));
    assert!(plain == same && plain < -1.0 && balanced > plain + 0.5 && tenfold > plain + 1.0, "{plain} {same} {balanced} {tenfold}");

    let classes = rows(|_, z| (if z > 3.0 { 2 } else { usize::from(z > -2.0) }).to_string());
    let biases = |balanced: &str| {
        let base = job(&json!({"predictor_type": "multiclass_classifier", "balanced_multiclass_weights": balanced}), &classes);
        train(&base, 0);
        tensor(&base, "bias")
    };
    let (plain, balanced) = (biases("false"), biases("true"));
    assert!(balanced[1] - balanced[0] < plain[1] - plain[0], "{plain:?} {balanced:?}");
}

#[test]
fn a_row_of_weight_two_counts_like_two_rows() {
    let twice = "2,2,1,0\n2,2,1,0\n1,0,1,1\n0,1,0,1\n-1,0,0,1\n";
    let weighted = "2,2,2,1,0\n1,1,0,1,1\n0,1,1,0,1\n-1,1,0,0,1\n";
    let hyperparameters = |weights: &str| json!({"predictor_type": "regressor", "row_weights": weights, "normalize_data": "false", "normalize_label": "false"});
    let (a, b) = (job(&hyperparameters("false"), twice), job(&hyperparameters("true"), weighted));
    train(&a, 0);
    train(&b, 0);
    for (a, b) in tensor(&a, "weight").iter().zip(tensor(&b, "weight")) {
        assert!((a - b).abs() < 1e-3, "{a} and {b}");
    }
}

#[test]
fn a_model_without_a_bias_has_none() {
    let base = job(&json!({"predictor_type": "regressor", "use_bias": "false"}), &rows(|_, z| z.to_string()));
    train(&base, 0);
    assert_eq!(tensor(&base, "bias"), [0.0]);
    assert!(tensor(&base, "weight")[0] > 2.0);
}

#[test]
fn early_stopping_keeps_the_best_weights_and_saves_steps() {
    let data = rows(|i, z| u8::from(z > 0.0 || i % 4 == 0).to_string());
    let steps = |patience: &str| {
        let hyperparameters = json!({
            "predictor_type": "binary_classifier", "optimizer": "adam", "epochs": "100", "learning_rate": "0.5",
            "early_stopping_patience": patience, "early_stopping_tolerance": "0.01"
        });
        let base = job(&hyperparameters, &data);
        add_validation(&base, &data);
        train(&base, 0).stdout.lines().filter(|line| line.starts_with("validation_loss=")).count()
    };
    let (stopped, all) = (steps("3"), steps("0"));
    assert!(stopped < 50 && all == 100, "{stopped} and {all} steps");
}

/// CSV rows in libsvm's form: what is 0 is left out.
fn libsvm(csv: &str) -> String {
    let row = |line: &str| {
        let (label, features) = line.split_once(',').unwrap();
        let stored = features.split(',').enumerate().filter(|(_, value)| value.parse::<f64>().unwrap() != 0.0);
        let stored: Vec<String> = stored.map(|(i, value)| format!("{}:{value}", i + 1)).collect();
        format!("{label} {}\n", stored.join(" "))
    };
    csv.lines().map(row).collect()
}

#[test]
fn sparse_rows_give_the_model_that_dense_ones_give() {
    let sample = repository().join("guest-examples/linear-learner-rust/samples/digits/input/data/train/train.csv");
    let csv = std::fs::read_to_string(sample).unwrap();
    for (optimizer, l1) in [("lbfgs", "0"), ("lbfgs", "0.001"), ("adam", "0")] {
        // Sparse features are not centred, so neither are these.
        let hyperparameters = json!({
            "predictor_type": "multiclass_classifier", "optimizer": optimizer, "epochs": "3", "l1": l1, "unbias_data": "false", "num_classes": "10",
            "max_iterations": "40", "l2": "0.01"
        });
        let dense = job(&hyperparameters, &csv);
        let sparse = Base::new();
        sparse.hyperparameters(&hyperparameters);
        sparse.channels(&json!({"train": {"TrainingInputMode": "File", "ContentType": "text/libsvm"}}));
        sparse.write("input/data/train/rows.libsvm", libsvm(&csv));
        let losses = [&dense, &sparse].map(|base| train(base, 0)).map(|outcome| metric(&outcome, "train_loss"));
        assert!((losses[0] - losses[1]).abs() < 1e-3 * losses[0], "{optimizer}: {losses:?}");
        let [dense, sparse] = [&dense, &sparse].map(|base| tensor(base, "weight"));
        let apart = dense.iter().zip(&sparse).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(apart < 0.02, "{optimizer}, l1 {l1}: {apart}");
    }
}

/// 2,000 rows of 200,000 columns would be 1.6 GB; the guest is granted 128 MB.
#[test]
fn sparse_rows_are_never_made_dense() {
    let base = Base::new();
    base.hyperparameters(&json!({"predictor_type": "binary_classifier", "normalize_data": "true", "max_iterations": "20"}));
    base.channels(&json!({
        "train": {"TrainingInputMode": "File", "ContentType": "text/libsvm"},
        "validation": {"TrainingInputMode": "File", "ContentType": "text/libsvm"}
    }));
    let row = |i: usize| format!("{} {}:1 {}:0.5 200000:0.1\n", i % 2, 10 + i % 2, 100 + i * 397 % 190_000);
    let rows: String = (0..2000).map(row).collect();
    base.write("input/data/train/rows.libsvm", &rows);
    // Narrower than the training rows: they lack the last column.
    let narrower: String = rows.lines().take(50).map(|line| format!("{}\n", line.rsplit_once(' ').unwrap().0)).collect();
    base.write("input/data/validation/rows.libsvm", narrower);
    let run = algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest(LEARNER));
    let outcome = run.env("ALGOHOST_TENSOR_MB", "128").run().expect_status(0);
    assert_eq!(metric(&outcome, "validation_accuracy"), 1.0);
    // The last column is constant: blown up by its rounding, it would end the search after a step.
    assert!(metric(&outcome, "train_loss") < 0.02, "{}", outcome.stdout);
}

#[test]
fn options_that_make_no_sense_are_refused_with_what_to_do() {
    let numbers = "1,2,3\n0,1,2\n1,4,1\n";
    for (hyperparameters, message) in [
        (
            json!({"predictor_type": "regressor", "loss": "logistic"}),
            "loss is logistic, which a regressor does not have: use auto or one of squared_loss",
        ),
        (
            json!({"predictor_type": "binary_classifier", "loss": "huber_loss"}),
            "use auto or one of logistic, hinge_loss, squared_hinge_loss",
        ),
        (
            json!({"predictor_type": "binary_classifier", "positive_example_weight_mult": "much"}),
            "positive_example_weight_mult is 'much': balanced or a number above 0 is wanted",
        ),
        (
            json!({"predictor_type": "regressor", "positive_example_weight_mult": "2"}),
            "positive_example_weight_mult is of binary_classifier, not of regressor: leave it out",
        ),
        (
            json!({"predictor_type": "regressor", "balanced_multiclass_weights": "true"}),
            "balanced_multiclass_weights is of multiclass_classifier, not of regressor: leave it out",
        ),
    ] {
        let base = job(&hyperparameters, numbers);
        train(&base, 1);
        let failure = base.failure();
        assert!(failure.contains(message), "{failure}");
    }
    let base = job(&json!({"predictor_type": "regressor", "row_weights": "true"}), "1,-2,3\n0,1,2\n");
    train(&base, 1);
    let failure = base.failure();
    assert!(failure.contains("channel train: 1 row weights are negative, missing or not finite"), "{failure}");
    let base = job(&json!({"predictor_type": "binary_classifier", "positive_example_weight_mult": "balanced"}), "1,2\n1,3\n");
    train(&base, 1);
    let failure = base.failure();
    assert!(failure.contains("lacks rows of a class"), "{failure}");
}

/// One row in four is of class 1, and noise hides which: every criterion has a threshold of its own.
#[test]
fn the_threshold_is_chosen_by_the_criterion_and_used_for_predicted_labels() {
    let noise = noise(600);
    let data = rows(|i, z| u8::from(z + 3.0 * noise[i] > 3.0).to_string());
    let judged = |criterion: &Value| {
        let mut hyperparameters = json!({"predictor_type": "binary_classifier"});
        hyperparameters.as_object_mut().unwrap().extend(criterion.as_object().unwrap().clone());
        let base = job(&hyperparameters, &data);
        add_validation(&base, &data);
        let outcome = train(&base, 0);
        let figures = ["accuracy", "precision", "recall", "f_beta", "auc"].map(|name| metric(&outcome, &format!("validation_{name}")));
        (base, figures)
    };
    const NAME: &str = "binary_classifier_model_selection_criteria";
    let (_, [accuracy, precision, recall, f1, auc]) = judged(&json!({}));
    assert!((f1 - 2.0 * precision * recall / (precision + recall)).abs() < 1e-9, "{f1} of {precision} and {recall}");
    assert!(auc > 0.8 && auc < 1.0, "{auc}");
    let best = judged(&json!({NAME: "accuracy"})).1;
    assert!(best[0] >= accuracy && best[4] == auc, "{best:?}, {accuracy} at 0.5");
    let best = judged(&json!({NAME: "f_beta"})).1;
    assert!(best[3] > f1, "{best:?}, {f1} at 0.5");
    let twice = judged(&json!({NAME: "f_beta", "f_beta": 2})).1;
    assert!(twice[2] > best[2], "recall {} and {}", twice[2], best[2]);
    let found = judged(&json!({NAME: "precision_at_target_recall", "target_recall": 0.95})).1;
    assert!(found[2] >= 0.95 && found[2] < 1.0 && recall < 0.95, "{found:?}");
    let (_, many) = judged(&json!({NAME: "recall_at_target_precision", "target_precision": 0.6}));
    let (base, sure) = judged(&json!({NAME: "recall_at_target_precision", "target_precision": 0.8}));
    assert!(many[1] >= 0.6 && sure[1] >= 0.8 && many[2] > sure[2], "{many:?} {sure:?}");

    // What is answered is what was judged.
    let (labels, features): (Vec<&str>, Vec<&str>) = data.lines().map(|line| line.split_once(',').unwrap()).unzip();
    let answers = predict(LEARNER, &base, &features.join("\n"), "predicted_label");
    let called = answers.iter().filter(|answer| **answer == 1).count() as f64;
    let right = labels.iter().zip(&answers).filter(|(label, answer)| **label == "1" && **answer == 1).count() as f64;
    assert_eq!(right / called, sure[1]);
}

#[test]
fn a_threshold_needs_validation_rows_of_both_classes() {
    let data = rows(|_, z| u8::from(z > 0.0).to_string());
    let hyperparameters = |kind: &str| json!({"predictor_type": kind, "binary_classifier_model_selection_criteria": "accuracy"});
    let base = job(&hyperparameters("binary_classifier"), &data);
    train(&base, 1);
    assert!(base.failure().contains("chooses the threshold on the channel validation, which the job lacks: add it"), "{}", base.failure());
    let base = job(&hyperparameters("regressor"), &data);
    train(&base, 1);
    assert!(base.failure().contains("is of binary_classifier, not of regressor: leave it out"), "{}", base.failure());
    let base = job(&hyperparameters("binary_classifier"), &data);
    add_validation(&base, "1,1,1,1,1\n1,0,1,0,1\n");
    let outcome = train(&base, 0);
    assert!(
        outcome.stderr.contains("channel validation lacks rows of a class: the threshold is 0.5, and not judged"),
        "{}",
        outcome.stderr
    );
    assert!(metrics(&outcome, "validation_precision").is_empty());
}
