//! Rows by position, and elements by value.

mod order;
mod rows;
mod search;

use crate::Prepare;

pub(super) fn find(function: &str, operands: &str) -> Option<Prepare> {
    rows::find(function, operands).or_else(|| order::find(function, operands)).or_else(|| search::find(function, operands))
}
