//! `algohost compile`.

use std::path::Path;

use anyhow::{Context, Result};

use crate::wasm::Host;

/// Compiles and writes; gives the line to print.
pub(super) fn run(component: &Path, output: &Path) -> Result<String> {
    let compiled = Host::new(1)?.compile(component)?;
    // Beside the target first, so that nobody ever loads half a file.
    let partial = output.with_extension("partial");
    let written = std::fs::write(&partial, &compiled).and_then(|()| std::fs::rename(&partial, output));
    written.with_context(|| format!("{} cannot be written", output.display()))?;
    Ok(format!("compiled {} to {} ({} bytes)\n", component.display(), output.display(), compiled.len()))
}
