//! Values in order.

use std::cmp::Ordering;

/// Ascending order, or descending; NaN is last either way, and 0 equals -0.
fn compare(a: f64, b: f64, descending: bool) -> Ordering {
    match (a.is_nan(), b.is_nan()) {
        (false, false) if descending => b.partial_cmp(&a).unwrap_or(Ordering::Equal),
        (false, false) => a.partial_cmp(&b).unwrap_or(Ordering::Equal),
        (a, b) => a.cmp(&b),
    }
}

/// The places of `a` in order; equal elements keep theirs.
pub fn argsort(a: &[f64], descending: bool) -> Vec<usize> {
    let mut places: Vec<usize> = (0..a.len()).collect();
    places.sort_by(|&i, &j| compare(a[i], a[j], descending));
    places
}

/// `a` in order.
pub fn sort(a: &[f64], descending: bool) -> Vec<f64> {
    argsort(a, descending).into_iter().map(|place| a[place]).collect()
}

/// The places of the `k` elements that come first in order.
pub fn top_k(a: &[f64], k: usize, largest: bool) -> Vec<usize> {
    argsort(a, largest)[..k].to_vec()
}

/// The places of the first of each kind of element, in ascending order; 0 and -0 are of one kind, and all NaN are.
pub fn unique(a: &[f64]) -> Vec<usize> {
    let mut places = argsort(a, false);
    places.dedup_by(|&mut later, &mut first| compare(a[first], a[later], false) == Ordering::Equal);
    places
}

/// How many of `sorted` are less than `value`, or, on the `right`, not larger.
pub fn search_sorted(sorted: &[f64], value: f64, right: bool) -> usize {
    sorted.iter().filter(|&&edge| if right { compare(edge, value, false).is_le() } else { compare(edge, value, false).is_lt() }).count()
}

/// How many of `a` lie between neighbouring edges: the lower belongs to the bin, the upper to the last bin only.
pub fn histogram(a: &[f64], edges: &[f64]) -> Vec<usize> {
    let last = edges.len() - 2;
    let within = |bin: usize, x: f64| edges[bin] <= x && (x < edges[bin + 1] || bin == last && x == edges[bin + 1]);
    (0..=last).map(|bin| a.iter().filter(|&&x| within(bin, x)).count()).collect()
}

/// How often each of 0 to `bins` - 1 is among `ids`.
pub fn bincount(ids: &[usize], bins: usize) -> Vec<usize> {
    (0..bins).map(|bin| ids.iter().filter(|&&id| id == bin).count()).collect()
}

/// The value at position (n - 1) p of the values in ascending order, a mixture of two where that lies between them; NaN where one is NaN.
pub fn quantile(a: &[f64], probability: f64) -> f64 {
    let sorted = sort(a, false);
    let position = (a.len() - 1) as f64 * probability;
    let (below, above) = (sorted[position.floor() as usize], sorted[position.ceil() as usize]);
    if a.iter().any(|value| value.is_nan()) {
        f64::NAN
    } else if below == above {
        below
    } else {
        below * (1.0 - position.fract()) + above * position.fract()
    }
}
