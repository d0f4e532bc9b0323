//! What a good split is.

use super::MISSING;
use crate::error::{Error, Result};

/// What limits splits and leaf values. The score of a node with gradient sum G and hessian sum H is T(G)² / (H + lambda), where T takes
/// `alpha` off |G|, down to 0; a split's gain is the scores of the children less that of the node; a leaf's value is -T(G) / (H + lambda).
#[derive(Clone, Debug)]
pub struct SplitOptions {
    /// L2 regularization of leaf values, at least 0.
    pub lambda: f64,
    /// L1 regularization of leaf values, at least 0.
    pub alpha: f64,
    /// Splits must gain more, at least 0.
    pub min_gain: f64,
    /// Least sum of hessians in a child, at least 0.
    pub min_child_weight: f64,
    /// Least rows in a child, as estimated from its share of the node's hessian; exact where all hessians are equal.
    pub min_child_rows: f64,
    /// Most categories on one side of a split.
    pub max_categories: usize,
    /// Up to so many categories are tried one against the others.
    pub one_against_others: usize,
    /// Added to a category's hessian when categories are put in the order of gradient over hessian; categories with fewer (estimated)
    /// rows are left out of the order.
    pub category_smoothing: f64,
    /// Added to `lambda` in the gain of splits between several categories.
    pub category_lambda: f64,
    /// Least (estimated) rows that are added to a side between two looks.
    pub min_category_rows: f64,
}

impl Default for SplitOptions {
    /// Regularization as in XGBoost, categories as in LightGBM.
    fn default() -> SplitOptions {
        SplitOptions {
            lambda: 1.0,
            alpha: 0.0,
            min_gain: 0.0,
            min_child_weight: 1.0,
            min_child_rows: 0.0,
            max_categories: 32,
            one_against_others: 4,
            category_smoothing: 10.0,
            category_lambda: 10.0,
            min_category_rows: 100.0,
        }
    }
}

/// A set of codes.
pub(super) type Codes = [u64; 4];

/// A split of a node's rows by one feature.
#[derive(Clone, Copy)]
pub(super) struct Split {
    pub(super) gain: f64,
    pub(super) feature: usize,
    pub(super) rule: Rule,
    pub(super) missing_left: bool,
    /// Rounded sums of the left child.
    pub(super) left: [f64; 2],
}

/// Which bins go left.
#[derive(Clone, Copy)]
pub(super) enum Rule {
    /// Those up to this one.
    UpTo(u8),
    /// Those in the set.
    In(Codes),
}

impl Split {
    /// For each code, 1 when it goes left.
    pub(super) fn lefts(&self) -> [u8; 256] {
        let mut lefts = [0; 256];
        for (code, left) in (0..=MISSING).zip(&mut lefts) {
            *left = u8::from(match self.rule {
                _ if code == MISSING => self.missing_left,
                Rule::UpTo(bin) => code <= bin,
                Rule::In(codes) => codes[usize::from(code) / 64] >> (code % 64) & 1 == 1,
            });
        }
        lefts
    }
}

/// What a node's splits are measured with.
pub(super) struct Scale<'a> {
    pub(super) options: &'a SplitOptions,
    /// What rounded gradients and hessians of 1 stand for.
    pub(super) units: [f64; 2],
    /// Rounded sums of the node.
    pub(super) total: [f64; 2],
    /// Rows of the node.
    pub(super) rows: usize,
}

impl Scale<'_> {
    /// Gradient and hessian of rounded sums.
    #[inline(always)]
    pub(super) fn real(&self, sums: [f64; 2]) -> [f64; 2] {
        [sums[0] * self.units[0], sums[1] * self.units[1]]
    }

    /// Least hessian of a child; never 0, so that no child is empty.
    pub(super) fn least_weight(&self) -> f64 {
        let by_rows = self.options.min_child_rows / self.rows as f64 * self.total[1] * self.units[1];
        // Half a row less, for the sake of rounding.
        self.options.min_child_weight.max(by_rows * (1.0 - 1e-6)).max(0.5 * self.units[1])
    }

    /// The estimated rows of a hessian sum that is rounded.
    #[inline(always)]
    pub(super) fn rows_of(&self, hessian: f64) -> f64 {
        hessian * (self.rows as f64 / self.total[1].max(1.0))
    }

    #[inline(always)]
    pub(super) fn score(&self, [gradient, hessian]: [f64; 2], lambda: f64) -> f64 {
        let gradient = (gradient.abs() - self.options.alpha).max(0.0);
        gradient * gradient / (hessian + lambda)
    }

    /// The gain of children with these scores together; none when it is not enough, or no more than rounding makes.
    pub(super) fn gain(&self, children: f64) -> Option<f64> {
        let gain = children - self.score(self.real(self.total), self.options.lambda);
        (gain > self.options.min_gain && gain > 1e-12 * children).then_some(gain)
    }
}

impl SplitOptions {
    /// The leaf's value for these sums.
    pub(super) fn leaf_value(&self, [gradient, hessian]: [f64; 2]) -> f64 {
        let shrunk = (gradient.abs() - self.alpha).max(0.0).copysign(gradient);
        let weight = hessian + self.lambda;
        if shrunk == 0.0 || weight <= 0.0 { 0.0 } else { -shrunk / weight }
    }

    pub(super) fn check(&self, operation: &str) -> Result<()> {
        let numbers = [
            ("lambda", self.lambda),
            ("alpha", self.alpha),
            ("min gain", self.min_gain),
            ("min child weight", self.min_child_weight),
            ("min child rows", self.min_child_rows),
            ("category smoothing", self.category_smoothing),
            ("category lambda", self.category_lambda),
            ("min category rows", self.min_category_rows),
        ];
        match numbers.into_iter().find(|(_, value)| !(value.is_finite() && *value >= 0.0)) {
            Some((name, value)) => Err(Error::bad(format!("{operation}: {name} {value}; a finite number of at least 0 is wanted"))),
            None => Ok(()),
        }
    }
}
