//! The kernels against their plain twins, through the public interface.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod affine;
mod assign;
mod budget;
mod cast;
mod decomposition_limits;
mod decompositions;
mod determinism;
mod ensembles;
mod factorization;
mod few_rows;
mod forest;
mod fuzz;
mod gram;
mod instructions;
mod interruptions;
mod linalg;
mod losses;
mod make;
mod neighbors;
mod nn;
mod permits;
mod random;
mod refusals;
mod select;
mod sparse;
mod trees;
mod views;
