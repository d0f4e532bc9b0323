//! Container images: the program, an algorithm and what else is asked for, as one archive, without a daemon.
//!
//! The archive is the same, byte for byte, whenever and wherever it is made of the same parts. It is made from nothing, or on another image.

mod archive;
mod base;
mod config;
mod digest;
mod layer;
mod program;

use std::path::Path;

use anyhow::Result;

use crate::failure::Failure;
use archive::{Blob, Lists};
use base::Base;
use digest::Digest;
use layer::{Entry, Layer};
use program::Program;

/// Where the program is in an image. `train` and `serve` beside it are links to it.
const PROGRAM: &str = "usr/local/bin/algohost";
const ALGORITHM: &str = "opt/algohost/algorithm.cwasm";
const CERTIFICATES: &str = "etc/ssl/certs/ca-certificates.crt";
const MODEL: &str = "opt/ml/model";

/// What goes into an image.
pub struct Parts<'a> {
    /// The program's name, for errors, and its bytes.
    pub program: (&'a str, &'a [u8]),
    /// The algorithm, compiled.
    pub component: &'a [u8],
    /// Certificates of authorities, as PEM.
    pub certificates: Option<&'a [u8]>,
    /// Files of the model directory: paths below it, and contents.
    pub model: &'a [(String, Vec<u8>)],
    /// Labels.
    pub labels: &'a [(String, String)],
    /// Variables of the container.
    pub variables: &'a [(String, String)],
    /// What the image is called, `NAME:TAG`.
    pub tag: &'a str,
    /// The archive of the image below.
    pub base: Option<&'a Path>,
}

/// An image that was made.
pub struct Made {
    /// The digest of its manifest.
    pub digest: String,
    /// What is transferred: configuration and layers as they are packed, in bytes.
    pub packed_bytes: u64,
    /// Layers, the base's included.
    pub layers: usize,
}

/// Makes an image and writes its archive to `output`.
///
/// # Errors
/// Invalid input when the program cannot run in the image, or the base is none; not found or io for files that cannot be read or written.
pub fn make(parts: &Parts<'_>, output: &Path) -> Result<Made> {
    let (name, bytes) = parts.program;
    let program = Program::read(name, bytes)?;
    let base = match parts.base {
        Some(path) => Base::open(path, program.architecture)?,
        None => {
            program.require_static(name)?;
            Base { config: config::of_nothing(program.architecture), layers: Vec::new() }
        }
    };
    let layers = layers(parts)?;
    let variables = variables(parts);
    let run = config::Run { entrypoint: &format!("/{PROGRAM}"), variables: &variables, labels: parts.labels };
    let configuration = config::extend(base.config, &layers, &run);
    let config = Blob::new(serde_json::to_vec(&configuration)?);
    let own: Vec<Blob> = layers.into_iter().map(|layer| Blob::new(layer.bytes)).collect();
    let manifest = Blob::new(config::manifest(&config, &base.layers, &own));
    let all: Vec<&Blob> = base.layers.iter().map(|layer| &layer.blob).chain(&own).collect();
    let lists = Lists { index: config::index(&manifest, &configuration, parts.tag), docker: config::docker_list(&config, &all, parts.tag) };
    let blobs: Vec<&Blob> = all.iter().copied().chain([&config, &manifest]).collect();
    archive::write(output, &lists, &blobs)?;
    let packed_bytes = all.iter().map(|blob| blob.size()).sum::<u64>() + config.size();
    Ok(Made { digest: manifest.digest.to_string(), packed_bytes, layers: all.len() })
}

/// The program first: it is the same in many images, which then share the layer.
fn layers(parts: &Parts<'_>) -> Result<Vec<Layer>> {
    let program = [
        (PROGRAM, Entry::File { bytes: parts.program.1, executable: true }),
        ("usr/local/bin/serve", Entry::Link { target: "algohost" }),
        ("usr/local/bin/train", Entry::Link { target: "algohost" }),
    ];
    let mut layers = vec![Layer::new("algohost image: the program", &program)?];
    if let Some(bytes) = parts.certificates {
        layers.push(Layer::new("algohost image: certificates", &[(CERTIFICATES, Entry::File { bytes, executable: false })])?);
    }
    layers.push(Layer::new("algohost image: the algorithm", &[(ALGORITHM, Entry::File { bytes: parts.component, executable: false })])?);
    if !parts.model.is_empty() {
        let files: Vec<(String, &[u8])> = parts.model.iter().map(|(path, bytes)| (format!("{MODEL}/{path}"), &**bytes)).collect();
        let entries: Vec<_> = files.iter().map(|(path, bytes)| (path.as_str(), Entry::File { bytes, executable: false })).collect();
        layers.push(Layer::new("algohost image: the model", &entries)?);
    }
    Ok(layers)
}

fn variables(parts: &Parts<'_>) -> Vec<(String, String)> {
    let mut variables = vec![
        ("PATH".to_owned(), "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned()),
        ("ALGOHOST_COMPONENT".to_owned(), format!("/{ALGORITHM}")),
        ("ALGOHOST_COMPONENT_SHA256".to_owned(), Digest::of(parts.component).digits().to_owned()),
    ];
    if parts.certificates.is_some() {
        variables.push(("SSL_CERT_FILE".to_owned(), format!("/{CERTIFICATES}")));
    }
    variables.extend(parts.variables.iter().cloned());
    variables
}

/// Refuses what is no bundle of certificates.
///
/// # Errors
/// Invalid input naming the file.
pub fn require_certificates(name: &str, bytes: &[u8]) -> Result<(), Failure> {
    if bytes.windows(27).any(|window| window == b"-----BEGIN CERTIFICATE-----") {
        return Ok(());
    }
    Err(Failure::user(format!("{name} has no certificate as PEM in it")))
}
