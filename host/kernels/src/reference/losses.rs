//! Losses of linear models.

use crate::losses::Loss;

/// The loss of a row of scores `z` against its labels `y`, its first derivatives by the scores, and its matrix of second ones.
pub fn row_loss(loss: Loss, z: &[f64], y: &[f64]) -> (f64, Vec<f64>, Vec<f64>) {
    let c = z.len();
    let mut second = vec![0.0; c * c];
    if loss == Loss::Softmax {
        let largest = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = z.iter().map(|z| (z - largest).exp()).sum();
        let p: Vec<f64> = z.iter().map(|z| (z - largest).exp() / sum).collect();
        let class = y[0] as usize;
        for i in 0..c {
            for j in 0..c {
                second[i * c + j] = if i == j { p[i] * (1.0 - p[i]) } else { -p[i] * p[j] };
            }
        }
        let first = p.iter().enumerate().map(|(k, p)| if k == class { p - 1.0 } else { *p }).collect();
        return (largest + sum.ln() - z[class], first, second);
    }
    let (mut value, mut first) = (0.0, vec![0.0; c]);
    for k in 0..c {
        let (own, slope, bend) = of_score(loss, z[k], y[k]);
        value += own;
        first[k] = slope;
        second[k * c + k] = bend;
    }
    (value, first, second)
}

/// Value, first and second derivative of a loss of one score.
fn of_score(loss: Loss, z: f64, y: f64) -> (f64, f64, f64) {
    let r = z - y;
    let sign = |x: f64| if x == 0.0 { 0.0 } else { x.signum() };
    let side = 2.0 * y - 1.0;
    let short = 1.0 - side * z;
    match loss {
        Loss::Squared => (r * r / 2.0, r, 1.0),
        Loss::Absolute => (r.abs(), sign(r), 0.0),
        Loss::Huber(delta) if r.abs() > delta => (delta * (r.abs() - delta / 2.0), delta * sign(r), 0.0),
        Loss::Huber(_) => (r * r / 2.0, r, 1.0),
        Loss::Quantile(level) if r < 0.0 => (-r * level, -level, 0.0),
        Loss::Quantile(level) => (r * (1.0 - level), if r == 0.0 { 0.0 } else { 1.0 - level }, 0.0),
        Loss::EpsilonInsensitive(epsilon) if r.abs() <= epsilon => (0.0, 0.0, 0.0),
        Loss::EpsilonInsensitive(epsilon) => (r.abs() - epsilon, sign(r), 0.0),
        Loss::SquaredEpsilonInsensitive(epsilon) if r.abs() <= epsilon => (0.0, 0.0, 0.0),
        Loss::SquaredEpsilonInsensitive(epsilon) => {
            let beyond = r.abs() - epsilon;
            (beyond * beyond, 2.0 * beyond * sign(r), 2.0)
        }
        Loss::Logistic => {
            let p = 1.0 / (1.0 + (-z).exp());
            (z.max(0.0) + (-z.abs()).exp().ln_1p() - y * z, p - y, p * (1.0 - p))
        }
        Loss::Hinge if short <= 0.0 => (0.0, 0.0, 0.0),
        Loss::Hinge => (short, -side, 0.0),
        Loss::SquaredHinge | Loss::ModifiedHuber if short <= 0.0 => (0.0, 0.0, 0.0),
        Loss::ModifiedHuber if short >= 2.0 => (4.0 * (short - 1.0), -4.0 * side, 0.0),
        Loss::SquaredHinge | Loss::ModifiedHuber => (short * short, -2.0 * side * short, 2.0 * side * side),
        Loss::Poisson => (z.exp() - y * z, z.exp() - y, z.exp()),
        Loss::Gamma => (z + y * (-z).exp(), 1.0 - y * (-z).exp(), y * (-z).exp()),
        Loss::Tweedie(power) => {
            let (one, two) = (1.0 - power, 2.0 - power);
            let (mean, share) = ((two * z).exp(), y * (one * z).exp());
            (mean / two - share / one, mean - share, two * mean - one * share)
        }
        Loss::Softmax => (0.0, 0.0, 0.0),
    }
}

/// What a linear model is held against, all row-major: `x` n x d, `y` n x c (softmax: n classes), `weights` n, `coefficients` d x c and
/// `intercepts` c.
#[expect(missing_docs, reason = "said above")]
pub struct LinearProblem<'a> {
    pub loss: Loss,
    pub x: &'a [f64],
    pub y: &'a [f64],
    pub weights: &'a [f64],
    pub coefficients: &'a [f64],
    pub intercepts: &'a [f64],
}

impl LinearProblem<'_> {
    /// The sum of the rows' losses; its derivatives by coefficients and, last, intercepts; and its second derivative times `direction`, which
    /// is (d + 1) x c like the gradient.
    pub fn evaluate(&self, direction: &[f64]) -> (f64, Vec<f64>, Vec<f64>) {
        let (n, c) = (self.weights.len(), self.intercepts.len());
        let d = self.coefficients.len() / c;
        let labels = self.y.len().checked_div(n).unwrap_or(0);
        let (mut value, mut gradient, mut product) = (0.0, vec![0.0; (d + 1) * c], vec![0.0; (d + 1) * c]);
        for row in 0..n {
            let mut x = self.x[row * d..][..d].to_vec();
            x.push(1.0);
            let of = |k: usize, weights: &dyn Fn(usize) -> f64| (0..=d).map(|j| x[j] * weights(j * c + k)).sum::<f64>();
            let all: Vec<f64> = self.coefficients.iter().chain(self.intercepts).copied().collect();
            let z: Vec<f64> = (0..c).map(|k| of(k, &|place| all[place])).collect();
            let slopes: Vec<f64> = (0..c).map(|k| of(k, &|place| direction[place])).collect();
            let (own, first, second) = row_loss(self.loss, &z, &self.y[row * labels..][..labels]);
            value += self.weights[row] * own;
            for j in 0..=d {
                for k in 0..c {
                    gradient[j * c + k] += self.weights[row] * first[k] * x[j];
                    let bend: f64 = (0..c).map(|l| second[k * c + l] * slopes[l]).sum();
                    product[j * c + k] += self.weights[row] * bend * x[j];
                }
            }
        }
        (value, gradient, product)
    }
}
