//! The area under the receiver operating characteristic.

/// The chance that a positive row scores higher than a negative one, ties counting half, rows by their weights; none without rows of both
/// kinds. Each row is score, whether it is positive, weight.
pub(crate) fn area(mut rows: Vec<(f32, bool, f32)>) -> Option<f64> {
    rows.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let (mut negatives, mut positives, mut above) = (0.0, 0.0, 0.0);
    for ties in rows.chunk_by(|a, b| a.0 == b.0) {
        let weight = |positive: bool| ties.iter().filter(|row| row.1 == positive).map(|row| f64::from(row.2)).sum::<f64>();
        let (negative, positive) = (weight(false), weight(true));
        above += positive * (negatives + negative / 2.0);
        negatives += negative;
        positives += positive;
    }
    (negatives > 0.0 && positives > 0.0).then(|| above / (negatives * positives))
}

#[cfg(test)]
mod tests {
    use super::area;

    #[test]
    fn the_area_counts_pairs_in_order() {
        let rows = |scores: &[(f32, bool)]| scores.iter().map(|&(score, positive)| (score, positive, 1.0)).collect();
        assert_eq!(area(rows(&[(0.1, false), (0.4, false), (0.35, true), (0.8, true)])), Some(0.75));
        assert_eq!(area(rows(&[(1.0, true), (1.0, false)])), Some(0.5));
        assert_eq!(area(rows(&[(2.0, false), (1.0, true)])), Some(0.0));
        assert_eq!(area(rows(&[(1.0, true)])), None);
    }

    #[test]
    fn a_weight_counts_like_as_many_rows() {
        let weighted = area(vec![(0.3, true, 2.0), (0.2, false, 3.0), (0.4, false, 1.0)]);
        assert_eq!(weighted, Some(0.75));
    }
}
