//! Rows by position.

/// The rows of `a`, of `row` elements each, at `positions`.
pub fn gather(a: &[f64], row: usize, positions: &[usize]) -> Vec<f64> {
    positions.iter().flat_map(|&position| &a[position * row..][..row]).copied().collect()
}

/// For each segment the sum of the rows of `a`, of `row` elements each, whose id it is.
pub fn segment_sum(a: &[f64], row: usize, ids: &[usize], segments: usize) -> Vec<f64> {
    let mut sums = vec![0.0; segments * row];
    for (i, &id) in ids.iter().enumerate() {
        for j in 0..row {
            sums[id * row + j] += a[i * row + j];
        }
    }
    sums
}
