//! Gradient boosting: what is minimised besides squares and cross-entropy.

use serde_json::json;

use super::boosting::{BOOSTING, answers, one_split};
use crate::support::{add_validation, job, metric, metrics, noise, predict_numbers, train_guest};

/// Nine rows of label 0 and nine of label 10, and one of 1000 in either group.
fn outliers() -> String {
    let group = |label: u32| format!("{}1000,{label}\n", format!("{label},{label}\n").repeat(9));
    group(0) + &group(10)
}

#[test]
fn a_pseudo_huber_loss_is_not_led_astray_by_outliers_and_its_slope_says_what_one_is() {
    let with = |slope: f64| {
        let options = json!({
            "objective": "reg:pseudohubererror", "huber_slope": slope, "base_score": 5, "num_round": 200, "max_depth": 1, "min_child_weight": 0
        });
        answers(&options, &outliers(), "0\n10\n")
    };
    let (narrow, wide) = (with(1.0), with(1e6));
    assert!(narrow[0].abs() < 1.0 && (narrow[1] - 10.0).abs() < 1.0, "{narrow:?}");
    assert!((wide[0] - 100.0).abs() < 5.0 && (wide[1] - 109.0).abs() < 5.0, "{wide:?}");
}

#[test]
fn leaves_of_an_absolute_error_answer_the_median() {
    let rows = "1,0\n2,0\n3,0\n4,0\n1000,0\n11,1\n12,1\n13,1\n14,1\n1000,1\n";
    assert_eq!(answers(&one_split(&json!({"objective": "reg:absoluteerror"})), rows, "0\n1\n"), [3.0, 13.0]);
    // The heavy row is most of its group.
    let weighted = "1,1,0\n2,1,0\n3,5,0\n11,1,1\n12,5,1\n13,1,1\n14,1,1\n";
    let options = one_split(&json!({"objective": "reg:absoluteerror", "csv_weights": 1}));
    assert_eq!(answers(&options, weighted, "0\n1\n"), [3.0, 12.0]);
}

#[test]
fn leaves_of_a_quantile_error_answer_the_quantile() {
    let rows: String = (1..=10).map(|label| format!("{label},0\n{},1\n", 100 + label)).collect();
    let with = |alpha: f64| {
        answers(&one_split(&json!({"objective": "reg:quantileerror", "quantile_alpha": alpha, "base_score": 50})), &rows, "0\n1\n")
    };
    assert_eq!(with(0.8), [8.0, 108.0]);
    assert_eq!(with(0.5), [5.0, 105.0]);
    assert_eq!(with(0.05), [1.0, 101.0]);
}

/// Many rounds, numbers and categories, rows left out: what is saved answers what was reported, and a fifth of the labels lie above.
#[test]
fn a_saved_forest_of_quantiles_answers_what_was_reported() {
    let noise = noise(2000);
    let row = |(i, x): (usize, &[f64])| format!("{},{},{}\n", 5.0 * x[0] + f64::from(i as u32 % 7 % 2) * 3.0 + x[1], x[0], i % 7);
    let rows: String = noise.chunks_exact(2).enumerate().map(row).collect();
    let base = job(
        &json!({
            "objective": "reg:quantileerror", "quantile_alpha": 0.8, "num_round": 30, "categorical_features": "1", "min_data_per_group": 10,
            "subsample": 0.7, "eval_metric": "mae"
        }),
        &rows,
    );
    add_validation(&base, &rows);
    let outcome = train_guest(BOOSTING, &base, 0);
    let losses = metrics(&outcome, "train_quantile");
    assert!(losses.len() == 30 && losses[29] < losses[0] / 2.0, "{losses:?}");
    let (labels, features): (Vec<f64>, Vec<&str>) =
        rows.lines().map(|line| line.split_once(',').unwrap()).map(|(label, features)| (label.parse::<f64>().unwrap(), features)).unzip();
    let answers = predict_numbers(BOOSTING, &base, &features.join("\n"), "score");
    let error = labels.iter().zip(&answers).map(|(label, answer)| (label - answer).abs()).sum::<f64>() / labels.len() as f64;
    for name in ["train_mae", "validation_mae"] {
        assert!((metric(&outcome, name) - error).abs() < 1e-4, "{name} {}, answers {error}", metric(&outcome, name));
    }
    let above = labels.iter().zip(&answers).filter(|(label, answer)| label > answer).count() as f64 / labels.len() as f64;
    assert!((above - 0.2).abs() < 0.05, "{above}");
}

#[test]
fn counts_have_means_above_0_and_their_steps_are_guarded() {
    let rows = "0,0\n1,0\n5,0\n20,1\n22,1\n18,1\n";
    let with = |rounds: u32, guard: f64| {
        let options = json!({
            "objective": "count:poisson", "num_round": rounds, "max_depth": 1, "lambda": 0, "min_child_weight": 0, "poisson_max_delta_step": guard
        });
        answers(&options, rows, "0\n1\n")
    };
    let learned = with(60, 0.7);
    assert!((learned[0] - 2.0).abs() < 0.1 && (learned[1] - 20.0).abs() < 0.1, "{learned:?}");
    // The more guarded, the nearer to the mean of all, 11, after a step.
    let (free, guarded) = (with(1, 0.0), with(1, 2.0));
    assert!(free[0] < guarded[0] && guarded[0] < 11.0 && free[1] > guarded[1] && guarded[1] > 11.0, "{free:?} {guarded:?}");

    let base = job(&json!({"objective": "count:poisson", "num_round": 3}), rows);
    let deviance = metrics(&train_guest(BOOSTING, &base, 0), "train_poisson_deviance");
    assert!(deviance.windows(2).all(|pair| pair[1] < pair[0]) && deviance[2] > 0.0, "{deviance:?}");
    let base = job(&json!({"objective": "count:poisson"}), "1,0\n-1,1\n");
    train_guest(BOOSTING, &base, 1);
    assert!(base.failure().contains("1 of 2 labels are not finite numbers from 0 on"), "{}", base.failure());
}
