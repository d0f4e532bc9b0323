//! What authors need beside the compiler of their language: the interface as files, bindings made of it, and a core module made a component.

mod bindings;
mod component;
mod interface;

pub use bindings::{Bindings, generate};
pub use component::encode;
pub use interface::write as write_interface;
