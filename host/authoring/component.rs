//! A core module made a component.

use std::path::Path;

use anyhow::Result;
use wasi_preview1_component_adapter_provider::{WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

use super::interface;
use crate::failure::{Code, Failure};

/// The component of a core module that was compiled for WASI preview 1 or none. What it is stands in the module when bindings of C or C++ are
/// linked into it; for others, `world` says it, of `wit` or of this program's own interface.
///
/// # Errors
/// Bad component when it is no module, or does not fit the world; not found for a world that is not there.
pub fn encode(module: &[u8], world: Option<&str>, wit: Option<&Path>) -> Result<Vec<u8>> {
    let mut module = module.to_vec();
    if let Some(name) = world {
        let (resolve, world) = interface::world(wit, name)?;
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).map_err(|error| unfit(&error))?;
    }
    let encoded = ComponentEncoder::default()
        .module(&module)
        .and_then(|encoder| encoder.adapter(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER))
        .and_then(|encoder| encoder.validate(true).encode());
    encoded.map_err(|error| unfit(&error).into())
}

fn unfit(error: &anyhow::Error) -> Failure {
    Failure::new(Code::BadComponent, format!("no component can be made of it: {error:#}")).help(
        "It must be a core module for wasm32 whose exports are those of the world; `--world` names the world when the module does not",
    )
}
