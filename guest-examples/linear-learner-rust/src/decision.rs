//! From which score on a binary classifier says 1, and how well it does then. Plain Rust.

/// A row that is judged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judged {
    pub(crate) score: f32,
    pub(crate) is_positive: bool,
    pub(crate) weight: f32,
}

/// What the threshold is chosen by; names and meanings are those of SageMaker's linear learner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Criterion {
    /// The loss has decided: 0.5 for probabilities, 0 for margins.
    LossFunction,
    Accuracy,
    FBeta,
    /// The best precision among the thresholds of this recall.
    PrecisionAtTargetRecall(f64),
    /// The best recall among the thresholds of this precision.
    RecallAtTargetPrecision(f64),
}

/// Weights of rows by what they are and what they are called.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    true_positives: f64,
    false_positives: f64,
    positives: f64,
    negatives: f64,
}

impl Counts {
    fn at(rows: &[Judged], threshold: f32) -> Counts {
        let mut counts = Counts::default();
        for row in rows {
            let weight = f64::from(row.weight);
            let called = if row.score > threshold { weight } else { 0.0 };
            if row.is_positive {
                counts.positives += weight;
                counts.true_positives += called;
            } else {
                counts.negatives += weight;
                counts.false_positives += called;
            }
        }
        counts
    }

    pub(crate) fn accuracy(&self) -> f64 {
        (self.true_positives + self.negatives - self.false_positives) / (self.positives + self.negatives)
    }

    /// 0 when no row is called positive.
    pub(crate) fn precision(&self) -> f64 {
        self.true_positives / (self.true_positives + self.false_positives).max(f64::MIN_POSITIVE)
    }

    pub(crate) fn recall(&self) -> f64 {
        self.true_positives / self.positives
    }

    /// The weighted harmonic mean of precision and recall, in which recall counts `beta` times as much.
    pub(crate) fn f_beta(&self, beta: f64) -> f64 {
        let squared = beta * beta;
        let misses = self.positives - self.true_positives;
        (1.0 + squared) * self.true_positives / ((1.0 + squared) * self.true_positives + squared * misses + self.false_positives)
    }
}

/// The rows' counts at every threshold that makes a difference.
pub(crate) struct Curve {
    rows: Vec<Judged>,
    /// From no row called positive to all of them; thresholds descend.
    points: Vec<(f32, Counts)>,
}

impl Curve {
    /// None unless there are rows of both classes, of some weight.
    pub(crate) fn new(mut rows: Vec<Judged>) -> Option<Curve> {
        rows.sort_by(|a, b| b.score.total_cmp(&a.score));
        let mut counts = Counts::at(&rows, f32::INFINITY);
        if counts.positives <= 0.0 || counts.negatives <= 0.0 {
            return None;
        }
        let mut points = vec![(rows[0].score, counts)];
        let mut seen = 0;
        for ties in rows.chunk_by(|a, b| a.score == b.score) {
            for row in ties {
                let called = if row.is_positive { &mut counts.true_positives } else { &mut counts.false_positives };
                *called += f64::from(row.weight);
            }
            seen += ties.len();
            let lowest = ties[0].score;
            points.push((rows.get(seen).map_or(lowest.next_down(), |next| between(next.score, lowest)), counts));
        }
        Some(Curve { rows, points })
    }

    /// The threshold that is best by the criterion, the highest among equals, or `usual` where the loss decides.
    pub(crate) fn choose(&self, criterion: Criterion, beta: f64, usual: f32) -> (f32, Counts) {
        if criterion == Criterion::LossFunction {
            return (usual, Counts::at(&self.rows, usual));
        }
        let mut best = self.points[0];
        for &point in &self.points[1..] {
            if criterion.merit(&point.1, beta) > criterion.merit(&best.1, beta) {
                best = point;
            }
        }
        best
    }

    /// The area under the receiver operating characteristic: the chance that a positive row scores higher than a negative one, ties
    /// counting half.
    pub(crate) fn area(&self) -> f64 {
        let trapezoid = |pair: &[(f32, Counts)]| {
            let (a, b) = (pair[0].1, pair[1].1);
            (b.false_positives - a.false_positives) * (a.true_positives + b.true_positives) / 2.0
        };
        let Some((_, all)) = self.points.last() else { return 0.0 };
        self.points.windows(2).map(trapezoid).sum::<f64>() / (all.positives * all.negatives)
    }
}

impl Criterion {
    /// Whether the counts reach what the criterion targets.
    pub(crate) fn is_met(self, counts: &Counts) -> bool {
        match self {
            Criterion::PrecisionAtTargetRecall(target) => counts.recall() >= target,
            Criterion::RecallAtTargetPrecision(target) => counts.precision() >= target,
            _ => true,
        }
    }

    /// More is better: first what counts, then what decides among equals. Without the target, as near to it as can be.
    fn merit(self, counts: &Counts, beta: f64) -> [f64; 2] {
        match self {
            Criterion::LossFunction => [0.0; 2],
            Criterion::Accuracy => [counts.accuracy(), 0.0],
            Criterion::FBeta => [counts.f_beta(beta), 0.0],
            Criterion::PrecisionAtTargetRecall(_) if self.is_met(counts) => [1.0 + counts.precision(), counts.recall()],
            Criterion::PrecisionAtTargetRecall(_) => [counts.recall(), 0.0],
            Criterion::RecallAtTargetPrecision(_) if self.is_met(counts) => [1.0 + counts.recall(), counts.precision()],
            Criterion::RecallAtTargetPrecision(_) => [counts.precision(), 0.0],
        }
    }
}

/// A threshold that `low` does not exceed and `high` does, in the middle where float32 has it.
fn between(low: f32, high: f32) -> f32 {
    let middle = ((f64::from(low) + f64::from(high)) / 2.0) as f32;
    if middle < high { middle } else { low }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(rows: &[(f32, bool)]) -> Curve {
        let rows = rows.iter().map(|&(score, is_positive)| Judged { score, is_positive, weight: 1.0 });
        Curve::new(rows.collect()).expect("both classes")
    }

    /// From the top: + + - + - - + -
    const ROWS: [(f32, bool); 8] =
        [(0.9, true), (0.8, true), (0.7, false), (0.6, true), (0.4, false), (0.3, false), (0.2, true), (0.1, false)];

    #[test]
    fn each_criterion_has_a_threshold_of_its_own() {
        let curve = curve(&ROWS);
        let chosen = |criterion, beta| curve.choose(criterion, beta, 0.5);
        assert_eq!(chosen(Criterion::LossFunction, 1.0).0, 0.5);
        let (threshold, counts) = chosen(Criterion::Accuracy, 1.0);
        assert!(threshold > 0.7 && threshold < 0.8, "{threshold}");
        assert_eq!((counts.accuracy(), counts.precision(), counts.recall()), (0.75, 1.0, 0.5));
        let (threshold, counts) = chosen(Criterion::FBeta, 1.0);
        assert!(threshold > 0.4 && threshold < 0.6 && counts.f_beta(1.0) == 0.75, "{threshold}: {counts:?}");
        let (threshold, counts) = chosen(Criterion::FBeta, 10.0);
        assert!(threshold > 0.1 && threshold < 0.2 && counts.recall() == 1.0, "{threshold}: {counts:?}");
        let (_, counts) = chosen(Criterion::PrecisionAtTargetRecall(0.7), 1.0);
        assert_eq!((counts.precision(), counts.recall()), (0.75, 0.75));
        let (_, counts) = chosen(Criterion::RecallAtTargetPrecision(0.9), 1.0);
        assert_eq!((counts.precision(), counts.recall()), (1.0, 0.5));
        assert_eq!(curve.area(), 0.75);
    }

    #[test]
    fn a_target_that_cannot_be_met_is_come_near_to() {
        let curve = curve(&[(0.9, false), (0.8, true), (0.7, true)]);
        let criterion = Criterion::RecallAtTargetPrecision(0.9);
        let (threshold, counts) = curve.choose(criterion, 1.0, 0.5);
        assert!(!criterion.is_met(&counts) && threshold < 0.7 && counts.recall() == 1.0, "{threshold}: {counts:?}");
    }

    #[test]
    fn thresholds_part_neighbours_and_scores_of_the_same_value_stay_together() {
        let next = 0.5_f32.next_up();
        let curve = curve(&[(next, true), (0.5, false), (0.5, false)]);
        let (threshold, counts) = curve.choose(Criterion::Accuracy, 1.0, 0.0);
        assert!((0.5..next).contains(&threshold) && counts.accuracy() == 1.0, "{threshold}");
        assert_eq!(curve.points.len(), 3);
        assert_eq!(self::curve(&[(1.0, true), (1.0, false)]).area(), 0.5);
    }

    #[test]
    fn a_weight_counts_like_as_many_rows_and_one_class_makes_no_curve() {
        let rows = |weight| [(0.3, true, weight), (0.2, false, 3.0), (0.4, false, 1.0)];
        let judged = |weight| rows(weight).map(|(score, is_positive, weight)| Judged { score, is_positive, weight }).to_vec();
        assert_eq!(Curve::new(judged(2.0)).expect("both classes").area(), 0.75);
        assert!(Curve::new(judged(0.0)).is_none() && Curve::new(Vec::new()).is_none());
    }
}
