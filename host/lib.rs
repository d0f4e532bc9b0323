//! The machine-learning container in one binary.

pub mod data;
pub mod failure;
