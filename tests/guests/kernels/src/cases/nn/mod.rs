//! Networks.

mod images;
mod rows;
mod steps;

use crate::Prepare;

pub(super) fn find(function: &str, operands: &str) -> Option<Prepare> {
    rows::find(function, operands).or_else(|| images::find(function, operands)).or_else(|| steps::find(function, operands))
}
