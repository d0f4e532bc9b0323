//! Which split is best, what a tree says.

/// Splits and leaf values are regularized by these, and children need this weight.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "as in `SplitOptions`")]
pub struct TreeRules {
    pub lambda: f64,
    pub alpha: f64,
    pub min_gain: f64,
    pub min_child_weight: f64,
}

/// A split by one feature: what goes left, and the gain.
#[derive(Clone, Debug, PartialEq)]
pub struct TreeSplit {
    /// The feature.
    pub feature: usize,
    /// Values up to this one go left.
    pub threshold: f64,
    /// Whether missing values do.
    pub missing_left: bool,
    /// What it gains.
    pub gain: f64,
}

impl TreeRules {
    /// What leaves with these sums are worth.
    pub fn score(&self, gradient: f64, hessian: f64) -> f64 {
        let gradient = (gradient.abs() - self.alpha).max(0.0);
        gradient * gradient / (hessian + self.lambda)
    }

    /// The value of a leaf with these sums.
    pub fn value(&self, gradient: f64, hessian: f64) -> f64 {
        let shrunk = (gradient.abs() - self.alpha).max(0.0) * gradient.signum();
        if hessian + self.lambda > 0.0 { -shrunk / (hessian + self.lambda) } else { 0.0 }
    }

    /// The gain of sending the rows for which `left` holds to one side; none when a side is too light or empty.
    pub fn gain(&self, rows: &[usize], gradients: &[f64], hessians: &[f64], left: impl Fn(usize) -> bool) -> Option<f64> {
        let sum = |values: &[f64], wanted: bool| rows.iter().filter(|&&row| left(row) == wanted).map(|&row| values[row]).sum::<f64>();
        let (gradient, hessian) = (sum(gradients, true), sum(hessians, true));
        let (right_gradient, right_hessian) = (sum(gradients, false), sum(hessians, false));
        if hessian <= 0.0 || right_hessian <= 0.0 || hessian.min(right_hessian) < self.min_child_weight {
            return None;
        }
        let whole = self.score(gradient + right_gradient, hessian + right_hessian);
        Some(self.score(gradient, hessian) + self.score(right_gradient, right_hessian) - whole)
    }

    /// The best split of `rows` by one of the `bounds` of a feature, or by whether its value is missing; the first among equals, features
    /// first, missing values on the right first. `features` has as many columns as there are `bounds`.
    pub fn best_split(
        &self,
        features: &[f64],
        bounds: &[Vec<f64>],
        rows: &[usize],
        gradients: &[f64],
        hessians: &[f64],
    ) -> Option<TreeSplit> {
        let mut best: Option<TreeSplit> = None;
        for (feature, bounds) in bounds.iter().enumerate() {
            let value = |row: usize| features[row * self.width(features, gradients) + feature];
            let has_missing = rows.iter().any(|&row| value(row).is_nan() && hessians[row] > 0.0);
            for missing_left in [false, true] {
                for threshold in bounds.iter().copied().chain([f64::INFINITY]) {
                    let left = |row: usize| if value(row).is_nan() { missing_left } else { value(row) <= threshold };
                    let Some(gain) = self.gain(rows, gradients, hessians, left) else { continue };
                    let enough = gain > self.min_gain && gain > 1e-9;
                    if enough && (has_missing || !missing_left) && best.as_ref().is_none_or(|best| gain > best.gain * (1.0 + 1e-12)) {
                        best = Some(TreeSplit { feature, threshold, missing_left, gain });
                    }
                }
            }
        }
        best
    }

    fn width(&self, features: &[f64], gradients: &[f64]) -> usize {
        features.len() / gradients.len()
    }
}

/// The bin of a value: how many bounds lie below it; 255 when it is missing.
pub fn bin(value: f64, bounds: &[f64]) -> usize {
    if value.is_nan() { 255 } else { bounds.iter().filter(|&&bound| bound < value).count() }
}

/// The leaf value that one row of features finds in a tree, given as rows of the `nodes` (6 numbers) and `values` (3 numbers) of
/// `ForestParts`.
pub fn tree_value(row: &[f64], nodes: &[[i32; 6]], values: &[[f32; 3]], categories: &[i32]) -> f32 {
    let mut place = 0;
    loop {
        let [feature, left, right, missing_left, start, count] = nodes[place];
        if feature < 0 {
            return values[place][0];
        }
        let value = row[feature as usize];
        let is_category = (0.0..16_777_216.0).contains(&value);
        let goes_left = if count > 0 && is_category {
            categories[start as usize..(start + count) as usize].contains(&(value as i32))
        } else if count > 0 || value.is_nan() {
            missing_left == 1
        } else {
            value <= f64::from(values[place][0])
        };
        place = if goes_left { left } else { right } as usize;
    }
}
