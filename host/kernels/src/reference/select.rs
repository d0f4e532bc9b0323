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

/// For each row of `positions`, of `count` each, those elements of the same row of `a`, of `row` elements each.
pub fn take_along(a: &[f64], row: usize, positions: &[usize], count: usize) -> Vec<f64> {
    positions.iter().enumerate().map(|(i, &position)| a[i / count * row + position]).collect()
}

/// `target` after each of `rows`, of `row` elements, was added to the row at its position.
pub fn scatter_add(target: &[f64], row: usize, positions: &[usize], rows: &[f64]) -> Vec<f64> {
    let mut sums = target.to_vec();
    for (i, &position) in positions.iter().enumerate() {
        for j in 0..row {
            sums[position * row + j] += rows[i * row + j];
        }
    }
    sums
}

/// As [`segment_sum`], divided by the number of rows in each segment; NaN where there are none.
pub fn segment_mean(a: &[f64], row: usize, ids: &[usize], segments: usize) -> Vec<f64> {
    let count = |segment| ids.iter().filter(|&&id| id == segment).count() as f64;
    segment_sum(a, row, ids, segments).iter().enumerate().map(|(i, sum)| sum / count(i / row)).collect()
}

/// The largest elements of the rows of each segment; NaN where one is, -infinity where there are none.
pub fn segment_max(a: &[f64], row: usize, ids: &[usize], segments: usize) -> Vec<f64> {
    let mut largest = vec![f64::NEG_INFINITY; segments * row];
    for (i, &id) in ids.iter().enumerate() {
        for j in 0..row {
            let (max, value) = (&mut largest[id * row + j], a[i * row + j]);
            *max = if max.is_nan() || value.is_nan() { f64::NAN } else { max.max(value) };
        }
    }
    largest
}

/// As [`segment_max`], the smallest; infinity where there are none.
pub fn segment_min(a: &[f64], row: usize, ids: &[usize], segments: usize) -> Vec<f64> {
    let negated: Vec<f64> = a.iter().map(|value| -value).collect();
    segment_max(&negated, row, ids, segments).iter().map(|value| -value).collect()
}

/// The positions of what is not 0.
pub fn nonzero(a: &[f64]) -> Vec<usize> {
    (0..a.len()).filter(|&i| a[i] != 0.0).collect()
}

/// Rows of `classes` elements, 1 at each id.
pub fn one_hot(ids: &[usize], classes: usize) -> Vec<f64> {
    ids.iter().flat_map(|&id| (0..classes).map(move |class| if class == id { 1.0 } else { 0.0 })).collect()
}

/// `a`, seen as blocks of `length` rows of `inner` elements, with the rows of each block in reverse order.
pub fn reverse(a: &[f64], length: usize, inner: usize) -> Vec<f64> {
    a.chunks(length * inner).flat_map(|block| block.chunks(inner).rev().flatten().copied()).collect()
}

/// `a`, seen as [`reverse`] does, with each row of a block the sum of those up to it.
pub fn cumulative_sum(a: &[f64], length: usize, inner: usize) -> Vec<f64> {
    let mut sums = a.to_vec();
    for i in 0..a.len() {
        if !(i / inner).is_multiple_of(length) {
            sums[i] += sums[i - inner];
        }
    }
    sums
}
