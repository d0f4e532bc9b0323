//! Where the algorithm's component is looked for.

use std::path::{Component, Path, PathBuf};

use anyhow::Result;

use super::environment::Settings;
use super::paths::Base;
use crate::failure::{Code, Failure};

/// What the component is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Code that travels with the model is not looked at: the model is yet to be made.
    Train,
    /// Code that travels with the model counts.
    Serve,
}

/// A component that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The file.
    pub path: PathBuf,
    /// Whether the operator named this very file, which is what makes native code in it trusted.
    pub named_by_operator: bool,
}

/// Where components lie in an image.
const IMAGE_FOLDER: &str = "/opt/program";

/// Looks, in this order, at: the command line, `ALGOHOST_COMPONENT`, `SAGEMAKER_PROGRAM` (variable, then the `sagemaker_program`
/// hyperparameter) in `code/`, the only component in `code/`, in `model/code/` (serving), in `/opt/program/`.
///
/// # Errors
/// [`Code::NotFound`] listing every place that was looked at; invalid input when a folder holds several components or a named file is not
/// there.
pub fn find_component(
    purpose: Purpose,
    base: &Base,
    settings: &Settings,
    flag: Option<&Path>,
    program_hyperparameter: Option<String>,
) -> Result<Candidate> {
    let mut looked = Vec::new();
    for (named, source) in [(flag, "--component"), (settings.component.as_deref(), "ALGOHOST_COMPONENT")] {
        match named {
            Some(path) => return named_file(path, source),
            None => looked.push(format!("{source}: not given")),
        }
    }
    let variable = settings.program.clone().map(|program| (program, "SAGEMAKER_PROGRAM"));
    let program = variable.or_else(|| program_hyperparameter.map(|program| (program, "hyperparameter sagemaker_program")));
    match program {
        Some((program, source)) => return program_file(&base.code(), &program, source),
        None => looked.push("SAGEMAKER_PROGRAM, hyperparameter sagemaker_program: not given".into()),
    }
    let mut folders = vec![base.code()];
    if purpose == Purpose::Serve {
        folders.push(base.model_code());
    }
    folders.push(PathBuf::from(IMAGE_FOLDER));
    for folder in folders {
        if let Some(path) = only_component(&folder)? {
            return Ok(Candidate { path, named_by_operator: false });
        }
        let state = if folder.is_dir() { "no .wasm or .cwasm in it" } else { "no such folder" };
        looked.push(format!("{}/: {state}", folder.display()));
    }
    Err(Failure::new(Code::NotFound, "no algorithm component found: neither named, nor in any of the folders looked at")
        .help(format!("Looked at, in this order:\n  {}\nName it with --component FILE or ALGOHOST_COMPONENT", looked.join("\n  ")))
        .into())
}

fn named_file(path: &Path, source: &str) -> Result<Candidate> {
    if !path.exists() {
        return Err(Failure::new(Code::NotFound, format!("{source} names {}, which does not exist", path.display())).into());
    }
    Ok(Candidate { path: path.to_owned(), named_by_operator: true })
}

fn program_file(code: &Path, program: &str, source: &str) -> Result<Candidate> {
    let inside = Path::new(program).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if program.is_empty() || !inside {
        return Err(Failure::user(format!("{source} is '{program}', wanted a path inside of {}", code.display())).into());
    }
    let path = code.join(program);
    if !path.exists() {
        return Err(Failure::new(Code::NotFound, format!("{source} names {program}, which does not exist in {}", code.display())).into());
    }
    Ok(Candidate { path, named_by_operator: false })
}

/// The only component in a folder, if it has one.
///
/// # Errors
/// Invalid input when it has several; io when it cannot be read.
pub fn only_component(folder: &Path) -> Result<Option<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Failure::new(Code::Io, format!("the folder {} cannot be read: {error}", folder.display())).into()),
    };
    let is_component = |path: &PathBuf| path.extension().is_some_and(|end| end == "wasm" || end == "cwasm") && path.is_file();
    let mut found: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(is_component).collect();
    found.sort();
    if found.len() > 1 {
        let names: Vec<String> = found.iter().filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned())).collect();
        return Err(Failure::user(format!("{} holds several components: {}", folder.display(), names.join(", ")))
            .help("Say which with --component, ALGOHOST_COMPONENT or SAGEMAKER_PROGRAM")
            .into());
    }
    Ok(found.pop())
}
