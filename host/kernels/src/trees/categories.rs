//! The best division of a feature's categories into two sides: LightGBM's search (Fisher, On grouping for maximum homogeneity, 1958).

use super::histogram::Bin;
use super::split::{Codes, Rule, Scale, Split};

/// The best set of categories for the left side. The last bin, of missing values and rare categories, goes right.
pub(super) fn best(feature: usize, bins: &[Bin], scale: &Scale<'_>) -> Option<Split> {
    let (_, present) = bins.split_last()?;
    let seen = present.iter().filter(|bin| bin[1] > 0.0).count();
    if seen <= scale.options.one_against_others { one(feature, present, scale) } else { several(feature, present, scale) }
}

/// One category against the others.
fn one(feature: usize, present: &[Bin], scale: &Scale<'_>) -> Option<Split> {
    let mut best: Option<Split> = None;
    for (code, &bin) in present.iter().enumerate() {
        let Some(children) = children(bin, scale, scale.options.lambda) else { continue };
        let Some(gain) = scale.gain(children) else { continue };
        if best.is_none_or(|best| gain > best.gain) {
            best = Some(Split { gain, feature, rule: Rule::In(set_of(&[code as u8])), missing_left: false, left: bin });
        }
    }
    best
}

/// The first categories in the order of gradient over hessian against the others, from either end.
fn several(feature: usize, present: &[Bin], scale: &Scale<'_>) -> Option<Split> {
    let options = scale.options;
    let ratio = |bin: Bin| {
        let [gradient, hessian] = scale.real(bin);
        gradient / (hessian + options.category_smoothing)
    };
    let enough = |bin: &Bin| bin[1] > 0.0 && scale.rows_of(bin[1]) >= options.category_smoothing;
    let mut order: Vec<(f64, u8)> =
        (0..=u8::MAX).zip(present).filter(|(_, bin)| enough(bin)).map(|(code, &bin)| (ratio(bin), code)).collect();
    order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let most = options.max_categories.min(order.len().div_ceil(2));
    let mut best: Option<Split> = None;
    for backwards in [false, true] {
        if backwards {
            order.reverse();
        }
        let (mut left, mut rows, mut codes) = ([0.0; 2], 0.0, [0; 4]);
        for &(_, code) in &order[..most] {
            let bin = present[usize::from(code)];
            left = [left[0] + bin[0], left[1] + bin[1]];
            rows += scale.rows_of(bin[1]);
            codes[usize::from(code) / 64] |= 1 << (code % 64);
            if scale.rows_of(scale.total[1] - left[1]) < options.min_category_rows {
                break;
            }
            if rows < options.min_category_rows {
                continue;
            }
            let Some(children) = children(left, scale, options.lambda + options.category_lambda) else { continue };
            rows = 0.0;
            let Some(gain) = scale.gain(children) else { continue };
            if best.is_none_or(|best| gain > best.gain) {
                best = Some(Split { gain, feature, rule: Rule::In(codes), missing_left: false, left });
            }
        }
    }
    best
}

/// The children's scores together; none when one of them is too light.
fn children(left: Bin, scale: &Scale<'_>, lambda: f64) -> Option<f64> {
    let right = [scale.total[0] - left[0], scale.total[1] - left[1]];
    let (left, right) = (scale.real(left), scale.real(right));
    let least = scale.least_weight();
    (left[1] >= least && right[1] >= least).then(|| scale.score(left, lambda) + scale.score(right, lambda))
}

fn set_of(codes: &[u8]) -> Codes {
    let mut set = [0; 4];
    codes.iter().for_each(|&code| set[usize::from(code) / 64] |= 1 << (code % 64));
    set
}
