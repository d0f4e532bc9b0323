//! An image that another is built on, read from its archive.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use serde_json::{Map, Value};
use tar::{Archive, EntryType};

use super::archive::{Blob, part};
use super::digest::Digest;
use crate::failure::{Code, Failure};

/// Longer lists and configurations are no such thing.
const LONGEST_TEXT: u64 = 16 << 20;

const TAR: &str = "application/vnd.oci.image.layer.v1.tar";
const TAR_GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const TAR_ZSTD: &str = "application/vnd.oci.image.layer.v1.tar+zstd";

/// The image.
pub(super) struct Base {
    pub(super) config: Map<String, Value>,
    pub(super) layers: Vec<BaseLayer>,
}

/// One of its layers, as it is.
pub(super) struct BaseLayer {
    pub(super) media_type: &'static str,
    pub(super) blob: Blob,
}

impl Base {
    /// Reads an OCI or a Docker archive; layers stay where they are. Of an image for several architectures, that one is taken.
    ///
    /// # Errors
    /// Not found or io when the file cannot be read; invalid input when it is no archive of one image for that architecture.
    pub(super) fn open(path: &Path, architecture: &str) -> Result<Base> {
        let parts = Parts::list(path)?;
        let base = if parts.has("index.json") { parts.oci(architecture)? } else { parts.docker()? };
        let found = base.config.get("architecture").and_then(Value::as_str).unwrap_or_default();
        if found != architecture {
            return Err(parts.bad(format!("is an image for {found}, the program is one for {architecture}")));
        }
        let diff_ids = base.config.get("rootfs").and_then(|root| root.get("diff_ids")).and_then(Value::as_array).map_or(0, Vec::len);
        if diff_ids != base.layers.len() {
            return Err(parts.bad(format!("has {} layers, its configuration names {diff_ids}", base.layers.len())));
        }
        Ok(base)
    }
}

/// Where the files of the archive begin, and how long they are.
struct Parts {
    path: Arc<Path>,
    files: HashMap<String, (u64, u64)>,
    links: HashMap<String, String>,
}

impl Parts {
    fn list(path: &Path) -> Result<Parts> {
        let mut file = File::open(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Failure::new(Code::NotFound, format!("there is no base image at {}", path.display())),
            _ => Failure::new(Code::Io, format!("the base image {} cannot be read: {error}", path.display())),
        })?;
        let mut parts = Parts { path: path.into(), files: HashMap::new(), links: HashMap::new() };
        let mut start = [0; 2];
        if file.read_exact(&mut start).is_ok() && start == [0x1f, 0x8b] {
            return Err(parts.bad("is packed with gzip; unpack it first"));
        }
        parts.walk().map_err(|error| parts.bad(format!("is no tar archive: {error}")))?;
        Ok(parts)
    }

    fn walk(&mut self) -> std::io::Result<()> {
        let mut archive = Archive::new(File::open(&self.path)?);
        for entry in archive.entries_with_seek()? {
            let entry = entry?;
            let name = plain(&entry.path()?.to_string_lossy());
            match (entry.header().entry_type(), entry.link_name()?) {
                (EntryType::Regular, _) => drop(self.files.insert(name, (entry.raw_file_position(), entry.size()))),
                // What an archive of older engines has in the place of a layer that it has already.
                (EntryType::Symlink, Some(target)) => {
                    let beside = Path::new(&name).parent().unwrap_or(Path::new("")).join(target);
                    self.links.insert(name, plain(&beside.to_string_lossy()));
                }
                (EntryType::Link, Some(target)) => drop(self.links.insert(name, plain(&target.to_string_lossy()))),
                _ => {}
            }
        }
        Ok(())
    }

    fn has(&self, name: &str) -> bool {
        self.files.contains_key(name)
    }

    fn bad(&self, why: impl std::fmt::Display) -> anyhow::Error {
        Failure::user(format!("the base image {} {why}", self.path.display()))
            .help("A base is an archive of one image, as `podman save`, `docker save` and `skopeo copy … oci-archive:FILE` make it")
            .into()
    }

    fn find(&self, name: &str) -> Result<(u64, u64)> {
        let name = plain(name);
        let name = self.links.get(&name).unwrap_or(&name);
        self.files.get(name).copied().ok_or_else(|| self.bad(format!("lacks {name}, which it says it has")))
    }

    fn json(&self, name: &str) -> Result<Value> {
        let (offset, size) = self.find(name)?;
        if size > LONGEST_TEXT {
            return Err(self.bad(format!("has {size} bytes of {name}, at most {LONGEST_TEXT} are wanted")));
        }
        let mut text = Vec::new();
        part(&self.path, offset, size)
            .and_then(|mut part| part.read_to_end(&mut text))
            .with_context(|| format!("{} cannot be read", self.path.display()))?;
        serde_json::from_slice(&text).map_err(|error| self.bad(format!("has no JSON in {name}: {error}")))
    }

    fn object(&self, name: &str) -> Result<Map<String, Value>> {
        match self.json(name)? {
            Value::Object(map) => Ok(map),
            _ => Err(self.bad(format!("has no JSON object in {name}"))),
        }
    }

    /// The digest that a manifest gives to one of its parts.
    fn digest(&self, descriptor: &Value) -> Result<Digest> {
        let text = descriptor["digest"].as_str().unwrap_or_default();
        Digest::parse(text).ok_or_else(|| self.bad(format!("names a part by '{text}', wanted a sha256 digest")))
    }

    fn oci(&self, architecture: &str) -> Result<Base> {
        let mut manifest = self.json("index.json")?;
        // An index may lead to another one, for each architecture a manifest.
        for _ in 0..4 {
            let Some(manifests) = manifest["manifests"].as_array() else { break };
            let fits = |entry: &&Value| entry["platform"]["architecture"].as_str().is_none_or(|found| found == architecture);
            let fitting: Vec<&Value> = manifests.iter().filter(fits).collect();
            let [only] = fitting[..] else {
                return Err(self.bad(format!("has {} images for {architecture}, wanted one", fitting.len())));
            };
            manifest = self.json(&self.digest(only)?.path())?;
        }
        let config = self.object(&self.digest(&manifest["config"])?.path())?;
        let layers = manifest["layers"].as_array().into_iter().flatten().map(|layer| self.oci_layer(layer)).collect::<Result<_>>()?;
        Ok(Base { config, layers })
    }

    fn oci_layer(&self, layer: &Value) -> Result<BaseLayer> {
        let digest = self.digest(layer)?;
        let (offset, size) = self.find(&digest.path())?;
        let declared = layer["mediaType"].as_str().unwrap_or_default();
        let media_type = match declared {
            TAR | "application/vnd.docker.image.rootfs.diff.tar" => TAR,
            TAR_GZIP | "application/vnd.docker.image.rootfs.diff.tar.gzip" => TAR_GZIP,
            TAR_ZSTD => TAR_ZSTD,
            _ => return Err(self.bad(format!("has a layer of the type '{declared}', which is not known"))),
        };
        Ok(BaseLayer { media_type, blob: Blob::in_file(digest, &self.path, offset, size) })
    }

    fn docker(&self) -> Result<Base> {
        if !self.has("manifest.json") {
            return Err(self.bad("has neither index.json nor manifest.json"));
        }
        let list = self.json("manifest.json")?;
        let images = list.as_array().map_or(&[][..], Vec::as_slice);
        let [image] = images else {
            return Err(self.bad(format!("has {} images, wanted one", images.len())));
        };
        let config = self.object(image["Config"].as_str().unwrap_or_default())?;
        let names = image["Layers"].as_array().into_iter().flatten();
        let layers = names.map(|name| self.docker_layer(name.as_str().unwrap_or_default())).collect::<Result<_>>()?;
        Ok(Base { config, layers })
    }

    /// Their names are not their digests, and how they are packed is not said.
    fn docker_layer(&self, name: &str) -> Result<BaseLayer> {
        let (offset, size) = self.find(name)?;
        let read = || part(&self.path, offset, size);
        let unreadable = || format!("{} cannot be read", self.path.display());
        let digest = read().and_then(Digest::of_reader).with_context(unreadable)?;
        let mut start = Vec::new();
        read().and_then(|part| part.take(4).read_to_end(&mut start)).with_context(unreadable)?;
        let media_type = match start[..] {
            [0x1f, 0x8b, ..] => TAR_GZIP,
            [0x28, 0xb5, 0x2f, 0xfd] => TAR_ZSTD,
            _ => TAR,
        };
        Ok(BaseLayer { media_type, blob: Blob::in_file(digest, &self.path, offset, size) })
    }
}

/// A name without what changes nothing, and with `..` followed.
fn plain(name: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}
