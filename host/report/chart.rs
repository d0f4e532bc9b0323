//! Curves as inline SVG.

use std::collections::BTreeMap;

use super::markup::{number, text};
use crate::telemetry::{Curve, Point};

/// The drawing's size, and where its plot begins and ends, in units of the drawing.
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 220.0;
const LEFT: f64 = 76.0;
const RIGHT: f64 = 630.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 196.0;

/// Points of one curve that are drawn at most, and of all curves together.
const MOST_POINTS: usize = 400;
const ALL_POINTS: usize = 3000;

/// Curves in one chart; the style has as many colours.
const MOST_CURVES: usize = 4;

/// Bytes of all charts.
const MOST_BYTES: usize = 36_000;

/// What tells on which rows a metric was measured.
const SIDES: [&str; 6] = ["train", "training", "validation", "valid", "val", "test"];

/// The metric without the rows it was measured on: `loss` of `validation_loss` and of `train:loss`.
fn family(name: &str) -> &str {
    let stripped = SIDES.iter().find_map(|side| name.strip_prefix(side)?.strip_prefix(['_', ':', '-', '/', '.']));
    stripped.filter(|rest| !rest.is_empty()).unwrap_or(name)
}

/// A chart for each family of metrics with more than one value, in the order in which they first came.
pub(super) fn charts(curves: &[Curve]) -> String {
    let mut families: Vec<(&str, Vec<&Curve>)> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for curve in curves.iter().filter(|curve| curve.points().filter(|(_, value)| value.is_finite()).nth(1).is_some()) {
        let name = family(&curve.name);
        let at = *places.entry(name).or_insert(families.len());
        match families.get_mut(at) {
            Some((_, members)) if members.len() < MOST_CURVES => members.push(curve),
            _ => {
                places.insert(name, families.len());
                families.push((name, vec![curve]));
            }
        }
    }
    let drawn: usize = families.iter().map(|(_, members)| members.len()).sum();
    let limit = MOST_POINTS.min(ALL_POINTS / drawn.max(1)).max(8);
    let mut all = String::new();
    for (at, (name, members)) in families.iter().enumerate() {
        let figure = figure(name, members, limit);
        if all.len() + figure.len() > MOST_BYTES {
            all.push_str(&format!("<p>and {} more charts</p>", families.len() - at));
            break;
        }
        all.push_str(&figure);
    }
    all
}

fn figure(name: &str, curves: &[&Curve], limit: usize) -> String {
    let drawn: Vec<Vec<Point>> = curves.iter().map(|curve| thin(&curve.points().collect::<Vec<_>>(), limit)).collect();
    let finite = || drawn.iter().flatten().filter(|(_, value)| value.is_finite());
    let (low, high) = finite().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &(_, value)| (low.min(value), high.max(value)));
    let (first, last) = finite().fold((u32::MAX, 0), |(first, last), &(step, _)| (first.min(step), last.max(step)));
    let scale = Scale { low, high, first, last };
    let mut svg = format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{} over steps\">", text(name, 60));
    svg.push_str(&scale.axes());
    for (at, points) in drawn.iter().enumerate() {
        svg.push_str(&scale.line(points, at));
    }
    svg.push_str("</svg>");
    let legend: String = curves.iter().enumerate().map(|(at, curve)| legend(at, &curve.name)).collect();
    format!("<figure><figcaption><b>{}</b>{legend}</figcaption>{svg}</figure>", text(name, 60))
}

fn legend(at: usize, name: &str) -> String {
    format!("<span class=\"k c{at}\"><svg viewBox=\"0 0 18 6\"><path d=\"M0 3H18\"/></svg> {}</span>", text(name, 60))
}

/// At most `limit` points that keep the outline: the lowest and the highest of each stretch, and both ends.
fn thin(points: &[Point], limit: usize) -> Vec<Point> {
    if points.len() <= limit {
        return points.to_vec();
    }
    let stretch = points.len().div_ceil((limit / 2).saturating_sub(1).max(1));
    let mut kept = Vec::new();
    kept.extend(points.first());
    for piece in points.chunks(stretch) {
        let by_value = |a: &&Point, b: &&Point| a.1.total_cmp(&b.1);
        let finite = || piece.iter().filter(|point| point.1.is_finite());
        let mut pair: Vec<Point> = finite().min_by(by_value).into_iter().chain(finite().max_by(by_value)).copied().collect();
        if pair.is_empty() {
            pair.extend(piece.first());
        }
        pair.sort_by_key(|point| point.0);
        kept.extend(pair);
    }
    kept.extend(points.last());
    kept.dedup();
    kept
}

/// From values and steps to places in the drawing.
struct Scale {
    low: f64,
    high: f64,
    first: u32,
    last: u32,
}

impl Scale {
    fn x(&self, step: u32) -> f64 {
        let span = f64::from(self.last.saturating_sub(self.first)).max(1.0);
        LEFT + (f64::from(step) - f64::from(self.first)) / span * (RIGHT - LEFT)
    }

    fn y(&self, value: f64) -> f64 {
        // Halves, so that the widest range of all does not overflow.
        let span = self.high / 2.0 - self.low / 2.0;
        let part = if span > 0.0 { (value / 2.0 - self.low / 2.0) / span } else { 0.5 };
        BOTTOM - part * (BOTTOM - TOP)
    }

    fn axes(&self) -> String {
        let mut axes = String::new();
        let middle = self.low / 2.0 + self.high / 2.0;
        let marks = if self.low < self.high { vec![self.low, middle, self.high] } else { vec![self.low] };
        for value in marks {
            let (y, label) = (self.y(value), number(value));
            axes.push_str(&format!("<path class=\"g\" d=\"M{LEFT} {y:.1}H{RIGHT}\"/>"));
            axes.push_str(&format!("<text class=\"y\" x=\"{}\" y=\"{:.1}\">{label}</text>", LEFT - 6.0, y + 4.0));
        }
        let (y, middle) = (HEIGHT - 6.0, (LEFT + RIGHT) / 2.0);
        axes.push_str(&format!("<text x=\"{LEFT}\" y=\"{y}\">{}</text><text class=\"m\" x=\"{middle}\" y=\"{y}\">step</text>", self.first));
        axes + &format!("<text class=\"y\" x=\"{RIGHT}\" y=\"{y}\">{}</text>", self.last)
    }

    /// A line, broken where there are no numbers.
    fn line(&self, points: &[Point], at: usize) -> String {
        let mut path = String::new();
        let mut pen_down = false;
        for &(step, value) in points {
            if !value.is_finite() {
                pen_down = false;
                continue;
            }
            path.push_str(&format!("{}{:.1} {:.1}", if pen_down { 'L' } else { 'M' }, self.x(step), self.y(value)));
            if !pen_down {
                // A point by itself is seen as a dot, by its round ends.
                path.push_str("h0");
            }
            pen_down = true;
        }
        format!("<path class=\"c{at}\" d=\"{path}\"/>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::page::tests::curve;

    #[test]
    fn a_metric_of_train_and_validation_is_one_chart() {
        for (name, wanted) in [
            ("train_loss", "loss"),
            ("validation:loss", "loss"),
            ("loss", "loss"),
            ("train_", "train_"),
            ("training_time", "time"),
            ("trainer", "trainer"),
            ("test/auc", "auc"),
        ] {
            assert_eq!(family(name), wanted);
        }
        let svg = charts(&[curve("train_loss", &[3.0, 2.0]), curve("msd", &[1.0, 2.0]), curve("validation_loss", &[4.0, 3.0])]);
        assert_eq!(svg.matches("<figure>").count(), 2);
        assert_eq!(svg.matches("<path class=\"c1\"").count(), 1);
    }

    #[test]
    fn curves_without_numbers_or_with_one_draw_nothing_that_is_broken() {
        assert_eq!(charts(&[curve("a", &[1.0]), curve("b", &[f64::NAN, f64::NAN]), curve("c", &[])]), "");
        for values in [&[f64::MAX, f64::MIN][..], &[1.0, 1.0], &[f64::INFINITY, 1.0, f64::NAN, 2.0], &[-0.0, 5e-324]] {
            let svg = charts(&[curve("a", values)]);
            assert!(svg.contains("<path class=\"c0\" d=\"M") && !svg.contains("NaN") && !svg.contains("inf"), "{values:?}: {svg}");
        }
    }

    #[test]
    fn thinning_keeps_a_spike_and_the_ends() {
        let points: Vec<Point> = (0..513).map(|step| (step, if step == 200 { 9.0 } else { 0.0 })).collect();
        let thinned = thin(&points, 40);
        assert!(thinned.len() <= 40, "{}", thinned.len());
        assert!(thinned.contains(&(200, 9.0)) && thinned[0].0 == 0 && thinned.last() == Some(&(512, 0.0)));
        assert!(thinned.is_sorted_by_key(|point| point.0));
    }
}
