//! The example algorithms, job by job: what they refuse, and figures that are easily got wrong.

use serde_json::{Value, json};

use crate::support::{Base, Outcome, Server, algohost, guest};

fn train(base: &Base, algorithm: &str, status: i32) -> Outcome {
    algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest(algorithm)).run().expect_status(status)
}

/// A job with channels of one file: name, content type (empty: none), text.
fn job(hyperparameters: &Value, channels: &[(&str, &str, &str)]) -> Base {
    let base = Base::new();
    base.hyperparameters(hyperparameters);
    let config = channels.iter().map(|(name, content_type, text)| {
        let (extension, mut channel) =
            (if content_type.contains("csv") { "csv" } else { "svm" }, json!({"TrainingInputMode": "File", "ContentType": content_type}));
        if content_type.is_empty() {
            channel = json!({"TrainingInputMode": "File"});
        }
        base.write(&format!("input/data/{name}/rows.{extension}"), text);
        ((*name).to_owned(), channel)
    });
    base.channels(&Value::Object(config.collect()));
    base
}

/// All values of a metric, as they were printed.
fn metrics<'a>(outcome: &'a Outcome, name: &str) -> Vec<&'a str> {
    let values = outcome.stdout.lines().filter_map(|line| line.split_once('=').filter(|(known, _)| *known == name)?.1.split_once(' '));
    values.map(|(value, _)| value).collect()
}

/// The last value of a metric.
fn metric(outcome: &Outcome, name: &str) -> f64 {
    let values = metrics(outcome, name);
    values.last().unwrap_or_else(|| panic!("no {name} in {}", outcome.stdout)).parse().unwrap()
}

fn refusal(algorithm: &str, hyperparameters: &Value, channels: &[(&str, &str, &str)]) -> String {
    let base = job(hyperparameters, channels);
    train(&base, algorithm, 1);
    base.failure()
}

/// Whole numbers from 0 to below 1000 that look random.
fn draws(count: usize) -> Vec<u64> {
    (1..=count as u64).map(|i| (i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33) % 1000).collect()
}

const ROWS: &str = "1,1,2\n0,2,1\n1,1,3\n0,3,1\n1,2,4\n0,4,2\n";
const POINTS: &str = "text/csv;label_size=0";

#[test]
fn requests_with_missing_values_are_refused_where_models_need_numbers() {
    let small = |name: &str| json!({"predictor_type": name});
    for (algorithm, hyperparameters, content_type) in [
        ("linear-learner-rust", small("binary_classifier"), "text/csv"),
        ("factorization-machines-rust", small("binary_classifier"), "text/csv"),
        ("mlp-rust", small("classifier"), "text/csv"),
        ("knn-rust", json!({"predictor_type": "classifier", "k": "1"}), "text/csv"),
        ("kmeans-rust", json!({"k": "2"}), POINTS),
        ("pca-rust", json!({}), POINTS),
        ("random-cut-forest-rust", json!({"num_trees": "5"}), POINTS),
    ] {
        let base = job(&hyperparameters, &[("train", content_type, ROWS)]);
        train(&base, algorithm, 0);
        let server = Server::start(base.path(), &guest(algorithm), &[]);
        let columns = if content_type == POINTS { 3 } else { 2 };
        let row = |last: &str| format!("{}{last}\n", "1,".repeat(columns - 1));
        server.csv(&(row("2") + &row("3"))).expect_status(200);
        for wrong in ["", "nan", "inf"] {
            let told = server.csv(&(row("2") + &row(wrong))).expect_status(400).text();
            let message = format!("the request's row 2 has no finite number in column {columns}: this model does not take missing values");
            assert!(told.contains(&message), "{algorithm}: {told}");
        }
        let features = format!("[{}null]", "1,".repeat(columns - 1));
        let body = format!("{{\"instances\": [{{\"features\": {features}}}]}}");
        server.invoke(&[("content-type", "application/json")], body.as_bytes()).expect_status(400);
    }
}

/// Training rows from index 0 on; validation rows never have it. Shifted by one, half of them would be taken for the other class.
#[test]
fn a_validation_channel_without_the_first_or_last_feature_is_not_shifted() {
    let feature = |i: usize| if i.is_multiple_of(2) { format!("1:{}", 1 + i % 7) } else { format!("2:1 3:{}", i % 5) };
    let row = |i: usize| format!("{}{} {}\n", i % 2, if i.is_multiple_of(3) { " 0:1" } else { "" }, feature(i));
    let rows: String = (0..60).map(row).collect();
    let validation = "1 2:1\n".repeat(4) + "0 1:2\n0 1:3\n";
    let classifier = |name: &str| json!({"predictor_type": name});
    for (algorithm, hyperparameters, figure) in [
        ("linear-learner-rust", classifier("binary_classifier"), "validation_accuracy"),
        ("factorization-machines-rust", json!({"predictor_type": "binary_classifier", "epochs": "3"}), "validation_accuracy"),
        ("mlp-rust", json!({"predictor_type": "classifier", "learning_rate": "0.02"}), "validation_accuracy"),
        ("knn-rust", json!({"predictor_type": "classifier", "k": "3"}), "validation_accuracy"),
        ("gradient-boosting-rust", json!({"objective": "binary:logistic", "num_round": "20"}), "validation_auc"),
    ] {
        // Without a content type, the files' names tell the format.
        let base = job(&hyperparameters, &[("train", "", &rows), ("validation", "", &validation)]);
        let outcome = train(&base, algorithm, 0);
        assert_eq!(metric(&outcome, figure), 1.0, "{algorithm}: {}", outcome.stdout);
        let log = "channel 'validation': libsvm indices begin at 0: index 0 occurs in channel 'train'";
        assert!(outcome.stderr.contains(log), "{algorithm}: {}", outcome.stderr);
    }
    let clusters = job(&json!({"k": "2"}), &[("train", "", &rows), ("test", "", &validation)]);
    metric(&train(&clusters, "kmeans-rust", 0), "test_msd");
}

#[test]
fn a_learner_is_told_how_many_features_there_are() {
    let base = job(&json!({"predictor_type": "regressor", "feature_dim": "5"}), &[("train", "", "1 1:1\n2 2:1\n")]);
    train(&base, "linear-learner-rust", 0);
    let bytes = std::fs::read(base.join("model/model.safetensors")).unwrap();
    assert_eq!(safetensors::SafeTensors::deserialize(&bytes).unwrap().tensor("weight").unwrap().shape(), [5, 1]);
    let told = refusal("linear-learner-rust", &json!({"predictor_type": "regressor", "feature_dim": "5"}), &[("train", "text/csv", ROWS)]);
    assert!(told.contains("channel 'train': 2 columns of features, 5 are wanted"), "{told}");
}

#[test]
fn early_stopping_without_a_validation_channel_is_refused() {
    for (algorithm, predictor_type) in
        [("linear-learner-rust", "binary_classifier"), ("factorization-machines-rust", "binary_classifier"), ("mlp-rust", "classifier")]
    {
        let hyperparameters = json!({"predictor_type": predictor_type, "early_stopping_patience": "3"});
        let told = refusal(algorithm, &hyperparameters, &[("train", "text/csv", ROWS)]);
        assert!(told.contains("early_stopping_patience needs the channel validation: add it"), "{algorithm}: {told}");
    }
}

#[test]
fn a_channel_without_labels_is_told_how_to_get_them() {
    for (algorithm, predictor_type) in [
        ("linear-learner-rust", "regressor"),
        ("factorization-machines-rust", "regressor"),
        ("mlp-rust", "regressor"),
        ("knn-rust", "regressor"),
    ] {
        let told = refusal(algorithm, &json!({"predictor_type": predictor_type}), &[("train", POINTS, ROWS)]);
        let message = "channel train has no label column: give its content type the parameter label_size=1";
        assert!(told.contains(message), "{algorithm}: {told}");
    }
}

/// Every row of training is in trees that score it 0: a threshold taken from those would call every new row an anomaly.
#[test]
fn displacement_does_not_call_ordinary_rows_anomalies() {
    let draws = draws(400);
    let rows: String = draws[..200].chunks_exact(2).map(|pair| format!("{},{}\n", pair[0], pair[1])).collect();
    let others: String = draws[200..].chunks_exact(2).map(|pair| format!("{},{}\n", pair[0], pair[1])).collect();
    let base = job(&json!({"score": "displacement", "num_trees": "50"}), &[("train", POINTS, &rows)]);
    let outcome = train(&base, "random-cut-forest-rust", 0);
    assert!(outcome.stderr.contains("trees sample 50 rows, not 256: half of the 100 rows"), "{}", outcome.stderr);
    assert!(metric(&outcome, "train_score") > 0.1);
    let server = Server::start(base.path(), &guest("random-cut-forest-rust"), &[]);
    let anomalies = |rows: &str| -> usize {
        let answer = server.csv(rows).expect_status(200).json();
        answer["predictions"].as_array().unwrap().iter().filter(|row| row["anomaly"] == 1 || row["anomaly"] == 1.0).count()
    };
    let (ordinary, strange) = (anomalies(&others), anomalies("9000,9000\n-8000,500\n"));
    assert!(ordinary < 10 && strange == 2, "{ordinary} of 100 ordinary rows, {strange} of 2 strange ones");
}

#[test]
fn what_does_not_fit_into_the_algorithms_memory_is_told_before_it_is_begun() {
    let wide = format!("1 1:1 {}:1\n0 2:1\n", 4_000_000);
    let lbfgs = job(&json!({"predictor_type": "binary_classifier"}), &[("train", "text/libsvm", &wide)]);
    let row = format!("{}1\n", "0,".repeat(5_999));
    let forest = job(&json!({"num_samples_per_tree": "1024"}), &[("train", POINTS, &row.repeat(1024))]);
    for (base, algorithm) in [(lbfgs, "linear-learner-rust"), (forest, "random-cut-forest-rust")] {
        let run = algohost(["train"]).base(base.path()).env("ALGOHOST_COMPONENT", guest(algorithm)).env("ALGOHOST_MEMORY_MB", "100");
        run.run().expect_status(2);
        let failure = base.failure();
        assert!(failure.contains("more than the algorithm's memory has left: raise ALGOHOST_MEMORY_MB"), "{algorithm}: {failure}");
    }
}

/// Noise to learn: the best trees are the first ones, and those that come later are thrown away.
#[test]
fn the_area_under_the_curve_is_that_of_the_trees_that_are_kept() {
    let table = |from: usize| -> String {
        let draws = draws(1200);
        let rows = draws[from..from + 600].chunks_exact(3);
        rows.map(|row| format!("{},{},{}\n", u8::from(row[0] + row[2] / 3 > 700), row[0], row[1])).collect()
    };
    let area = |hyperparameters: Value| {
        let base = job(&hyperparameters, &[("train", "text/csv", &table(0)), ("validation", "text/csv", &table(600))]);
        let outcome = train(&base, "gradient-boosting-rust", 0);
        (metric(&outcome, "validation_auc"), metrics(&outcome, "validation_logloss").len())
    };
    let stopping =
        json!({"objective": "binary:logistic", "eta": "0.5", "num_round": "60", "early_stopping_rounds": "5", "eval_metric": "logloss"});
    let (stopped, rounds) = area(stopping);
    assert!(rounds > 6 && rounds < 60, "{rounds} rounds");
    let (kept, _) = area(json!({"objective": "binary:logistic", "eta": "0.5", "num_round": (rounds - 5).to_string()}));
    let (all, _) = area(json!({"objective": "binary:logistic", "eta": "0.5", "num_round": rounds.to_string()}));
    assert!((stopped - kept).abs() < 1e-6 && (stopped - all).abs() > 1e-4, "stopped {stopped}, kept {kept}, all {all}");
}

#[test]
fn a_share_of_the_training_rows_can_be_kept_to_validate_with() {
    let rows: String = draws(900).chunks_exact(3).map(|row| format!("{},{},{}\n", u8::from(row[0] > 500), row[0], row[1])).collect();
    let settings = |fraction: &str, seed: &str| json!({"objective": "binary:logistic", "num_round": "30", "early_stopping_rounds": "3", "validation_fraction": fraction, "seed": seed});
    let outcome = |settings: &Value| train(&job(settings, &[("train", "text/csv", &rows)]), "gradient-boosting-rust", 0);
    let (first, again, other) = (outcome(&settings("0.3", "1")), outcome(&settings("0.3", "1")), outcome(&settings("0.3", "2")));
    let trained_on: usize = first.stderr.split("training on ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!((180..240).contains(&trained_on), "{trained_on} of 300");
    assert!(metric(&first, "validation_error") < 0.1);
    assert_eq!(metric(&first, "validation_logloss"), metric(&again, "validation_logloss"));
    assert_ne!(metric(&first, "validation_logloss"), metric(&other, "validation_logloss"));

    let base = job(&settings("0.3", "1"), &[("train", "text/csv", &rows), ("validation", "text/csv", &rows)]);
    train(&base, "gradient-boosting-rust", 1);
    assert!(base.failure().starts_with("validation_fraction and a channel validation: give one of them"), "{}", base.failure());
}

/// A row of weight 3 counts like three rows, for the judge too; 0 takes it away.
#[test]
fn weights_of_libsvm_rows_count_where_an_algorithm_has_weights() {
    let (once, thrice) = ("1:3 1:1\n0:1 2:1\n1:0 2:5\n", "1 1:1\n1 1:1\n1 1:1\n0 2:1\n");
    let rows = "1 1:1\n0 2:1\n1 1:2\n0 2:2\n";
    let figures = |algorithm: &str, hyperparameters: &Value, train_rows: &str, validation: &str, names: &[&str]| -> Vec<f64> {
        let base = job(hyperparameters, &[("train", "", train_rows), ("validation", "", validation)]);
        let outcome = train(&base, algorithm, 0);
        names.iter().map(|name| metric(&outcome, name)).collect()
    };
    let machine = json!({"predictor_type": "binary_classifier", "epochs": "3"});
    let learner = json!({"predictor_type": "binary_classifier", "normalize_data": "false"});
    let booster = json!({"objective": "binary:logistic", "num_round": "3", "min_child_weight": "0"});
    let same = |algorithm: &str, a: Vec<f64>, b: Vec<f64>| {
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-4), "{algorithm}: {a:?} and {b:?}");
    };
    for (algorithm, settings, names) in [
        ("factorization-machines-rust", &machine, &["validation_loss", "validation_accuracy"][..]),
        ("gradient-boosting-rust", &booster, &["validation_logloss", "validation_error"]),
        ("linear-learner-rust", &learner, &["validation_loss"]),
    ] {
        same(algorithm, figures(algorithm, settings, rows, once, names), figures(algorithm, settings, rows, thrice, names));
    }
    for (algorithm, settings, name) in
        [("linear-learner-rust", &learner, "train_loss"), ("gradient-boosting-rust", &booster, "train_logloss")]
    {
        same(algorithm, figures(algorithm, settings, once, rows, &[name]), figures(algorithm, settings, thrice, rows, &[name]));
    }
}

#[test]
fn weights_that_an_algorithm_does_not_use_are_told_in_the_log() {
    for (algorithm, hyperparameters) in [
        ("mlp-rust", json!({"predictor_type": "classifier", "epochs": "1"})),
        ("knn-rust", json!({"predictor_type": "classifier", "k": "1"})),
        ("pca-rust", json!({})),
        ("random-cut-forest-rust", json!({"num_trees": "3"})),
    ] {
        let base = job(&hyperparameters, &[("train", "", "1:3 1:1\n0:1 2:1\n1:2 2:5\n")]);
        let log = train(&base, algorithm, 0).stderr;
        assert_eq!(log.matches("channel train has weights, which this algorithm does not use").count(), 1, "{algorithm}: {log}");
    }
}

/// Of five features, three follow from the others but for rounding: along three components there is nothing to whiten.
#[test]
fn whitening_does_not_blow_up_what_is_rounding() {
    let draws: Vec<f64> = draws(300).into_iter().map(|draw| draw as f64).collect();
    let row = |pair: &[f64]| format!("{0},{1},{2},{3},{4}\n", pair[0], pair[1], (pair[0] + pair[1]) / 3.0, pair[0] / 7.0, pair[1] / 11.0);
    let rows: String = draws.chunks_exact(2).map(row).collect();
    let base = job(&json!({"whiten": "true"}), &[("train", POINTS, &rows)]);
    let outcome = train(&base, "pca-rust", 0);
    let variances: Vec<f64> = metrics(&outcome, "explained_variance").iter().map(|value| value.parse().unwrap()).collect();
    assert!(variances[2] > 0.0 && variances[2] < 1e-7 * variances[0], "{variances:?}");
    let server = Server::start(base.path(), &guest("pca-rust"), &[]);
    let answer = server.csv(&rows).expect_status(200).json();
    let largest = |component: usize| {
        let rows = answer["predictions"].as_array().unwrap().iter();
        rows.map(|row| row["projection"][component].as_f64().unwrap().abs()).fold(0.0, f64::max)
    };
    let largest = [0, 1, 2, 3, 4].map(largest);
    assert!(largest[..2].iter().all(|&most| most > 0.5) && largest[2..].iter().all(|&most| most < 0.05), "{largest:?}");
}

#[test]
fn labels_that_are_all_alike_have_no_r2() {
    let channel = "5,1,2\n5,2,1\n";
    let base = job(
        &json!({"predictor_type": "regressor", "k": "1"}),
        &[("train", "text/csv", "5,1,2\n4,2,2\n"), ("validation", "text/csv", channel)],
    );
    let outcome = train(&base, "knn-rust", 0);
    assert_eq!((metrics(&outcome, "validation_r2").len(), metrics(&outcome, "validation_mse").len()), (0, 1));
}

#[test]
fn more_classes_than_a_network_can_be_loaded_with_are_refused() {
    let told = refusal("mlp-rust", &json!({"predictor_type": "classifier"}), &[("train", "text/csv", "1,1\n100000,2\n")]);
    assert!(told.contains("channel train has label 100000, more than 100000 classes"), "{told}");
}
