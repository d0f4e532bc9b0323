//! What the algorithm is given: the job as the interface tells it, folders, variables, limits.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use algohost_kernels::Permits;
use anyhow::Result;
use serde_json::{Map, Value};

use crate::contract::{self, Base, Channel, Description, Ending, Machine, ModelDirectory, Settings, Toolkit, TrainingJob, markers};
use crate::data::files::Pipe;
use crate::process::Stop;
use crate::telemetry::Record;
use crate::wasm::archives::Archives;
use crate::wasm::checkpoints::{Checkpoints, Markers};
use crate::wasm::{self, Access, Algorithm, Folder, Grants, Job, Limits, Setup, Usage};

/// Open handles of each kind that a training guest may have.
const HANDLES: usize = 65_536;

/// What the setup is made from.
pub(super) struct Parts<'a> {
    pub settings: &'a Settings,
    pub job: &'a TrainingJob,
    pub algorithm: &'a Algorithm,
    pub description: &'a Description,
    /// Checked, with defaults.
    pub hyperparameters: Map<String, Value>,
    pub model: &'a ModelDirectory,
    pub ending: &'a Ending,
    pub stop: &'a Stop,
    /// Where metrics and progress go.
    pub record: Arc<Record>,
}

impl Parts<'_> {
    /// # Errors
    /// When a folder cannot be made, or the job's files say what the toolkit's variables cannot.
    pub(super) fn setup(self) -> Result<Setup> {
        let settings = self.settings;
        Ok(Setup {
            grants: self.grants()?,
            limits: Limits {
                memory_bytes: settings.memory_bytes,
                tensor_bytes: settings.tensor_bytes,
                handles: HANDLES,
                start: settings.startup_timeout,
                call: None,
                stream: None,
                conversation: None,
            },
            permits: Permits::new(settings.permits),
            archives: Archives::new(self.model.staging().to_owned(), Access::Write),
            checkpoints: self.checkpoints(),
            usage: Usage::default(),
            job: Arc::new(self.guest_job()),
        })
    }

    /// Beside the interface: folders, and the variables and arguments that the training toolkit gives to scripts.
    fn grants(&self) -> Result<Grants> {
        let toolkit = Toolkit::read(&self.settings.base, &self.settings.guest_variables)?;
        let mut folders = folders(&self.settings.base, &self.job.channels, self.model.staging());
        let output = Folder { guest: format!("{}/output", Base::PLATFORM), host: self.ending.algorithm_folder()?, access: Access::Write };
        folders.push(output);
        let program = Path::new(self.algorithm.name()).file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Grants {
            folders,
            environment: toolkit.environment(Machine::present()),
            arguments: [program].into_iter().chain(toolkit.arguments()).collect(),
        })
    }

    fn checkpoints(&self) -> Checkpoints {
        let Some(folder) = &self.job.checkpoints else { return Checkpoints::default() };
        let markers = Markers { unfinished: markers::UNFINISHED, uploading: markers::UPLOADING, uploaded: markers::UPLOADED };
        Checkpoints::new(folder.clone(), markers, self.settings.checkpoints_kept, &self.description.name)
    }

    fn guest_job(self) -> Job {
        let resources = &self.job.resources;
        let groups = resources.groups.iter().map(|group| wasm::Group {
            name: group.name.clone(),
            instance_type: group.instance_type.clone(),
            hosts: group.hosts.clone(),
        });
        let cluster = wasm::Cluster {
            hosts: resources.hosts.clone(),
            current_host: resources.current_host.clone(),
            rank: resources.rank as u32,
            network_interface: resources.network_interface.clone(),
            instance_type: resources.instance_type.clone(),
            group: resources.group.clone(),
            groups: groups.collect(),
        };
        let channels = self.job.channels.iter().map(channel).collect();
        Job { hyperparameters: self.hyperparameters, cluster, channels, stop: Arc::clone(self.stop.flag()), record: self.record }
    }
}

fn channel(channel: &Channel) -> wasm::Channel {
    wasm::Channel {
        name: channel.name.clone(),
        folder: channel.folder.clone(),
        content_type: channel.content_type.clone(),
        mode: match channel.mode {
            contract::InputMode::File => wasm::InputMode::File,
            contract::InputMode::FastFile => wasm::InputMode::FastFile,
            contract::InputMode::Pipe => wasm::InputMode::Pipe,
        },
        pipe: (channel.mode == contract::InputMode::Pipe)
            .then(|| Arc::new(Pipe::new(&channel.name, channel.folder.clone(), channel.framed))),
        distribution: if channel.sharded { wasm::Distribution::Sharded } else { wasm::Distribution::Replicated },
    }
}

/// What a training guest sees of the file system, under the platform's own names wherever the base is. `model` stands for the model
/// directory.
fn folders(base: &Base, channels: &[Channel], model: &Path) -> Vec<Folder> {
    let seen_as = |host: &Path| match host.strip_prefix(base.root()) {
        Ok(below) => format!("{}/{}", Base::PLATFORM, below.display()),
        Err(_) => host.display().to_string(),
    };
    let folder = |host: PathBuf, access| Folder { guest: seen_as(&host), host, access };
    let mut folders: Vec<Folder> =
        channels.iter().map(|channel| channel.folder.clone()).filter(|path| path.is_dir()).map(|path| folder(path, Access::Read)).collect();
    folders.push(Folder { guest: seen_as(&base.model()), host: model.to_owned(), access: Access::Write });
    folders.push(folder(base.output_data(), Access::Write));
    folders
}
