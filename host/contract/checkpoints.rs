//! `input/config/checkpointconfig.json`: where checkpoints are kept, when the job has them.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::files::{optional_text, read_optional_object};
use super::paths::Base;
use crate::failure::Failure;

const FILE: &str = "checkpointconfig.json";

/// The longest path that the platform allows, in bytes.
const LONGEST: usize = 4096;

/// The platform's names for the states of a checkpoint's file, added to the file's own name.
pub mod markers {
    /// Is being written, and not uploaded.
    pub const UNFINISHED: &str = ".sagemaker-ignore";
    /// The agent reads the file.
    pub const UPLOADING: &str = ".sagemaker-uploading";
    /// The agent is done with it.
    pub const UPLOADED: &str = ".sagemaker-uploaded";
}

/// The folder that the platform restores before the start and uploads from while the job runs; none when the file is not there.
pub(super) fn read(base: &Base) -> Result<Option<PathBuf>> {
    let Some(config) = read_optional_object(base, FILE)? else { return Ok(None) };
    let Some(path) = optional_text(FILE, &config, "LocalPath")? else { return Ok(Some(base.checkpoints())) };
    let local = Path::new(&path);
    if !local.is_absolute() || path.len() > LONGEST || path.contains('\0') || local.components().any(|part| part.as_os_str() == "..") {
        let shown = crate::telemetry::one_line(&path);
        let what = format!("{FILE}: LocalPath is '{shown}', wanted an absolute path without '..', of at most {LONGEST} bytes");
        return Err(Failure::user(what).into());
    }
    // What lies below the platform's base directory moves with it.
    Ok(Some(local.strip_prefix(Base::PLATFORM).map_or_else(|_| local.to_owned(), |below| base.root().join(below))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(config: Option<&str>) -> (PathBuf, Result<Option<PathBuf>>) {
        let root = tempfile::tempdir().unwrap();
        let base = Base::new(root.path());
        std::fs::create_dir_all(root.path().join("input/config")).unwrap();
        if let Some(text) = config {
            std::fs::write(base.config_file(FILE), text).unwrap();
        }
        (root.path().to_owned(), read(&base))
    }

    #[test]
    fn there_are_checkpoints_only_when_the_file_is_there() {
        assert_eq!(of(None).1.unwrap(), None);
        let (root, path) = of(Some("{}"));
        assert_eq!(path.unwrap(), Some(root.join("checkpoints")));
        let (root, path) = of(Some(r#"{"LocalPath": "/opt/ml/checkpoints/mine", "S3Uri": "s3://b/p"}"#));
        assert_eq!(path.unwrap(), Some(root.join("checkpoints/mine")));
        assert_eq!(of(Some(r#"{"LocalPath": "/state"}"#)).1.unwrap(), Some(PathBuf::from("/state")));
    }

    #[test]
    fn a_path_that_cannot_be_is_refused() {
        let long = format!(r#"{{"LocalPath": "/{}"}}"#, "a".repeat(5000));
        for config in
            [r#"{"LocalPath": "state"}"#, r#"{"LocalPath": ""}"#, r#"{"LocalPath": 1}"#, r#"{"LocalPath": "/a/../b"}"#, "[]", &long]
        {
            assert!(of(Some(config)).1.is_err(), "{config:.40}");
        }
    }
}
