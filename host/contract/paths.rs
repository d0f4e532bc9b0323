//! Where things are below the base directory.

use std::path::{Path, PathBuf};

/// The base directory, `/opt/ml` unless moved, and what lies in it.
#[derive(Clone, Debug)]
pub struct Base {
    root: PathBuf,
}

impl Base {
    /// Where the platform mounts it.
    pub const PLATFORM: &str = "/opt/ml";

    /// The tree below `root`.
    pub fn new(root: impl Into<PathBuf>) -> Base {
        Base { root: root.into() }
    }

    /// The base directory itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A configuration file.
    pub fn config_file(&self, name: &str) -> PathBuf {
        self.root.join("input/config").join(name)
    }

    /// The folder of a channel in File and FastFile mode.
    pub fn channel(&self, name: &str) -> PathBuf {
        self.root.join("input/data").join(name)
    }

    /// Where the model is left, and found again.
    pub fn model(&self) -> PathBuf {
        self.root.join("model")
    }

    /// Where checkpoints are kept, when the job says no other place.
    pub fn checkpoints(&self) -> PathBuf {
        self.root.join("checkpoints")
    }

    /// What is uploaded beside the model.
    pub fn output_data(&self) -> PathBuf {
        self.root.join("output/data")
    }

    /// The values of a job's metrics, one JSON object a line.
    pub fn metrics_file(&self) -> PathBuf {
        self.root.join("output/data/metrics.jsonl")
    }

    /// A job's report.
    pub fn report_file(&self) -> PathBuf {
        self.root.join("output/data/report.html")
    }

    /// Where a failed job says why.
    pub fn failure_file(&self) -> PathBuf {
        self.root.join("output/failure")
    }

    /// What says that the job succeeded.
    pub fn success_file(&self) -> PathBuf {
        self.root.join("output/success")
    }

    /// Where the job's code is unpacked.
    pub fn code(&self) -> PathBuf {
        self.root.join("code")
    }

    /// Code that travels with the model.
    pub fn model_code(&self) -> PathBuf {
        self.root.join("model/code")
    }
}
