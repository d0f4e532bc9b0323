//! How well scores tell anomalies from ordinary rows. Plain Rust, knows nothing of the host.

/// The share of the pairs of an anomaly and an ordinary row in which the anomaly scores higher; equal scores count half. None when
/// either kind is missing.
pub(crate) fn auc(scores: &[f64], anomalies: &[bool]) -> Option<f64> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    let n_anomalies = anomalies.iter().filter(|&&anomaly| anomaly).count() as f64;
    let n_ordinary = scores.len() as f64 - n_anomalies;
    let mut below = 0.0;
    let mut won = 0.0;
    for equals in order.chunk_by(|&a, &b| scores[a] == scores[b]) {
        let anomalies = equals.iter().filter(|&&row| anomalies[row]).count() as f64;
        let ordinary = equals.len() as f64 - anomalies;
        won += anomalies * (below + ordinary / 2.0);
        below += ordinary;
    }
    (n_anomalies > 0.0 && n_ordinary > 0.0).then(|| won / (n_anomalies * n_ordinary))
}

/// The harmonic mean of precision and recall of what scores above the threshold; 0 when nothing is found.
pub(crate) fn f1(scores: &[f64], anomalies: &[bool], threshold: f64) -> f64 {
    let count = |wanted: fn(bool, bool) -> bool| {
        let rows = scores.iter().zip(anomalies);
        rows.filter(|&(&score, &anomaly)| wanted(score > threshold, anomaly)).count() as f64
    };
    let found = count(|called, anomaly| called && anomaly);
    let wrong = count(|called, anomaly| called != anomaly);
    if found == 0.0 { 0.0 } else { 2.0 * found / (2.0 * found + wrong) }
}

/// Displacement by the trees that have not seen the row, from that by all: a tree that has seen it says 0, since it ends in a leaf that it
/// equals. `seen` counts those trees; rows that all trees have seen are left out.
pub(crate) fn unseen(scores: &[f64], seen: &[f64], n_trees: usize) -> Vec<f64> {
    let n_trees = n_trees as f64;
    let judged = scores.iter().zip(seen).filter(|(_, seen)| **seen < n_trees);
    judged.map(|(score, seen)| score * n_trees / (n_trees - seen)).collect()
}

/// Mean and standard deviation.
pub(crate) fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n;
    (mean, variance.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auc_counts_pairs_and_half_of_the_equal_ones() {
        let anomalies = [false, true, false, true];
        assert_eq!(auc(&[1.0, 2.0, 3.0, 4.0], &anomalies), Some(0.75));
        assert_eq!(auc(&[1.0, 1.0, 1.0, 1.0], &anomalies), Some(0.5));
        assert_eq!(auc(&[1.0, 5.0, 1.0, 4.0], &anomalies), Some(1.0));
        assert_eq!(auc(&[1.0, 5.0], &[true, true]), None);
    }

    #[test]
    fn f1_weighs_what_is_missed_against_what_is_called_wrongly() {
        let anomalies = [false, true, false, true];
        assert_eq!(f1(&[1.0, 2.0, 3.0, 4.0], &anomalies, 3.5), 2.0 / 3.0);
        assert_eq!(f1(&[1.0, 2.0, 3.0, 4.0], &anomalies, 9.0), 0.0);
        assert_eq!(f1(&[1.0, 2.0, 0.0, 4.0], &anomalies, 1.5), 1.0);
    }

    #[test]
    fn trees_that_have_seen_a_row_do_not_count() {
        assert_eq!(unseen(&[3.0, 1.0, 5.0], &[0.0, 2.0, 4.0], 4), [3.0, 2.0]);
    }

    #[test]
    fn moments_are_mean_and_deviation() {
        assert_eq!(moments(&[1.0, 3.0]), (2.0, 1.0));
    }
}
