//! The kernels against their plain twins, through the public interface.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod budget;
mod cast;
mod determinism;
mod fuzz;
mod linalg;
mod make;
mod neighbors;
mod random;
mod refusals;
mod select;
mod views;
