//! Networks.

mod images;
mod rows;
mod steps;

use crate::bench::case::Case;

pub(super) fn cases() -> Vec<Case> {
    [rows::cases(), images::cases(), steps::cases()].into_iter().flatten().collect()
}
