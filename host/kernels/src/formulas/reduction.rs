//! What the elements along axes can become.

use super::fold::Partial;

/// How elements become one. Of no elements: sum 0, product 1, any 0, all 1, count 0, norm 0, log-sum-exp -∞, abs-sum 0, abs-max 0; the
/// others are errors. Everything is accumulated in float64, in the same order whatever the number of threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reduction {
    /// The sum.
    Sum,
    /// The product.
    Product,
    /// The arithmetic mean.
    Mean,
    /// The population's variance: the mean squared distance from the mean.
    Variance,
    /// The largest element; NaN when one is.
    Max,
    /// The smallest element; NaN when one is.
    Min,
    /// The first position of the largest element, where NaN is larger than everything.
    ArgMax,
    /// The first position of the smallest element, where NaN is smaller than everything.
    ArgMin,
    /// 1 when an element is not 0, else 0. NaN is not 0.
    Any,
    /// 1 when no element is 0, else 0.
    All,
    /// How many elements are not 0.
    Count,
    /// ln Σ eˣ, without overflow.
    LogSumExp,
    /// The Euclidean norm, √Σ x²; the squares must stay in the range of float64.
    Norm,
    /// Σ |x|.
    AbsSum,
    /// The largest |x|; NaN when an element is.
    AbsMax,
}

impl Reduction {
    /// Every reduction.
    pub const ALL: [Reduction; 15] = [
        Reduction::Sum,
        Reduction::Product,
        Reduction::Mean,
        Reduction::Variance,
        Reduction::Max,
        Reduction::Min,
        Reduction::ArgMax,
        Reduction::ArgMin,
        Reduction::Any,
        Reduction::All,
        Reduction::Count,
        Reduction::LogSumExp,
        Reduction::Norm,
        Reduction::AbsSum,
        Reduction::AbsMax,
    ];

    /// The name as the interface spells it.
    pub fn name(self) -> &'static str {
        match self {
            Reduction::Sum => "sum",
            Reduction::Product => "product",
            Reduction::Mean => "mean",
            Reduction::Variance => "variance",
            Reduction::Max => "max",
            Reduction::Min => "min",
            Reduction::ArgMax => "arg-max",
            Reduction::ArgMin => "arg-min",
            Reduction::Any => "any",
            Reduction::All => "all",
            Reduction::Count => "count",
            Reduction::LogSumExp => "log-sum-exp",
            Reduction::Norm => "norm",
            Reduction::AbsSum => "abs-sum",
            Reduction::AbsMax => "abs-max",
        }
    }

    /// Whether it gives positions.
    pub(super) fn is_position(self) -> bool {
        matches!(self, Reduction::ArgMax | Reduction::ArgMin)
    }

    /// Whether its results are int64.
    pub(super) fn is_whole(self) -> bool {
        self.is_position() || self == Reduction::Count
    }

    /// The result for no elements, where there is one.
    pub(super) fn of_nothing(self) -> Option<f64> {
        match self {
            Reduction::Sum | Reduction::Any | Reduction::Count | Reduction::Norm | Reduction::AbsSum | Reduction::AbsMax => Some(0.0),
            Reduction::Product | Reduction::All => Some(1.0),
            Reduction::LogSumExp => Some(f64::NEG_INFINITY),
            Reduction::Mean | Reduction::Variance | Reduction::Max | Reduction::Min | Reduction::ArgMax | Reduction::ArgMin => None,
        }
    }

    /// The result of everything that was folded.
    pub(super) fn finish(self, folded: Partial) -> f64 {
        let Partial { p, q, n } = folded;
        match self {
            Reduction::Mean => p / n,
            Reduction::Variance => q / n,
            Reduction::ArgMax | Reduction::ArgMin => q,
            Reduction::Any => f64::from(u8::from(p > 0.0)),
            Reduction::All => f64::from(u8::from(p == n)),
            Reduction::LogSumExp => p + q.ln(),
            Reduction::Norm => p.sqrt(),
            Reduction::Sum
            | Reduction::Product
            | Reduction::Max
            | Reduction::Min
            | Reduction::Count
            | Reduction::AbsSum
            | Reduction::AbsMax => p,
        }
    }
}
