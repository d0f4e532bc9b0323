//! Random cut forest: what a score is, and what it is measured in.

use serde_json::{Value, json};

use crate::support::{Base, Outcome, job_without_labels, metric, noise, predict_numbers, train_guest};

const FOREST: &str = "random-cut-forest-rust";

/// 300 rows in a square, the second feature in units a thousand times smaller.
fn rows() -> String {
    noise(600).chunks_exact(2).map(|x| format!("{},{}\n", x[0], 1000.0 * x[1])).collect()
}

fn trained(more: &Value) -> (Base, Outcome) {
    let mut options = json!({"num_trees": 50, "seed": 1});
    options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let base = job_without_labels(&options, &rows());
    let outcome = train_guest(FOREST, &base, 0);
    (base, outcome)
}

/// Of a row amidst the others, and of one far away in both features.
fn scores(more: &Value) -> [f64; 2] {
    let scores = predict_numbers(FOREST, &trained(more).0, "0,0\n8,8000\n", "score");
    [scores[0], scores[1]]
}

#[test]
fn every_score_tells_an_outlier_in_its_own_unit() {
    let [inlier, outlier] = scores(&json!({"score": "isolation"}));
    assert!(inlier > 0.0 && inlier < 0.55 && outlier > 0.6 && outlier < 1.0, "isolation: {inlier} {outlier}");
    // Rows of the sample that a row displaces: one at least, all 256 at most.
    let [alone, outlier] = scores(&json!({"score": "displacement"}));
    assert!(alone >= 1.0 && outlier > 5.0 * alone && outlier <= 256.0, "displacement: {alone} {outlier}");
    // With the groups around it, a row displaces more.
    let [collusive, outlier] = scores(&json!({}));
    assert!(collusive > alone && outlier > 3.0 * collusive && outlier <= 256.0, "collusive displacement: {collusive} {outlier}");
}

/// Far away in the feature of the small range alone, which few cuts look at unless features are of one size.
#[test]
fn normalized_features_are_cut_alike() {
    let score = |normalize: bool| predict_numbers(FOREST, &trained(&json!({"normalize_data": normalize})).0, "8,0\n", "score")[0];
    assert!(score(true) > 2.0 * score(false), "{} {}", score(true), score(false));
}

#[test]
fn a_test_channel_with_labels_is_judged() {
    let (base, untested) = trained(&json!({}));
    assert!(!untested.stdout.contains("test_auc="), "{}", untested.stdout);
    base.channels(&json!({
        "train": {"TrainingInputMode": "File", "ContentType": "text/csv;label_size=0"},
        "test": {"TrainingInputMode": "File", "ContentType": "text/csv"}
    }));
    base.write("input/data/test/rows.csv", "0,0,0\n0,0.3,-200\n1,8,8000\n1,-9,9000\n0,-0.4,400\n");
    let outcome = train_guest(FOREST, &base, 0);
    assert_eq!((metric(&outcome, "test_auc"), metric(&outcome, "test_f1")), (1.0, 1.0));
    assert_eq!(predict_numbers(FOREST, &base, "0,0\n8,8000\n", "anomaly"), [0.0, 1.0]);
    base.write("input/data/test/rows.csv", "1,0,0\n1,0.3,-200\n0,8,8000\n0,-9,9000\n");
    assert_eq!(metric(&train_guest(FOREST, &base, 0), "test_auc"), 0.0);
}
