//! Products and decompositions of matrices.

mod decompositions;
mod products;

use crate::bench::case::Case;

pub(super) fn cases() -> Vec<Case> {
    [products::cases(), decompositions::cases()].into_iter().flatten().collect()
}
