//! `algohost image`.

use std::path::{Path, PathBuf};
use std::process::Command as Process;

use anyhow::{Context as _, Result};
use lexopt::prelude::*;

use super::{Command, help, processor, usage};
use crate::contract::{Description, Settings};
use crate::failure::{Code, Failure};
use crate::image::{self, Parts};
use crate::wasm::{self, Algorithm, Compiled, Host, Processor};

/// What the platform looks for.
const CAPABILITIES: &str = "com.amazonaws.sagemaker.capabilities";

/// An image in flags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageJob {
    /// The component.
    pub component: PathBuf,
    /// Where the archive goes.
    pub output: PathBuf,
    /// `NAME:TAG`.
    pub tag: String,
    /// Which processors the component is compiled for.
    pub processor: Processor,
    /// The program, when it is not this one.
    pub program: Option<PathBuf>,
    /// The archive of the image below.
    pub base: Option<PathBuf>,
    /// Certificates of authorities.
    pub certificates: Option<PathBuf>,
    /// A model directory.
    pub model: Option<PathBuf>,
    /// Variables of the container.
    pub variables: Vec<(String, String)>,
    /// Labels beside those that are always there.
    pub labels: Vec<(String, String)>,
}

/// Reads the command's words.
pub(super) fn parse(parser: &mut lexopt::Parser) -> Result<Command> {
    let (mut component, mut output, mut tag) = (None, None, None);
    let mut job = ImageJob {
        component: PathBuf::new(),
        output: PathBuf::new(),
        tag: String::new(),
        processor: Processor::usual_of_images(),
        program: None,
        base: None,
        certificates: None,
        model: None,
        variables: Vec::new(),
        labels: Vec::new(),
    };
    while let Some(word) = parser.next()? {
        match word {
            Short('o') | Long("output") => output = Some(PathBuf::from(parser.value()?)),
            Long("tag") => tag = Some(parser.value()?.string()?),
            Long("cpu") => job.processor = processor(parser)?,
            Long("program") => job.program = Some(parser.value()?.into()),
            Long("base") => job.base = Some(parser.value()?.into()),
            Long("ca-certificates") => job.certificates = Some(parser.value()?.into()),
            Long("model") => job.model = Some(parser.value()?.into()),
            Long("env") => job.variables.push(pair("--env", parser)?),
            Long("label") => job.labels.push(pair("--label", parser)?),
            Short('h') | Long("help") => return Ok(Command::Print(help::IMAGE.into())),
            Value(path) if component.is_none() => component = Some(PathBuf::from(path)),
            other => return Err(other.unexpected().into()),
        }
    }
    job.component = component.ok_or_else(|| usage("image needs a component: `algohost image FILE`"))?;
    job.output = output.unwrap_or_else(|| job.component.with_extension("tar"));
    job.tag = match tag {
        Some(tag) => full_tag(&tag)?,
        None => full_tag(&job.component.file_stem().unwrap_or_default().to_string_lossy().to_lowercase())?,
    };
    Ok(Command::Image(job))
}

fn pair(flag: &str, parser: &mut lexopt::Parser) -> Result<(String, String)> {
    let text = parser.value()?.string()?;
    let (name, value) =
        text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or_else(|| usage(format!("{flag} is '{text}', wanted NAME=VALUE")))?;
    Ok((name.to_owned(), value.to_owned()))
}

/// With `:latest` where there is no tag.
fn full_tag(text: &str) -> Result<String> {
    let start = text.rfind('/').map_or(0, |slash| slash + 1);
    let (name, tag) = text[start..].split_once(':').unwrap_or((&text[start..], "latest"));
    let is_name = |part: &str| {
        let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
        part.starts_with(|c: char| c.is_ascii_alphanumeric()) && part.chars().all(known)
    };
    // Before the first slash there may be a host with a port.
    let above = text[..start].split_terminator('/').enumerate().all(|(index, part)| {
        let host = if index == 0 { part.split(':').next().unwrap_or_default() } else { part };
        is_name(host)
    });
    let is_tag = !tag.is_empty() && tag.len() <= 128 && tag.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    if !above || !is_name(name) || !is_tag {
        return Err(usage(format!(
            "the image's name is '{text}', wanted NAME:TAG in lower-case letters, digits, '.', '_', '-' and '/'; --tag says it"
        )));
    }
    Ok(format!("{}{name}:{tag}", &text[..start]))
}

/// Makes the image; gives the lines to print.
pub(super) fn run(job: &ImageJob, settings: &Settings) -> Result<String> {
    let host = Host::new(1)?;
    let (component, algorithm) = compiled(&host, job, settings)?;
    let description = Description::parse(&wasm::describe(&host, &algorithm)?)?;
    let program = program(job, component.bytes())?;
    let bytes = read(&program, "the program")?;
    let certificates = job.certificates.as_deref().map(certificates).transpose()?;
    let model = job.model.as_deref().map(model_files).transpose()?.unwrap_or_default();
    let labels: Vec<(String, String)> = labels(&description, &algorithm).chain(job.labels.iter().cloned()).collect();
    let parts = Parts {
        program: (&program.display().to_string(), &bytes),
        component: component.bytes(),
        certificates: certificates.as_deref(),
        model: &model,
        labels: &labels,
        variables: &job.variables,
        tag: &job.tag,
        base: job.base.as_deref(),
    };
    let made = image::make(&parts, &job.output)?;
    let output = job.output.display();
    Ok(format!(
        "image {} in {output}: {} {}, {} layers, {} bytes to transfer, {}\nload it with `podman load -i {output}` or `docker load -i {output}`\n",
        job.tag, description.name, description.version, made.layers, made.packed_bytes, made.digest
    ))
}

/// Native code, and the same loaded.
fn compiled(host: &Host, job: &ImageJob, settings: &Settings) -> Result<(Compiled, Algorithm)> {
    let path = &job.component;
    let code = if wasm::is_precompiled(path)? {
        Compiled::read(path, settings.component_sha256.as_deref())?
    } else {
        Host::compile(path, job.processor)?
    };
    let algorithm = host.load_compiled(&path.display().to_string(), &code)?;
    Ok((code, algorithm))
}

/// The program's file; another one than this is tried out.
fn program(job: &ImageJob, component: &[u8]) -> Result<PathBuf> {
    let Some(program) = &job.program else {
        return std::env::current_exe().context("this program's own file cannot be found; name it with --program");
    };
    let tried = job.output.with_extension("cwasm.partial");
    std::fs::write(&tried, component).with_context(|| format!("{} cannot be written", tried.display()))?;
    let outcome = Process::new(program).arg("inspect").arg("--json").arg(&tried).env_clear().output();
    let _ = std::fs::remove_file(&tried);
    let name = program.display();
    let outcome = outcome.map_err(|error| Failure::user(format!("--program {name} cannot be run here: {error}")))?;
    let report: serde_json::Value = serde_json::from_slice(&outcome.stdout).unwrap_or_default();
    let why = report["error"]["message"].as_str().map(str::to_owned);
    if outcome.status.success() && why.is_none() && report["sha256"].is_string() {
        return Ok(program.clone());
    }
    let said = why.unwrap_or_else(|| String::from_utf8_lossy(&outcome.stderr).lines().next().unwrap_or("it says nothing").to_owned());
    Err(Failure::new(Code::BadComponent, format!("--program {name} does not run {}: {said}", job.component.display()))
        .help("It must be a build of this version that has every interface which the component imports")
        .into())
}

fn certificates(path: &Path) -> Result<Vec<u8>> {
    let bytes = read(path, "the file of certificates")?;
    image::require_certificates(&path.display().to_string(), &bytes)?;
    Ok(bytes)
}

/// What the platform is told, and people who look at the image.
fn labels(description: &Description, algorithm: &Algorithm) -> impl Iterator<Item = (String, String)> + use<> {
    let exports = algorithm.exports();
    let answers = exports.answers_at_once() || exports.lasts();
    let capabilities =
        [("accept-bind-to-port", answers), ("multi-models", answers), ("bidirectional-streaming", exports.conversation_handler)];
    let titles = [("title", &description.name), ("version", &description.version), ("description", &description.summary)];
    let titles = titles.map(|(key, value)| (format!("org.opencontainers.image.{key}"), value.clone()));
    let capabilities =
        capabilities.into_iter().filter(|(_, has)| *has).map(|(name, _)| (format!("{CAPABILITIES}.{name}"), "true".to_owned()));
    capabilities.chain(titles.into_iter().filter(|(_, value)| !value.is_empty()))
}

/// Every file below a folder by its path there, in the order of the paths.
fn model_files(folder: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let unreadable = |error| Failure::new(Code::Io, format!("the model directory {} cannot be read: {error}", next.display()));
        for entry in std::fs::read_dir(&next).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(folder).ok().and_then(Path::to_str).map(str::to_owned);
            let name = name.ok_or_else(|| Failure::user(format!("the name {} is no UTF-8", path.display())))?;
            files.push((name, read(&path, "the model's file")?));
        }
    }
    if files.is_empty() {
        return Err(Failure::user(format!("there are no files in the model directory {}", folder.display())).into());
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path, what: &str) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Failure::new(Code::NotFound, format!("{what} {} is not there", path.display())).into(),
        _ => Failure::new(Code::Io, format!("{what} {} cannot be read: {error}", path.display())).into(),
    })
}
