//! Principal components: how many are kept, and around what.

use serde_json::{Value, json};

use crate::support::{Base, job_without_labels, metrics, noise, predict, tensor, train_guest};

const COMPONENTS: &str = "pca-rust";

/// 200 rows of three features whose variances are as 100 to 9 to 1, around (50, 0, 0).
fn rows() -> String {
    noise(600).chunks_exact(3).map(|x| format!("{},{},{}\n", 50.0 + 10.0 * x[0], 3.0 * x[1], x[2])).collect()
}

fn trained(options: &Value) -> (Base, usize) {
    let base = job_without_labels(options, &rows());
    let components = metrics(&train_guest(COMPONENTS, &base, 0), "explained_variance").len();
    (base, components)
}

#[test]
fn as_few_components_are_kept_as_explain_the_share_of_the_variance() {
    let kept = |share: f64| trained(&json!({"explained_variance_ratio": share})).1;
    assert_eq!((kept(0.5), kept(0.95), kept(0.999)), (1, 2, 3));
}

#[test]
fn whitened_projections_have_a_variance_of_1() {
    let variances = |whiten: bool| {
        let (base, _) = trained(&json!({"num_components": 2, "whiten": whiten}));
        let answers = predict(COMPONENTS, &base, &rows(), "projection");
        [0, 1].map(|component| {
            let values: Vec<f64> = answers.iter().map(|projection| projection[component].as_f64().unwrap()).collect();
            values.iter().map(|value| value * value).sum::<f64>() / (values.len() - 1) as f64
        })
    };
    let (plain, white) = (variances(false), variances(true));
    assert!(plain[0] > 20.0 && plain[1] > 2.0, "{plain:?}");
    assert!(white.iter().all(|variance| (variance - 1.0).abs() < 1e-3), "{white:?}");
}

#[test]
fn without_the_mean_components_are_those_of_the_data_as_they_are() {
    let (around_mean, _) = trained(&json!({"num_components": 1}));
    let (around_zero, _) = trained(&json!({"num_components": 1, "subtract_mean": false}));
    assert!((tensor(&around_mean, "mean")[0] - 50.0).abs() < 2.0);
    assert_eq!(tensor(&around_zero, "mean"), [0.0; 3]);
    let projection = |base: &Base| predict(COMPONENTS, base, "50,0,0\n", "projection")[0].clone();
    let first = |value: Value| value[0].as_f64().or(value.as_f64()).unwrap();
    assert!(first(projection(&around_mean)).abs() < 2.0 && first(projection(&around_zero)) > 49.0);
}
