//! The life of a training job.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use algohost_kernels::Permits;
use anyhow::{Context, Result};
use crossbeam_channel::{bounded, select};
use serde_json::{Map, Value};

use crate::contract::{self, Base, Channel, Description, Ending, Machine, Purpose, Settings, Toolkit, TrainingJob, find_component};
use crate::failure::{Code, Failure};
use crate::process::Stop;
use crate::wasm::archives::Archives;
use crate::wasm::{self, Access, Algorithm, Folder, Grants, Host, Instance, Job, Limits, Origin, Setup};

/// How much longer than the grace time an interrupted algorithm is waited for.
const BACKSTOP: Duration = Duration::from_secs(5);

/// Open handles of each kind that a training guest may have.
const HANDLES: usize = 65_536;

/// Runs the job below the base directory, and leaves `output/success`, or `output/failure` that says why.
///
/// # Errors
/// The failure that was also written to the file.
pub fn run(settings: &Settings, component: Option<&Path>, stop: &Stop) -> Result<()> {
    let ending = Ending::begin(&settings.base);
    let result = train(settings, component, stop, &ending);
    match &result {
        Ok(()) => ending.succeed(),
        Err(error) => ending.fail(&Failure::of(error)),
    }
    result
}

fn train(settings: &Settings, component: Option<&Path>, stop: &Stop, ending: &Ending) -> Result<()> {
    let started = Instant::now();
    let base = &settings.base;
    let job = TrainingJob::read(base)?;
    let program = job.hyperparameters.reserved("sagemaker_program");
    let found = find_component(Purpose::Train, base, settings, component, program)?;
    let host = Host::new(settings.threads)?;
    let origin = if found.named_by_operator { Origin::Named } else { Origin::Found };
    let algorithm = host.load(&found.path, origin, settings.component_sha256.as_deref())?;
    let description = Description::parse(&wasm::describe(&host, &algorithm)?)?;
    let hyperparameters = description.check(&job)?;
    announce(&description, &algorithm, &job);
    prepare_folders(base)?;
    let grants = grants(settings, &job, &algorithm, ending)?;
    let setup = setup(settings, &job, hyperparameters, grants, stop);
    run_guest(&host, &algorithm, &setup, stop, settings.stop_grace)?;
    report_model(base, started);
    Ok(())
}

fn announce(description: &Description, algorithm: &Algorithm, job: &TrainingJob) {
    let channels: Vec<&str> = job.channels.iter().map(|channel| channel.name.as_str()).collect();
    tracing::info!(
        "train: {} {} from {}; channels: {}; host {} of {}",
        description.name,
        description.version,
        algorithm.name(),
        if channels.is_empty() { "none".to_owned() } else { channels.join(", ") },
        job.resources.rank + 1,
        job.resources.hosts.len()
    );
}

fn prepare_folders(base: &Base) -> Result<()> {
    for folder in [base.model(), base.output_data()] {
        std::fs::create_dir_all(&folder).with_context(|| format!("the folder {} cannot be made", folder.display()))?;
    }
    Ok(())
}

/// What the guest sees beside the interface: folders, and the variables and arguments that the training toolkit gives to scripts.
fn grants(settings: &Settings, job: &TrainingJob, algorithm: &Algorithm, ending: &Ending) -> Result<Grants> {
    let toolkit = Toolkit::read(&settings.base, &settings.guest_variables)?;
    let mut folders = folders(&settings.base, &job.channels);
    folders.push(Folder { guest: format!("{}/output", Base::PLATFORM), host: ending.algorithm_folder()?, access: Access::Write });
    let program = Path::new(algorithm.name()).file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Grants {
        folders,
        environment: toolkit.environment(Machine::present()),
        arguments: [program].into_iter().chain(toolkit.arguments()).collect(),
    })
}

fn setup(settings: &Settings, job: &TrainingJob, hyperparameters: Map<String, Value>, grants: Grants, stop: &Stop) -> Setup {
    let base = &settings.base;
    let resources = &job.resources;
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
    let guest_job = Job { hyperparameters, cluster, channels: job.channels.iter().map(channel).collect(), stop: Arc::clone(stop.flag()) };
    Setup {
        job: Arc::new(guest_job),
        grants,
        limits: Limits {
            memory_bytes: settings.memory_bytes,
            tensor_bytes: settings.tensor_bytes,
            handles: HANDLES,
            start: settings.startup_timeout,
            call: None,
        },
        permits: Permits::new(settings.permits),
        archives: Archives::new(base.model(), Access::Write),
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
        distribution: if channel.sharded { wasm::Distribution::Sharded } else { wasm::Distribution::Replicated },
    }
}

/// What a training guest sees of the file system, under the platform's own names wherever the base is.
fn folders(base: &Base, channels: &[Channel]) -> Vec<Folder> {
    let seen_as = |host: &Path| match host.strip_prefix(base.root()) {
        Ok(below) => format!("{}/{}", Base::PLATFORM, below.display()),
        Err(_) => host.display().to_string(),
    };
    let folder = |host: PathBuf, access| Folder { guest: seen_as(&host), host, access };
    let mut folders: Vec<Folder> =
        channels.iter().map(|channel| channel.folder.clone()).filter(|path| path.is_dir()).map(|path| folder(path, Access::Read)).collect();
    folders.push(folder(base.model(), Access::Write));
    folders.push(folder(base.output_data(), Access::Write));
    folders
}

/// Runs the guest on one of the kernels' threads, while this one listens for the platform's wish to stop. A guest that does not end in time
/// is left behind: the process ends without it.
fn run_guest(host: &Host, algorithm: &Algorithm, setup: &Setup, stop: &Stop, grace: Duration) -> Result<()> {
    let (ready, interrupter) = bounded(1);
    let (done, outcome) = bounded(1);
    let (pool, host, algorithm, setup) = (host.pool(), host.clone(), algorithm.clone(), setup.clone());
    pool.start(move || {
        let trained = Instance::new(&host, &algorithm, &setup).and_then(|mut instance| {
            let _ = ready.send(instance.interrupter());
            instance.train()
        });
        let _ = done.send(trained);
    });
    let ended = || Failure::new(Code::Internal, "the training thread ended without an answer");
    select! {
        recv(outcome) -> trained => return trained.map_err(|_| ended())?,
        recv(stop.received()) -> _ => {}
    }
    tracing::info!("train: the algorithm has {} s to save its model", grace.as_secs());
    if let Ok(interrupter) = interrupter.recv_timeout(grace + BACKSTOP) {
        interrupter.interrupt_after(grace);
    }
    let late = |_| Failure::new(Code::Deadline, format!("train: the algorithm did not end within {} s of SIGTERM", grace.as_secs()));
    outcome.recv_timeout(grace + BACKSTOP).map_err(late)?
}

fn report_model(base: &Base, started: Instant) {
    let files = crate::data::files::list(&base.model()).unwrap_or_default();
    let bytes: u64 = files.iter().map(|file| file.bytes).sum();
    let seconds = started.elapsed().as_secs_f64();
    if files.is_empty() {
        tracing::warn!("train: done in {seconds:.3} s, but the algorithm left no model in {}", base.model().display());
    } else {
        let names: Vec<&str> = files.iter().take(5).map(|file| file.name.as_str()).collect();
        tracing::info!("train: done in {seconds:.3} s; model: {} ({} files, {bytes} bytes)", names.join(", "), files.len());
    }
}
