//! The sandbox: loads components, links them to the kernels, limits and calls them.
//!
//! Three lifetimes, never mixed: a [`Host`] lives as long as the process, an [`Algorithm`] is one compiled component, an [`Instance`] is
//! one running copy of it with memory, handles and limits of its own. This room refuses to know where files come from in a container and
//! what HTTP is: a [`Job`] and [`Grants`] tell it what a guest may see.

mod algorithm;
pub mod archives;
pub mod bindings;
pub mod catalogue;
pub mod checkpoints;
#[cfg(feature = "compiler")]
mod compiler;
mod component_check;
mod engine;
mod guest;
pub mod handles;
mod imports;
mod instance;
mod job;
mod kernel_time;
mod limits;
mod output;
mod precompiled;
mod sessions;
pub mod streams;
mod trap;
mod usage;
mod watchdog;
mod weights;

pub use algorithm::{Algorithm, Exports};
#[cfg(feature = "compiler")]
pub use compiler::{Compiled, Processor};
pub use component_check::{HOST_VERSION, Import, OPTIONAL_INTERFACES};
pub use engine::{Examination, Host, Origin, is_precompiled, sha256};
pub use guest::ImportError;
pub use instance::{Instance, Interrupter, Setup, describe, on_guest_thread};
pub use job::{Access, Channel, Cluster, Distribution, Folder, Grants, Group, InputMode, Job};
pub use limits::Limits;
pub use sessions::{Room, Session};
pub use usage::Usage;

/// What handlers are given and answer with.
pub use bindings::algohost::ml::requests::{Request, Response};
