//! Products and decompositions of matrices.

mod decompositions;
mod products;

use crate::Prepare;

pub(super) fn find(function: &str, operands: &str) -> Option<Prepare> {
    products::find(function, operands).or_else(|| decompositions::find(function, operands))
}
