#![doc = include_str!("ARCHITECTURE.md")]

#[cfg(feature = "bench")]
pub mod bench;
pub mod cli;
pub mod contract;
pub mod data;
pub mod failure;
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
