//! A description in the forms that others read: JSON Schema, and what the platform's CreateAlgorithm takes.

mod json_schema;
mod specification;

pub use json_schema::json_schema;
pub use specification::{inference_specification, training_specification};

#[cfg(test)]
mod tests;
