//! `algohost compile`.

use std::path::Path;

use anyhow::{Context, Result};

use crate::wasm::{Host, Processor};

/// Compiles and writes; gives the line to print.
pub(super) fn run(component: &Path, output: &Path, processor: Processor) -> Result<String> {
    let compiled = Host::compile(component, processor)?;
    // Beside the target first, so that nobody ever loads half a file.
    let partial = output.with_extension("partial");
    let written = std::fs::write(&partial, compiled.bytes()).and_then(|()| std::fs::rename(&partial, output));
    written.with_context(|| format!("{} cannot be written", output.display()))?;
    Ok(format!(
        "compiled {} to {} ({} bytes, for {} processors)\n",
        component.display(),
        output.display(),
        compiled.bytes().len(),
        processor.name()
    ))
}
