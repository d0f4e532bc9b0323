//! `algohost inspect`.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};

use crate::contract::{Description, Settings};
use crate::failure::Failure;
use crate::wasm::{self, Examination, HOST_VERSION, Host};

/// The report on a component, as text or JSON.
pub(super) fn run(path: &Path, json: bool, settings: &Settings) -> Result<String> {
    let host = Host::new(1)?;
    let pin = settings.component_sha256.as_deref();
    let found = host.examine(path, pin)?;
    let description = describe(&host, &found);
    Ok(if json { as_json(path, &found, &description) } else { as_text(path, &found, &description) })
}

/// What the component says of itself; a failure when it cannot be asked.
fn describe(host: &Host, found: &Examination) -> Result<Description, Failure> {
    let algorithm = found.algorithm.as_ref().map_err(Failure::of)?;
    Description::parse(&wasm::describe(host, algorithm).map_err(|error| Failure::of(&error))?)
}

fn as_json(path: &Path, found: &Examination, description: &Result<Description, Failure>) -> String {
    let imports: Vec<Value> = found
        .imports
        .iter()
        .map(|import| json!({"name": import.name, "granted": import.refused.is_none(), "inert": import.inert, "refused": import.refused}))
        .collect();
    let mut report = json!({
        "file": path.display().to_string(),
        "sha256": found.sha256,
        "precompiled": found.precompiled,
        "file_bytes": found.file_bytes,
        "code_bytes": found.code_bytes,
        "host_interface": format!("algohost:ml@{HOST_VERSION}"),
        "exports": found.exports,
        "imports": imports,
    });
    match description {
        Ok(description) => report["description"] = json!(description),
        Err(failure) => report["error"] = json!({"code": failure.code.name(), "message": failure.what}),
    }
    format!("{report:#}\n")
}

fn as_text(path: &Path, found: &Examination, description: &Result<Description, Failure>) -> String {
    let mut text = String::new();
    let kind = if found.precompiled { "precompiled component" } else { "component" };
    let _ = writeln!(text, "{}: {kind}, {} bytes, {} bytes of native code", path.display(), found.file_bytes, found.code_bytes);
    let _ = writeln!(text, "sha256: {}", found.sha256);
    let _ = writeln!(text, "exports:");
    for export in &found.exports {
        let _ = writeln!(text, "  {export}");
    }
    let _ = writeln!(text, "imports:");
    for import in &found.imports {
        let _ = match &import.refused {
            None if import.inert => writeln!(text, "  inert    {} (linked, every use of it is denied)", import.name),
            None => writeln!(text, "  granted  {}", import.name),
            Some(why) => writeln!(text, "  REFUSED  {} is {why}", import.name),
        };
    }
    match description {
        Ok(description) => describe_as_text(&mut text, description),
        Err(failure) => {
            let _ = writeln!(text, "description: none, because {failure}");
        }
    }
    text
}

fn describe_as_text(text: &mut String, description: &Description) {
    let _ = writeln!(text, "description: {} {}: {}", description.name, description.version, description.summary);
    let _ = writeln!(text, "hyperparameters:");
    for declared in &description.hyperparameters {
        let default = match (&declared.default, declared.required) {
            (_, true) => "required".to_owned(),
            (Some(default), _) => format!("default {default}"),
            (None, _) => "optional".to_owned(),
        };
        let _ = writeln!(text, "  {}: {} ({default}) {}", declared.name, declared.wanted(), declared.help);
    }
    let _ = writeln!(text, "channels:");
    for channel in &description.channels {
        let need = if channel.required { "required" } else { "optional" };
        let _ = writeln!(text, "  {} ({need}; {}) {}", channel.name, channel.content_types.join(", "), channel.help);
    }
    let _ = writeln!(text, "metrics:");
    for metric in &description.metrics {
        let _ = writeln!(text, "  {}: {}", metric.name, metric.help);
    }
    let _ = writeln!(text, "outputs:");
    for output in &description.inference.outputs {
        let _ = writeln!(text, "  {}: {}", output.name, output.help);
    }
}
