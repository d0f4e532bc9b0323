#![doc = include_str!("ARCHITECTURE.md")]

pub use algohost_data as data;
pub use algohost_failure as failure;

#[cfg(feature = "authoring")]
pub mod authoring;
#[cfg(feature = "bench")]
pub mod bench;
pub mod cli;
pub mod contract;
#[cfg(feature = "image")]
pub mod image;
#[cfg(target_os = "linux")]
mod memory;
pub mod process;
pub mod report;
pub mod serve;
pub mod telemetry;
pub mod train;
pub mod wasm;
