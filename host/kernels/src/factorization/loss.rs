//! How far a score is from its label.

/// What a score is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactorizationLoss {
    /// Half the squared difference from the label.
    Squared,
    /// The negated log likelihood of the label (0, 1, or a probability between), the score being the log of the odds.
    Logistic,
}

impl FactorizationLoss {
    /// The loss of a score, and its derivative.
    #[inline(always)]
    pub(super) fn at(self, score: f64, label: f64) -> (f64, f64) {
        match self {
            FactorizationLoss::Squared => {
                let difference = score - label;
                (0.5 * difference * difference, difference)
            }
            FactorizationLoss::Logistic => {
                // Neither side overflows: the power is at most 1.
                let power = (-score.abs()).exp();
                let probability = if score >= 0.0 { 1.0 / (1.0 + power) } else { power / (1.0 + power) };
                (score.max(0.0) - score * label + power.ln_1p(), probability - label)
            }
        }
    }
}
