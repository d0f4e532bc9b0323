//! Gradient boosting: weights, penalties, metrics, and where rows begin.

use serde_json::{Value, json};

use crate::support::{add_validation, job, metrics, noise, predict_numbers, train_guest};

pub(super) const BOOSTING: &str = "gradient-boosting-rust";

/// One tree of one split, which answers with plain means, and what `more` says.
pub(super) fn one_split(more: &Value) -> Value {
    let mut options = json!({"num_round": 1, "eta": 1, "max_depth": 1, "lambda": 0, "min_child_weight": 0});
    options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    options
}

/// What a model of these rows answers to the requests.
pub(super) fn answers(hyperparameters: &Value, train: &str, requests: &str) -> Vec<f64> {
    let base = job(hyperparameters, train);
    train_guest(BOOSTING, &base, 0);
    predict_numbers(BOOSTING, &base, requests, "score")
}

/// Two groups of two rows, of labels 0 and 10.
const GROUPS: &str = "0,0\n0,0\n10,1\n10,1\n";

#[test]
fn a_row_counts_by_its_weight() {
    let rows = "0,3,0\n10,1,0\n20,1,1\n40,3,1\n";
    assert_eq!(answers(&one_split(&json!({"csv_weights": 1})), rows, "0\n1\n"), [2.5, 35.0]);
}

#[test]
fn positive_rows_count_by_scale_pos_weight() {
    let rows = "1,5\n0,5\n0,5\n0,5\n";
    let score = |weight: f64| answers(&one_split(&json!({"objective": "binary:logistic", "scale_pos_weight": weight})), rows, "5\n")[0];
    assert!((score(1.0) - 0.25).abs() < 1e-6 && (score(3.0) - 0.5).abs() < 1e-6, "{} {}", score(1.0), score(3.0));
}

/// Each group's gradient is 10 and its hessian 2: a leaf's value is (10 - alpha) / (2 + lambda), the split's gain 2 · 10² / 2.
#[test]
fn penalties_shrink_leaves_and_gamma_forbids_splits() {
    let with = |more: Value| answers(&one_split(&more), GROUPS, "0\n1\n");
    assert_eq!(with(json!({})), [0.0, 10.0]);
    assert_eq!(with(json!({"alpha": 4})), [2.0, 8.0]);
    assert_eq!(with(json!({"lambda": 2})), [2.5, 7.5]);
    assert_eq!(with(json!({"gamma": 90})), [0.0, 10.0]);
    assert_eq!(with(json!({"gamma": 110})), [5.0, 5.0]);
    assert_eq!(with(json!({"min_child_weight": 3})), [5.0, 5.0]);
}

#[test]
fn rows_begin_with_the_base_score() {
    let begin = |objective: &str, base_score: f64| {
        // A penalty so large that trees say nothing.
        let options = json!({"objective": objective, "base_score": base_score, "lambda": 1e9});
        let rows = if objective == "binary:logistic" { "0,0\n1,1\n1,1\n" } else { GROUPS };
        answers(&one_split(&options), rows, "0\n")[0]
    };
    for (objective, score) in [("reg:squarederror", -7.5), ("reg:pseudohubererror", 3.0), ("binary:logistic", 0.9), ("count:poisson", 4.0)]
    {
        assert!((begin(objective, score) - score).abs() < 1e-3, "{objective}: {}", begin(objective, score));
    }
    for (options, message) in [
        (
            json!({"objective": "binary:logistic", "base_score": 1.5}),
            "base_score is 1.5: binary:logistic wants a probability above 0 and below 1",
        ),
        (json!({"objective": "count:poisson", "base_score": 0}), "base_score is 0: count:poisson wants a mean above 0"),
        (json!({"objective": "multi:softprob", "num_class": 2, "base_score": 0.5}), "base_score changes nothing for multi:softprob"),
    ] {
        let base = job(&options, "0,0\n1,1\n");
        train_guest(BOOSTING, &base, 1);
        assert!(base.failure().contains(message), "{}", base.failure());
    }
}

#[test]
fn the_area_under_the_curve_is_watched_when_asked_for() {
    let noise = noise(900);
    let rows: String = noise.chunks_exact(3).map(|x| format!("{},{},{}\n", u8::from(x[0] + x[2] > 0.0), x[0], x[1])).collect();
    let areas = |more: Value| {
        let mut options = json!({"objective": "binary:logistic", "num_round": 6, "max_depth": 2});
        options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let base = job(&options, &rows);
        add_validation(&base, &rows);
        metrics(&train_guest(BOOSTING, &base, 0), "validation_auc")
    };
    assert_eq!(areas(json!({})).len(), 1);
    let watched = areas(json!({"eval_metric": "auc"}));
    assert_eq!(watched.len(), 6);
    assert!(watched[5] > watched[0] && watched[5] < 1.0, "{watched:?}");
}
