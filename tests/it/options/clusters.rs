//! k-means: weights and beginnings.

use serde_json::{Value, json};

use crate::support::{job_without_labels, metric, noise, tensor, train_guest};

const CLUSTERS: &str = "kmeans-rust";

#[test]
fn a_centroid_is_the_weighted_mean_of_its_rows() {
    let centroid = |weights: bool, rows: &str| {
        let base = job_without_labels(&json!({"k": 1, "n_init": 1, "row_weights": weights}), rows);
        train_guest(CLUSTERS, &base, 0);
        tensor(&base, "centroids")
    };
    assert_eq!(centroid(true, "3,0,0\n1,8,4\n"), [2.0, 1.0]);
    assert_eq!(centroid(false, "0,0\n8,4\n"), [4.0, 2.0]);
}

/// Twenty pairs of rows a hundred apart: rows drawn at random leave groups without a centroid, careful seeding finds every one.
#[test]
fn every_way_to_begin_begins_elsewhere() {
    let noise = noise(40);
    let rows: String = noise.iter().enumerate().map(|(i, x)| format!("{},{}\n", 100 * (i / 2), x)).collect();
    let inertia = |init_method: &str, more: Value| {
        let mut options = json!({"k": 20, "n_init": 1, "max_iterations": 1, "init_method": init_method, "seed": 3});
        options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        metric(&train_guest(CLUSTERS, &job_without_labels(&options, &rows), 0), "inertia")
    };
    let (random, careful, parallel) = (inertia("random", json!({})), inertia("kmeans++", json!({})), inertia("kmeans||", json!({})));
    assert!(random > 10_000.0 && careful < 100.0 && parallel < 100.0, "{random} {careful} {parallel}");
    let often = inertia("random", json!({"n_init": 30}));
    assert!(often < random, "{often} {random}");
}
