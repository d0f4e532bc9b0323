//! The life of a serving container: bind, load, answer, drain.

mod answer;
mod gauges;
mod http;
mod instances;
mod lanes;
mod lasting;
mod models;
mod seats;
mod sessions;
mod worker;

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use algohost_kernels::Permits;
use anyhow::{Context, Result};
use crossbeam_channel::{Receiver, bounded, select};
use tokio::sync::{mpsc, watch};

use crate::contract::{Base, Description, Purpose, Settings, find_component};
use crate::failure::{Code, Failure};
use crate::process::Stop;
use crate::wasm::archives::Archives;
use crate::wasm::checkpoints::Checkpoints;
use crate::wasm::{Access, Algorithm, Folder, Grants, Host, Job, Limits, Origin, Setup, Usage, describe};

use answer::Style;
use http::connections::{self, Open};
use http::{Routes, Service};
use instances::{Hosted, Instances};
use lanes::{Joining, Lane, Shared};
use models::{Loader, Models};
use seats::{Pool, Seats};
use worker::Recipe;

/// How long requests in flight may take once the process should end; the platform kills after 30 seconds.
const DRAIN: Duration = Duration::from_secs(25);

/// Open handles of each kind that a serving guest may have.
const HANDLES: usize = 16_384;

/// Serves until the platform asks to stop.
///
/// # Errors
/// When the port cannot be bound, or component or model cannot be loaded.
pub fn run(settings: &Settings, component: Option<&Path>, stop: &Stop) -> Result<()> {
    let started = Instant::now();
    let listener = bind(SocketAddr::new(settings.address, settings.port))?;
    announce(&listener, settings)?;
    // Requests to many models would wait for others to the same one in vain.
    let joining = settings.batch_rows.filter(|_| !settings.multi_model).map(|rows| Joining { rows, delay: settings.batch_delay });
    let shared = Shared::new(settings.queue, joining);
    let lanes = (0..settings.instances.min(processors())).map(|_| Lane::new(&shared)).collect::<Result<Vec<_>>>()?;
    let (ready, loading) = watch::channel(None);
    let (end, ended) = watch::channel(false);
    let drained = start_http(listener, &lanes, &loading, &ended, settings)?;
    let outcome = load_unless_stopped(settings, component, stop, &lanes, &shared).map(|loaded| {
        if let Some(instances) = loaded {
            let _ = ready.send(Some(Arc::new(instances)));
            tracing::info!("serve: ready after {:.1} ms", started.elapsed().as_secs_f64() * 1000.0);
            let _ = stop.received().recv();
        }
    });
    let _ = end.send(true);
    wait_for_answers(&drained, lanes.len());
    lanes::stop(&lanes, &shared);
    outcome.map(|()| tracing::info!("serve: stopped"))
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).map_err(|error| {
        Failure::new(Code::Io, format!("cannot listen on {address}: {error}"))
            .help("Another process may have the port; SAGEMAKER_BIND_TO_PORT and ALGOHOST_BIND_ADDRESS choose another")
            .into()
    })
}

fn announce(listener: &TcpListener, settings: &Settings) -> Result<()> {
    let address = listener.local_addr().context("the bound address cannot be read")?;
    tracing::info!(
        "serve: listening on http://{address} ({} instances, queue of {}, {} s a request, bodies up to {} MB)",
        settings.instances,
        settings.queue,
        settings.request_timeout.as_secs(),
        settings.body_bytes >> 20
    );
    Ok(())
}

/// Serves connections on every lane; each says through the channel when its last answer is sent.
fn start_http(
    listener: TcpListener,
    lanes: &[Arc<Lane>],
    loading: &watch::Receiver<Option<Arc<Instances>>>,
    ended: &watch::Receiver<bool>,
    settings: &Settings,
) -> Result<Receiver<()>> {
    let (done, drained) = bounded(lanes.len());
    let mut senders = Vec::new();
    let (common, idle) = (http::Shared::new(loading, ended, settings), settings.idle);
    for lane in lanes {
        let (sender, connections) = mpsc::unbounded_channel();
        senders.push(sender);
        let open = Open::new();
        let routes = Routes::new(Service::new(lane, open.weak(), &common, settings)?);
        let (done, ended) = (done.clone(), ended.clone());
        lane.handle().spawn(async move {
            connections::serve(connections, routes, idle, open, ended).await;
            let _ = done.send(());
        });
    }
    lanes[0].handle().spawn(connections::accept(listener, senders, ended.clone()));
    lanes::start_standby(lanes)?;
    Ok(drained)
}

fn wait_for_answers(drained: &Receiver<()>, lanes: usize) {
    let deadline = Instant::now() + DRAIN;
    for _ in 0..lanes {
        if drained.recv_deadline(deadline).is_err() {
            tracing::warn!("serve: requests still in flight after {} s are broken off", DRAIN.as_secs());
            return;
        }
    }
}

/// None when the process was asked to end first; what is being loaded then ends with it.
fn load_unless_stopped(
    settings: &Settings,
    component: Option<&Path>,
    stop: &Stop,
    lanes: &[Arc<Lane>],
    shared: &Arc<Shared>,
) -> Result<Option<Instances>> {
    let (done, loaded) = bounded(1);
    let (settings, component) = (settings.clone(), component.map(Path::to_owned));
    let (lanes, shared) = (lanes.to_vec(), Arc::clone(shared));
    std::thread::Builder::new()
        .name("load".into())
        .spawn(move || done.send(load(&settings, component.as_deref(), &lanes, &shared)))
        .context("the loading thread does not start")?;
    select! {
        recv(loaded) -> outcome => outcome.map_err(|_| Failure::new(Code::Internal, "loading ended without an answer"))?.map(Some),
        recv(stop.received()) -> _ => Ok(None),
    }
}

fn load(settings: &Settings, component: Option<&Path>, lanes: &[Arc<Lane>], shared: &Arc<Shared>) -> Result<Instances> {
    let hosted = if settings.multi_model { many_models(settings, component)? } else { one_model(settings, component)? };
    Instances::start(&hosted, lanes, shared, settings.instances)
}

/// Models are loaded when they are asked for.
fn many_models(settings: &Settings, component: Option<&Path>) -> Result<Hosted> {
    let loader = Loader::new(Host::new(settings.threads)?, settings, component);
    Ok(Hosted::Many(Arc::new(Models::new(loader, settings.warm_instances, settings.request_timeout))))
}

fn one_model(settings: &Settings, component: Option<&Path>) -> Result<Hosted> {
    let base = &settings.base;
    let found = find_component(Purpose::Serve, base, settings, component, None)?;
    let host = Host::new(settings.threads)?;
    let algorithm = host.load(&found.path, Origin::new(found.named_by_operator), settings.component_sha256.as_deref())?;
    require_outputs(&host, &algorithm, &settings.outputs)?;
    let setup = setup(settings, &settings.base.model());
    let recipe = Recipe { host, algorithm, setup, style: Style::new(settings) };
    Ok(Hosted::One(Arc::new(Seats::new(recipe, &Arc::new(Pool::new(settings.warm_instances)), 0))))
}

/// Refuses names of outputs that the component does not declare, when it declares any.
fn require_outputs(host: &Host, algorithm: &Algorithm, wanted: &[String]) -> Result<()> {
    if wanted.is_empty() {
        return Ok(());
    }
    let declared: Vec<String> =
        Description::parse(&describe(host, algorithm)?)?.inference.outputs.into_iter().map(|output| output.name).collect();
    match wanted.iter().find(|name| !declared.is_empty() && !declared.contains(name)) {
        Some(unknown) => {
            let what = format!("SAGEMAKER_INFERENCE_OUTPUT asks for '{unknown}', the algorithm's outputs are {}", declared.join(", "));
            Err(Failure::user(what).into())
        }
        None => Ok(()),
    }
}

/// What an instance with the model in a folder is given.
fn setup(settings: &Settings, model: &Path) -> Setup {
    let folder = Folder { host: model.to_owned(), guest: format!("{}/model", Base::PLATFORM), access: Access::Read };
    Setup {
        job: Arc::new(Job::default()),
        grants: Grants { folders: if model.is_dir() { vec![folder] } else { Vec::new() }, ..Grants::default() },
        limits: Limits {
            memory_bytes: settings.memory_bytes,
            tensor_bytes: settings.tensor_bytes / settings.instances as u64,
            handles: HANDLES,
            start: settings.startup_timeout,
            call: Some(settings.request_timeout),
            stream: Some(settings.stream_timeout),
            conversation: Some(settings.conversation_timeout),
        },
        permits: Permits::new(settings.permits),
        archives: Archives::new(model.to_owned(), Access::Read),
        checkpoints: Checkpoints::default(),
        usage: Usage::default(),
    }
}
