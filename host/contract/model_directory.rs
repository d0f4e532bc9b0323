//! The model directory while a job runs: whole or absent, never half-written.
//!
//! The algorithm writes into a hidden folder on the same file system, whose contents become the model by renaming once it has succeeded. That
//! folder lies beside the model directory, which is then replaced in one step. Where the model directory itself cannot be renamed (a mount
//! point, or a parent that may not be written), it lies inside, and the entries are moved one by one; a hidden name is no part of a
//! model. A job that is killed leaves the hidden folder, and the next one removes it.

use std::fs::{self, Permissions};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::paths::Base;
use crate::failure::{Code, Failure};

/// What names of our folders inside of a model directory begin with.
const OURS: &str = ".algohost-";

/// A model being made.
#[derive(Debug)]
pub struct ModelDirectory {
    /// Where the model will be found.
    model: PathBuf,
    /// Where it is made.
    staging: PathBuf,
    /// Where what stood in the way is put until it is removed.
    old: PathBuf,
    /// Of the model directory that was there.
    permissions: Permissions,
    inside: bool,
    /// Whether what else is in the model directory is ours to remove.
    first: bool,
}

impl ModelDirectory {
    /// Removes the model of an earlier job, and what is left of one that was killed, and makes room for a new one. Hosts that share a
    /// mounted model directory must have different ranks; only the first removes what is there.
    ///
    /// # Errors
    /// Invalid input when `component`, which is still needed, lies in the model directory; io when the directory cannot be made or written.
    pub fn begin(base: &Base, rank: usize, component: &Path) -> Result<ModelDirectory> {
        let named = base.model();
        fs::create_dir_all(&named).with_context(|| format!("the folder {} cannot be made", named.display()))?;
        // A link may lead elsewhere: what counts is where it leads.
        let model = named.canonicalize().with_context(|| format!("the folder {} cannot be read", named.display()))?;
        if component.canonicalize().is_ok_and(|component| component.starts_with(&model)) {
            let what = format!("the component {} lies in the model directory, which training replaces", component.display());
            return Err(Failure::user(what).help("Put it elsewhere, into code/ below the base directory for example").into());
        }
        let permissions = fs::metadata(&model).with_context(|| format!("the folder {} cannot be read", model.display()))?.permissions();
        if let Some(beside) = ModelDirectory::beside(&model, &permissions)? {
            return Ok(beside);
        }
        ModelDirectory::inside(model, permissions, rank)
    }

    /// None where the model directory cannot be renamed.
    fn beside(model: &Path, permissions: &Permissions) -> Result<Option<ModelDirectory>> {
        let Some((parent, name)) = model.parent().zip(model.file_name()) else { return Ok(None) };
        let hidden = |end: &str| parent.join(format!(".{}{end}", name.to_string_lossy()));
        let (staging, old) = (hidden(".algohost-partial"), hidden(".algohost-old"));
        if remove(&staging).is_err() || remove(&old).is_err() || fs::create_dir(&staging).is_err() {
            return Ok(None);
        }
        // The directory goes away at once, so that no half of it is ever seen.
        if fs::rename(model, &old).is_err() {
            let _ = remove(&staging);
            return Ok(None);
        }
        fs::create_dir(model).with_context(|| format!("the folder {} cannot be made", model.display()))?;
        let made = ModelDirectory { model: model.into(), staging, old, permissions: permissions.clone(), inside: false, first: true };
        made.take_over_permissions(&made.model)?;
        made.take_over_permissions(&made.staging)?;
        // A mount of its own that hides inside of the model directory keeps the folder, which is hidden.
        if let Err(error) = remove(&made.old) {
            tracing::warn!("the model of an earlier job is left in {}: {error}", made.old.display());
        }
        // What a killed job left when this was a mount point went with the directory.
        Ok(Some(made))
    }

    fn inside(model: PathBuf, permissions: Permissions, rank: usize) -> Result<ModelDirectory> {
        let hidden = |what: &str| model.join(format!("{OURS}{what}-{rank}"));
        let (staging, old) = (hidden("partial"), hidden("old"));
        let made = ModelDirectory { staging, old, permissions, inside: true, first: rank == 0, model };
        let unusable = |error: std::io::Error| {
            let what = format!("the model directory {} cannot be written: {error}", made.model.display());
            Failure::new(Code::Io, what).help("Training needs it writable by the user that runs the container")
        };
        remove(&made.staging).and_then(|()| remove(&made.old)).and_then(|()| fs::create_dir(&made.staging)).map_err(unusable)?;
        if made.first {
            made.clear().map_err(unusable)?;
        }
        Ok(made)
    }

    /// Removes what is in the model directory; moved away first, which is quick.
    fn clear(&self) -> std::io::Result<()> {
        let entries = entries(&self.model)?;
        if entries.is_empty() {
            return Ok(());
        }
        fs::create_dir(&self.old)?;
        for entry in entries {
            // What an image brings along cannot always be moved.
            if fs::rename(&entry, self.old.join(entry.file_name().unwrap_or_default())).is_err() {
                remove(&entry)?;
            }
        }
        remove(&self.old)
    }

    /// Where the algorithm writes.
    pub fn staging(&self) -> &Path {
        &self.staging
    }

    /// Makes what the algorithm wrote the model.
    ///
    /// # Errors
    /// Io when it cannot be moved; then no model is left.
    pub fn publish(self) -> Result<()> {
        let published = if self.inside { self.move_entries() } else { self.replace() };
        if let Err(error) = published {
            if self.first {
                let _ = self.clear();
            }
            let what = format!("the model cannot be moved from {} to {}: {error}", self.staging.display(), self.model.display());
            self.discard();
            return Err(Failure::new(Code::Io, what).into());
        }
        // Its name, too, is to outlive a machine that goes down. Some file systems cannot do that, and need not.
        let folder = if self.inside { Some(self.model.as_path()) } else { self.model.parent() };
        let _ = folder.map(|folder| fs::File::open(folder).and_then(|folder| folder.sync_all()));
        Ok(())
    }

    fn replace(&self) -> std::io::Result<()> {
        // An empty directory is replaced by one that has its name.
        if fs::rename(&self.staging, &self.model).is_ok() {
            return Ok(());
        }
        // Somebody else put something there.
        fs::rename(&self.model, &self.old)?;
        fs::rename(&self.staging, &self.model)?;
        let _ = remove(&self.old);
        Ok(())
    }

    fn move_entries(&self) -> std::io::Result<()> {
        for entry in entries(&self.staging)? {
            let target = self.model.join(entry.file_name().unwrap_or_default());
            if fs::rename(&entry, &target).is_err() {
                remove(&target)?;
                fs::rename(&entry, &target)?;
            }
        }
        remove(&self.staging)
    }

    /// Removes what the algorithm wrote.
    pub fn discard(self) {
        if let Err(error) = remove(&self.staging) {
            tracing::warn!("what the algorithm left in {} cannot be removed: {error}", self.staging.display());
        }
    }

    fn take_over_permissions(&self, folder: &Path) -> Result<()> {
        fs::set_permissions(folder, self.permissions.clone()).with_context(|| format!("the folder {} cannot be prepared", folder.display()))
    }
}

/// What is in a folder, but for our own hidden folders.
fn entries(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_name().as_encoded_bytes().starts_with(OURS.as_bytes()) {
            entries.push(entry.path());
        }
    }
    Ok(entries)
}

/// Removes a file, a link (not what it leads to), or a folder with all that is in it; none is as good.
///
/// # Errors
/// As the system has them.
pub fn remove(path: &Path) -> std::io::Result<()> {
    let removed = match path.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    removed.or_else(|error| if error.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> (tempfile::TempDir, Base) {
        let folder = tempfile::tempdir().unwrap();
        let base = Base::new(folder.path());
        (folder, base)
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn begin(base: &Base) -> ModelDirectory {
        ModelDirectory::begin(base, 0, Path::new("/nowhere.wasm")).unwrap()
    }

    /// As on a mount point.
    fn begin_inside(base: &Base, rank: usize) -> ModelDirectory {
        fs::create_dir_all(base.model()).unwrap();
        let permissions = fs::metadata(base.model()).unwrap().permissions();
        ModelDirectory::inside(base.model().canonicalize().unwrap(), permissions, rank).unwrap()
    }

    #[test]
    fn a_model_replaces_an_earlier_one_whole() {
        for inside in [false, true] {
            let (_folder, base) = base();
            for (name, text) in [("first", "1"), ("second", "2")] {
                let made = if inside { begin_inside(&base, 0) } else { begin(&base) };
                assert_eq!(entries(&base.model()).unwrap(), Vec::<PathBuf>::new());
                fs::create_dir(made.staging().join("folder")).unwrap();
                fs::write(made.staging().join("folder").join(name), text).unwrap();
                fs::write(made.staging().join(name), text).unwrap();
                assert_eq!(entries(&base.model()).unwrap(), Vec::<PathBuf>::new());
                made.publish().unwrap();
                let mut wanted = [name, "folder"];
                wanted.sort_unstable();
                assert_eq!(names(&base.model()), wanted);
                assert_eq!(names(&base.model().join("folder")), [name]);
                assert_eq!(names(base.root()), ["model"]);
            }
        }
    }

    #[test]
    fn what_a_killed_job_left_is_removed_by_the_next() {
        for inside in [false, true] {
            let (_folder, base) = base();
            let begin = || if inside { begin_inside(&base, 0) } else { begin(&base) };
            let killed = begin();
            fs::write(killed.staging().join("half"), "").unwrap();
            let made = begin();
            assert_eq!(names(made.staging()), Vec::<String>::new());
            made.discard();
            assert_eq!((names(&base.model()), names(base.root())), (vec![], vec!["model".to_owned()]));
        }
    }

    #[test]
    fn a_link_stays_a_link_and_permissions_stay() {
        use std::os::unix::fs::PermissionsExt as _;
        let (_folder, base) = base();
        let elsewhere = tempfile::tempdir().unwrap();
        let target = elsewhere.path().join("target");
        fs::create_dir(&target).unwrap();
        fs::set_permissions(&target, Permissions::from_mode(0o770)).unwrap();
        std::os::unix::fs::symlink(&target, base.model()).unwrap();
        let made = begin(&base);
        fs::write(made.staging().join("file"), "").unwrap();
        made.publish().unwrap();
        assert!(base.model().symlink_metadata().unwrap().is_symlink());
        assert_eq!((names(&target), names(elsewhere.path())), (vec!["file".to_owned()], vec!["target".to_owned()]));
        assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o770);
    }

    #[test]
    fn hosts_that_share_a_mounted_directory_leave_each_other_alone() {
        let (_folder, base) = base();
        let (first, second) = (begin_inside(&base, 0), begin_inside(&base, 1));
        fs::write(first.staging().join("model"), "of the first").unwrap();
        first.publish().unwrap();
        let third = begin_inside(&base, 2);
        second.publish().unwrap();
        third.discard();
        assert_eq!(names(&base.model()), ["model"]);
    }

    #[test]
    fn what_somebody_else_puts_there_meanwhile_does_not_mix_with_the_model() {
        let (_folder, base) = base();
        let made = begin(&base);
        fs::write(made.staging().join("ours"), "").unwrap();
        fs::write(base.model().join("theirs"), "").unwrap();
        made.publish().unwrap();
        assert_eq!((names(&base.model()), names(base.root())), (vec!["ours".to_owned()], vec!["model".to_owned()]));
    }

    #[test]
    fn a_component_in_the_model_directory_is_not_removed() {
        let (_folder, base) = base();
        fs::create_dir_all(base.model()).unwrap();
        let component = base.model().join("learner.wasm");
        fs::write(&component, "").unwrap();
        let error = ModelDirectory::begin(&base, 0, &component).unwrap_err();
        assert!(error.to_string().ends_with("lies in the model directory, which training replaces") && component.is_file(), "{error}");
    }
}
