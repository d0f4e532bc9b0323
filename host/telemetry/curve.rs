//! One metric over the steps of a job, in bounded memory.

/// Points that are kept at most.
const MOST_POINTS: usize = 512;

/// One value and its step.
pub type Point = (u32, f64);

/// What is remembered of a metric: first and last, best in both directions, and points spread evenly over all values.
#[derive(Clone, Debug)]
pub struct Curve {
    /// The metric's name on one line.
    pub name: String,
    /// How many values there were.
    pub count: u64,
    /// The last value.
    pub last: Point,
    /// The least and the greatest value, not counting NaN; none while all are NaN.
    pub extremes: Option<(Point, Point)>,
    points: Vec<Point>,
    stride: u64,
}

impl Curve {
    /// Without values yet.
    pub(crate) fn new(name: String) -> Curve {
        Curve { name, count: 0, last: (0, f64::NAN), extremes: None, points: Vec::new(), stride: 1 }
    }

    pub(crate) fn add(&mut self, step: u32, value: f64) {
        if self.count.is_multiple_of(self.stride) {
            self.points.push((step, value));
        }
        if self.points.len() > MOST_POINTS {
            let mut at = 0;
            self.points.retain(|_| {
                at += 1;
                at % 2 == 1
            });
            self.stride *= 2;
        }
        self.count += 1;
        self.last = (step, value);
        if !value.is_nan() {
            let (least, most) = self.extremes.get_or_insert((self.last, self.last));
            if value < least.1 {
                *least = self.last;
            }
            if value > most.1 {
                *most = self.last;
            }
        }
    }

    /// The kept points in the order in which they came, the last value always among them.
    pub fn points(&self) -> impl Iterator<Item = Point> + '_ {
        let kept_last = self.count == 0 || (self.count - 1).is_multiple_of(self.stride);
        self.points.iter().copied().chain((!kept_last).then_some(self.last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_curve_keeps_its_shape_its_ends_and_its_best() {
        let mut curve = Curve::new("loss".into());
        for step in 0..1_000_000 {
            curve.add(step, if step == 77_777 { -1.0 } else { f64::from(step) });
        }
        let points: Vec<Point> = curve.points().collect();
        assert!((256..=MOST_POINTS + 1).contains(&points.len()), "{}", points.len());
        assert!(points.is_sorted_by_key(|point| point.0));
        assert_eq!((points[0], points[points.len() - 1]), ((0, 0.0), (999_999, 999_999.0)));
        assert_eq!(curve.extremes, Some(((77_777, -1.0), (999_999, 999_999.0))));
        assert_eq!(curve.count, 1_000_000);
    }

    #[test]
    fn a_value_that_is_no_number_is_never_the_best() {
        let mut curve = Curve::new("loss".into());
        curve.add(1, f64::NAN);
        assert_eq!(curve.extremes, None);
        curve.add(2, 5.0);
        curve.add(3, f64::NAN);
        assert_eq!(curve.extremes, Some(((2, 5.0), (2, 5.0))));
        assert_eq!(curve.points().count(), 3);
    }
}
