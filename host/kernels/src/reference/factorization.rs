//! Factorization machines, as their definition has them: every pair of features by itself.

/// Bias, linear weights (n) and factors (n x k).
#[derive(Clone, Debug, PartialEq)]
pub struct FactorizationMachine {
    /// The score of a row of zeros.
    pub bias: f64,
    /// One for each feature.
    pub linear: Vec<f64>,
    /// `k` for each feature.
    pub factors: Vec<f64>,
    /// Factors of each feature.
    pub k: usize,
}

impl FactorizationMachine {
    /// The score of a dense row.
    pub fn score(&self, x: &[f64]) -> f64 {
        let mut score = self.bias + x.iter().zip(&self.linear).map(|(x, w)| x * w).sum::<f64>();
        for i in 0..x.len() {
            for j in i + 1..x.len() {
                score += x[i] * x[j] * (0..self.k).map(|f| self.factors[i * self.k + f] * self.factors[j * self.k + f]).sum::<f64>();
            }
        }
        score
    }

    /// The derivatives of a dense row's score, in the order of the fields.
    pub fn gradient(&self, x: &[f64]) -> FactorizationMachine {
        let mut factors = vec![0.0; self.factors.len()];
        for i in 0..x.len() {
            for f in 0..self.k {
                let others = (0..x.len()).filter(|&j| j != i).map(|j| x[j] * self.factors[j * self.k + f]);
                factors[i * self.k + f] = x[i] * others.sum::<f64>();
            }
        }
        FactorizationMachine { bias: 1.0, linear: x.to_vec(), factors, k: self.k }
    }

    /// All parameters, in the order of the fields.
    pub fn parameters(&self) -> Vec<f64> {
        [&[self.bias][..], &self.linear, &self.factors].concat()
    }

    /// The machine with these parameters.
    pub fn with_parameters(&self, parameters: &[f64]) -> FactorizationMachine {
        let (linear, factors) = parameters[1..].split_at(self.linear.len());
        FactorizationMachine { bias: parameters[0], linear: linear.to_vec(), factors: factors.to_vec(), k: self.k }
    }
}
