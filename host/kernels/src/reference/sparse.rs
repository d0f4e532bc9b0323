//! Sparse matrices, written out.

/// The rows x columns matrix with these elements (row, column, value); those for the same place are added in the order given.
pub fn from_coordinates(rows: usize, columns: usize, elements: &[(usize, usize, f64)]) -> Vec<f64> {
    let mut dense = vec![0.0; rows * columns];
    for &(row, column, value) in elements {
        dense[row * columns + column] += value;
    }
    dense
}

/// The product of the element-wise squares of `a` (n x m) and `b` (m x k).
pub fn multiply_squares(a: &[f64], b: &[f64], n: usize, m: usize, k: usize) -> Vec<f64> {
    let squares = |values: &[f64]| values.iter().map(|value| value * value).collect::<Vec<_>>();
    super::matmul(&squares(a), &squares(b), n, k, m)
}

/// Rows and columns of `a` (n x m) exchanged.
pub fn transpose(a: &[f64], n: usize, m: usize) -> Vec<f64> {
    (0..m).flat_map(|column| (0..n).map(move |row| a[row * m + column])).collect()
}

/// Of each column of `a` (n x m): sum, sum of squares, number of elements that are not 0, least and largest element, NaN where there are
/// none or one is NaN.
pub fn column_statistics(a: &[f64], n: usize, m: usize) -> Vec<[f64; 5]> {
    let of_column = |column: usize| {
        let values: Vec<f64> = (0..n).map(|row| a[row * m + column]).collect();
        let extreme = |pick: fn(f64, f64) -> f64| {
            let unknown = values.iter().any(|value| value.is_nan());
            if unknown { f64::NAN } else { values.iter().copied().reduce(pick).unwrap_or(f64::NAN) }
        };
        let squares = values.iter().map(|value| value * value).sum();
        [values.iter().sum(), squares, values.iter().filter(|&&value| value != 0.0).count() as f64, extreme(f64::min), extreme(f64::max)]
    };
    (0..m).map(of_column).collect()
}
