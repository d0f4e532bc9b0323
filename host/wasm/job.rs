//! What a guest may know and touch, decided by whoever starts it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use serde_json::{Map, Value};

use crate::data::files::Pipe;
use crate::data::{Origin, Source};
use crate::telemetry::Record;

/// One group of a heterogeneous cluster.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "wit/job.wit documents the record of the same name")]
pub struct Group {
    pub name: String,
    pub instance_type: String,
    pub hosts: Vec<String>,
}

/// The machines of the job, as `job.cluster-info` tells them.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "wit/job.wit documents the record of the same name")]
pub struct Cluster {
    pub hosts: Vec<String>,
    pub current_host: String,
    pub rank: u32,
    pub network_interface: String,
    pub instance_type: Option<String>,
    pub group: Option<String>,
    pub groups: Vec<Group>,
}

impl Default for Cluster {
    /// One machine, as when serving.
    fn default() -> Cluster {
        Cluster {
            hosts: vec!["localhost".into()],
            current_host: "localhost".into(),
            rank: 0,
            network_interface: "lo".into(),
            instance_type: None,
            group: None,
            groups: Vec::new(),
        }
    }
}

/// How the platform hands over a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the platform's own words")]
pub enum InputMode {
    File,
    FastFile,
    Pipe,
}

/// Whether every host sees all of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the platform's own words")]
pub enum Distribution {
    Replicated,
    Sharded,
}

/// A channel the guest may read.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "wit/data.wit documents the record of the same name")]
pub struct Channel {
    pub name: String,
    pub folder: PathBuf,
    pub content_type: Option<String>,
    pub mode: InputMode,
    /// In Pipe mode.
    pub pipe: Option<Arc<Pipe>>,
    pub distribution: Distribution,
}

impl Channel {
    /// How it is read.
    pub(super) fn source(&self) -> Source {
        let origin = self.pipe.as_ref().map_or_else(|| Origin::Folder(self.folder.clone()), |pipe| Origin::Pipe(Arc::clone(pipe)));
        Source { channel: self.name.clone(), origin, content_type: self.content_type.clone(), fetched: self.mode == InputMode::FastFile }
    }
}

/// The job a guest runs in. When serving, there are no hyperparameters and no channels.
#[derive(Clone, Debug, Default)]
pub struct Job {
    /// Checked values by name, defaults filled in.
    pub hyperparameters: Map<String, Value>,
    /// The machines.
    pub cluster: Cluster,
    /// Sorted by name.
    pub channels: Vec<Channel>,
    /// Set once the guest should come to an end.
    pub stop: Arc<AtomicBool>,
    /// What it reports of itself.
    pub record: Arc<Record>,
}

/// What a guest may do in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Read what is there.
    Read,
    /// Read and write.
    Write,
}

/// A folder that a guest sees.
#[derive(Clone, Debug)]
pub struct Folder {
    /// Where it is on this machine.
    pub host: PathBuf,
    /// What the guest calls it.
    pub guest: String,
    /// What the guest may do there.
    pub access: Access,
}

/// What a guest may touch outside of the interface: nothing that is not listed.
#[derive(Clone, Debug, Default)]
pub struct Grants {
    /// Folders.
    pub folders: Vec<Folder>,
    /// Environment variables.
    pub environment: Vec<(String, String)>,
    /// The argument vector, the program's name first.
    pub arguments: Vec<String>,
}
