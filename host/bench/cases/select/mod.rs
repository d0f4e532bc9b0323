//! Rows by position, and elements by value.

mod order;
mod rows;
mod search;

use crate::bench::case::Case;

pub(super) fn cases() -> Vec<Case> {
    [rows::cases(), order::cases(), search::cases()].into_iter().flatten().collect()
}
