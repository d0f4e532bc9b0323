//! Gradient boosting: columns whose values are categories.

use serde_json::{Value, json};

use super::boosting::{BOOSTING, answers, one_split};
use crate::support::{job, train_guest};

/// Eight categories in turn, of labels 0 (even) and 10 (odd).
fn parity(rows: u32) -> String {
    (0..rows).map(|i| format!("{},{}\n", 10 * (i % 2), i % 8)).collect()
}

fn with(rows: u32, more: &Value) -> Vec<f64> {
    let mut options = one_split(&json!({"categorical_features": "0"}));
    options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    answers(&options, &parity(rows), "0\n1\n2\n3\n4\n5\n6\n7\n")
}

const APART: [f64; 8] = [0.0, 10.0, 0.0, 10.0, 0.0, 10.0, 0.0, 10.0];

#[test]
fn one_split_divides_categories_that_no_threshold_parts() {
    assert_eq!(with(800, &json!({})), APART);
    assert_ne!(with(800, &json!({"categorical_features": ""})), APART);
}

#[test]
fn what_limits_the_division_of_categories_can_be_set() {
    // 40 rows: too few for the usual limits.
    let few = json!({"min_data_per_group": 5, "cat_smooth": 1});
    assert_eq!(with(40, &json!({})), [5.0; 8]);
    assert_eq!(with(40, &few), APART);
    assert_eq!(with(40, &json!({"min_data_per_group": 5})), [5.0; 8], "cat_smooth leaves out categories of 5 rows");
    assert_eq!(with(40, &json!({"cat_smooth": 1})), [5.0; 8], "100 rows are wanted on each side");
    let gains = |cat_l2: f64| with(40, &json!({"min_data_per_group": 5, "cat_smooth": 1, "gamma": 1, "cat_l2": cat_l2}));
    assert_eq!((gains(0.0), gains(1e9)), (APART.to_vec(), vec![5.0; 8]));
    let one = with(40, &json!({"min_data_per_group": 5, "cat_smooth": 1, "max_cat_threshold": 1}));
    assert_eq!(one.iter().filter(|score| **score == 0.0 || **score == 10.0).count(), 1, "{one:?}");
    let singly = with(40, &json!({"max_cat_to_onehot": 8}));
    assert_eq!(singly.iter().filter(|score| **score == 0.0 || **score == 10.0).count(), 1, "{singly:?}");
}

#[test]
fn features_that_rows_are_too_few_for_and_categories_beyond_the_bins_are_told() {
    let warnings = |rows: &str, more: Value| {
        let mut options = one_split(&json!({"categorical_features": "0"}));
        options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        train_guest(BOOSTING, &job(&options, rows), 0).stderr
    };
    let told = warnings(&parity(40), json!({}));
    assert!(
        told.contains(
            "feature column 0 has 8 categories, and 40 rows are too few to divide them: min_data_per_group wants 100 on each side"
        ),
        "{told}"
    );
    let told = warnings(&parity(800), json!({}));
    assert!(!told.contains("feature column"), "{told}");
    let many: String = (0..900).map(|i| format!("{},{}\n", i % 2, i % 300)).collect();
    let told = warnings(&many, json!({}));
    assert!(
        told.contains("feature column 0 has 300 categories: the 255 most frequent are told apart, the others count as missing"),
        "{told}"
    );
}

#[test]
fn values_that_are_no_categories_are_refused() {
    for value in ["-1", "2.7", "16777217", "inf"] {
        let base = job(&json!({"categorical_features": "1"}), &format!("1,0.5,3\n2,-0.5,{value}\n3,0.1,\n"));
        train_guest(BOOSTING, &base, 1);
        let failure = base.failure();
        assert!(failure.contains("channel train: 1 values of feature column 1 are no categories"), "{value}: {failure}");
    }
}
