//! From a model's folder to an instance that has loaded it.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use algohost_kernels::Permits;
use anyhow::Result;

use super::super::answer::Style;
use super::super::setup;
use super::super::worker::{Recipe, Seat};
use crate::contract::{Base, Purpose, Settings, find_component, only_component};
use crate::failure::{Code, Failure};
use crate::wasm::{Algorithm, Host, Origin, Setup, Usage, on_guest_thread, sha256};

/// Where code lies that travels with a model.
const CODE: &str = "code";

/// Loads models. Those whose components have the same digest share what was compiled.
pub(in super::super) struct Loader {
    host: Host,
    settings: Settings,
    /// Named on the command line.
    component: Option<PathBuf>,
    compiled: Mutex<HashMap<String, Algorithm>>,
    permits: Permits,
    usage: Usage,
}

/// A model that was loaded.
pub(super) struct Loaded {
    pub(super) seat: Seat,
    pub(super) recipe: Recipe,
    /// Of the component.
    pub(super) digest: String,
}

impl Loader {
    pub(in super::super) fn new(host: Host, settings: &Settings, component: Option<&Path>) -> Loader {
        let permits = Permits::new(settings.permits);
        Loader {
            host,
            settings: settings.clone(),
            component: component.map(Path::to_owned),
            compiled: Mutex::default(),
            permits,
            usage: Usage::default(),
        }
    }

    /// Bytes that the weights of all models may have.
    pub(super) fn limit(&self) -> u64 {
        self.settings.tensor_bytes
    }

    /// What the instances of all models hold.
    pub(super) fn usage(&self) -> &Usage {
        &self.usage
    }

    /// The folder of a model, which lies below the base directory.
    pub(super) fn folder(&self, url: &str) -> Result<PathBuf, Failure> {
        let wrong = |what: &str| Failure::user(format!("url is '{}': {what}", crate::telemetry::one_line(url)));
        let path = Path::new(url);
        let plain = path.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)));
        if !path.is_absolute() || !plain || url.contains('\0') {
            return Err(wrong("wanted an absolute path without '..'"));
        }
        let base = self.settings.base.root();
        // What lies below the platform's base directory moves with it.
        let folder = path.strip_prefix(Base::PLATFORM).map_or_else(|_| path.to_owned(), |below| base.join(below));
        if !folder.starts_with(base) {
            return Err(wrong(&format!("not below {}", base.display())));
        }
        if folder.is_dir() { Ok(folder) } else { Err(Failure { code: Code::NotFound, ..wrong("there is no such folder") }) }
    }

    /// An instance that has loaded the model, and how to make others.
    pub(super) fn load(&self, folder: &Path) -> Result<Loaded, Failure> {
        let (digest, algorithm) = self.algorithm(folder).map_err(|error| Failure::of(&error))?;
        let mut setup = Setup { permits: self.permits.clone(), usage: self.usage.clone(), ..setup(&self.settings, folder) };
        // Not a share for each instance, as where all instances have the same model.
        setup.limits.tensor_bytes = self.settings.model_bytes.unwrap_or(u64::MAX).min(self.settings.tensor_bytes);
        let recipe = Recipe { host: self.host.clone(), algorithm, setup, style: Style::new(&self.settings) };
        let seat = on_guest_thread(|| Seat::load(recipe.clone())).and_then(|seat| seat);
        Ok(Loaded { seat: seat.map_err(|error| Failure::of(&error))?, recipe, digest })
    }

    /// Forgets what was compiled of a component that no model has any more.
    pub(super) fn forget(&self, digest: &str) {
        self.compiled.lock().unwrap_or_else(PoisonError::into_inner).remove(digest);
    }

    /// The model's own component, or the container's, and its digest.
    fn algorithm(&self, folder: &Path) -> Result<(String, Algorithm)> {
        let own = only_component(&folder.join(CODE))?;
        let (path, origin) = match own {
            Some(path) => (path, Origin::Found),
            None => {
                let found = find_component(Purpose::Train, &self.settings.base, &self.settings, self.component.as_deref(), None)?;
                (found.path, Origin::new(found.named_by_operator))
            }
        };
        let bytes = std::fs::read(&path).map_err(|error| Failure::new(Code::Io, format!("{} cannot be read: {error}", path.display())))?;
        let digest = sha256(&bytes);
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(algorithm) = compiled.get(&digest) {
            return Ok((digest, algorithm.clone()));
        }
        let algorithm = self.host.load(&path, origin, self.settings.component_sha256.as_deref())?;
        compiled.insert(digest.clone(), algorithm.clone());
        Ok((digest, algorithm))
    }
}

/// Bytes of the files in a folder and the folders in it, as far as they can be seen.
pub(super) fn bytes_in(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let of = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => bytes_in(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    };
    entries.flatten().map(of).sum()
}
