//! Decompositions of small matrices: row by row, without blocks or scaling.

/// L with L Lᵀ = `a` (n x n, symmetric), or `None` where `a` is not positive definite.
pub fn cholesky(a: &[f64], n: usize) -> Option<Vec<f64>> {
    let mut l = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            let sum: f64 = (0..j).map(|k| l[i * n + k] * l[j * n + k]).sum();
            let rest = a[i * n + j] - sum;
            if i == j && rest <= 0.0 {
                return None;
            }
            l[i * n + j] = if i == j { rest.sqrt() } else { rest / l[j * n + j] };
        }
    }
    Some(l)
}

/// x with `a` x = `b`, where `a` is n x n and `b` n x k, and the determinant of `a`, by elimination with the largest pivots. Where the
/// determinant is 0, x means nothing.
pub fn solve(a: &[f64], b: &[f64], n: usize, k: usize) -> (Vec<f64>, f64) {
    let (mut a, mut x, mut determinant) = (a.to_vec(), b.to_vec(), 1.0);
    for col in 0..n {
        let pivot = (col..n).max_by(|&i, &j| a[i * n + col].abs().total_cmp(&a[j * n + col].abs())).unwrap_or(col);
        if pivot != col {
            (0..n).for_each(|j| a.swap(col * n + j, pivot * n + j));
            (0..k).for_each(|j| x.swap(col * k + j, pivot * k + j));
            determinant = -determinant;
        }
        determinant *= a[col * n + col];
        for row in (0..n).filter(|&row| row != col) {
            let factor = a[row * n + col] / a[col * n + col];
            (0..n).for_each(|j| a[row * n + j] -= factor * a[col * n + j]);
            (0..k).for_each(|j| x[row * k + j] -= factor * x[col * k + j]);
        }
    }
    (0..n).for_each(|row| (0..k).for_each(|j| x[row * k + j] /= a[row * n + row]));
    (x, determinant)
}

/// q (m x n, m >= n) and r (n x n) with q r = `a`, by orthogonalising column after column, twice.
pub fn qr(a: &[f64], m: usize, n: usize) -> (Vec<f64>, Vec<f64>) {
    let (mut q, mut r) = (a.to_vec(), vec![0.0; n * n]);
    for col in 0..n {
        for other in (0..col).chain(0..col) {
            let product: f64 = (0..m).map(|i| q[i * n + other] * q[i * n + col]).sum();
            r[other * n + col] += product;
            (0..m).for_each(|i| q[i * n + col] -= product * q[i * n + other]);
        }
        let length = (0..m).map(|i| q[i * n + col].powi(2)).sum::<f64>().sqrt();
        r[col * n + col] = length;
        (0..m).for_each(|i| q[i * n + col] /= length);
    }
    (q, r)
}

/// Eigenvalues of `a` (n x n, symmetric), ascending, by turning pairs of axes until nothing is left off the diagonal (Jacobi).
pub fn eigenvalues(a: &[f64], n: usize) -> Vec<f64> {
    let mut a = a.to_vec();
    let largest = a.iter().map(|value| value.abs()).fold(0.0, f64::max);
    for _ in 0..60 {
        // Each round takes what is left to its square.
        if (0..n * n).all(|i| i % (n + 1) == 0 || a[i].abs() <= f64::EPSILON * largest) {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                // Smaller ones change nothing, and end as numbers that processors are slow with.
                if a[p * n + q].abs() <= 1e-20 * largest {
                    continue;
                }
                let theta = (a[q * n + q] - a[p * n + p]) / (2.0 * a[p * n + q]);
                let t = theta.signum() / (theta.abs() + theta.hypot(1.0));
                let c = 1.0 / t.hypot(1.0);
                for i in 0..n {
                    let (x, y) = (a[i * n + p], a[i * n + q]);
                    (a[i * n + p], a[i * n + q]) = (c * x - t * c * y, t * c * x + c * y);
                }
                for i in 0..n {
                    let (x, y) = (a[p * n + i], a[q * n + i]);
                    (a[p * n + i], a[q * n + i]) = (c * x - t * c * y, t * c * x + c * y);
                }
            }
        }
    }
    let mut values: Vec<f64> = (0..n).map(|i| a[i * n + i]).collect();
    values.sort_by(f64::total_cmp);
    values
}
