//! Nearest neighbours: what near means, and which rows are kept.

use serde_json::{Value, json};

use crate::support::{Base, job, metric, predict, predict_numbers, tensor, train_guest};

const NEIGHBORS: &str = "knn-rust";

fn trained(more: &Value, rows: &str) -> Base {
    let mut options = json!({"predictor_type": "classifier", "k": 1});
    options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let base = job(&options, rows);
    train_guest(NEIGHBORS, &base, 0);
    base
}

/// Of (10, 1) the first row has the direction, the second is near, the third has the largest product.
#[test]
fn every_metric_has_a_nearest_row_of_its_own() {
    for (metric, label) in [("cosine", 0), ("euclidean", 1), ("inner_product", 2)] {
        let base = trained(&json!({"metric": metric}), "0,1,0.1\n1,9,5\n2,100,100\n");
        assert_eq!(predict(NEIGHBORS, &base, "10,1\n", "predicted_label"), [label], "{metric}");
    }
}

#[test]
fn a_sample_keeps_so_many_rows_and_the_seed_says_which() {
    let rows: String = (0..100).map(|i| format!("{},{i}\n", i % 2)).collect();
    let kept = |seed: u32| {
        let base = job(&json!({"predictor_type": "classifier", "sample_size": 10, "seed": seed}), &rows);
        assert_eq!(metric(&train_guest(NEIGHBORS, &base, 0), "rows"), 10.0);
        tensor(&base, "rows")
    };
    assert_eq!(kept(1).len(), 10);
    assert_ne!(kept(1), kept(2));
}

#[test]
fn near_neighbours_outvote_far_ones_by_distance() {
    let value = |weighting: &str| {
        let options = json!({"predictor_type": "regressor", "k": 2, "weighting": weighting});
        predict_numbers(NEIGHBORS, &trained(&options, "0,0\n10,4\n"), "1\n", "predicted_label")[0]
    };
    // Distances 1 and 3: votes of 1 and 1/3.
    assert!((value("uniform") - 5.0).abs() < 1e-6 && (value("distance") - 2.5).abs() < 1e-5, "{} {}", value("uniform"), value("distance"));
}

#[test]
fn normalized_features_count_alike() {
    let label = |normalize: bool| {
        let rows = "0,0,0\n1,1000,1\n0,2000,0\n1,3000,1\n";
        predict(NEIGHBORS, &trained(&json!({"normalize_data": normalize}), rows), "1100,0\n", "predicted_label")[0].clone()
    };
    assert_eq!((label(false), label(true)), (json!(1), json!(0)));
}
