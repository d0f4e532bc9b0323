//! The life of a serving container: bind, load, answer, drain.

mod answer;
mod instances;
mod routes;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use crossbeam_channel::{bounded, select};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::contract::{Base, Purpose, Settings, find_component};
use crate::failure::{Code, Failure};
use crate::process::Stop;
use crate::wasm::archives::Archives;
use crate::wasm::{Access, Folder, Grants, Host, Job, Limits, Origin, Setup};

use instances::Instances;
use routes::Service;

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
    let runtime = runtime()?;
    let listener = runtime.block_on(bind(SocketAddr::new(settings.address, settings.port)))?;
    announce(&listener, settings)?;
    let (ready, loading) = watch::channel(None);
    let (end, ended) = watch::channel(false);
    let service = Service::new(loading, settings);
    let server = runtime.spawn(routes::serve(listener, service, ended));
    let outcome = load_unless_stopped(settings, component, stop).map(|loaded| {
        if let Some(instances) = loaded {
            tracing::info!("serve: ready after {:.1} ms", started.elapsed().as_secs_f64() * 1000.0);
            let _ = ready.send(Some(Arc::new(instances)));
            let _ = stop.received().recv();
        }
    });
    let _ = end.send(true);
    let drained = runtime.block_on(async { tokio::time::timeout(DRAIN, server).await });
    match drained {
        Err(_) => tracing::warn!("serve: requests still in flight after {} s are broken off", DRAIN.as_secs()),
        Ok(Ok(served)) => served.context("the HTTP server ended")?,
        Ok(Err(panic)) => return Err(Failure::new(Code::Internal, format!("the HTTP server failed: {panic}")).into()),
    }
    runtime.shutdown_background();
    outcome.map(|()| tracing::info!("serve: stopped"))
}

fn runtime() -> Result<Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.enable_all().thread_name("http").build().context("the HTTP threads do not start")
}

async fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
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

/// None when the process was asked to end first; what is being loaded then ends with it.
fn load_unless_stopped(settings: &Settings, component: Option<&Path>, stop: &Stop) -> Result<Option<Instances>> {
    let (done, loaded) = bounded(1);
    let (settings, component) = (settings.clone(), component.map(Path::to_owned));
    std::thread::Builder::new()
        .name("load".into())
        .spawn(move || done.send(load(&settings, component.as_deref())))
        .context("the loading thread does not start")?;
    select! {
        recv(loaded) -> outcome => outcome.map_err(|_| Failure::new(Code::Internal, "loading ended without an answer"))?.map(Some),
        recv(stop.received()) -> _ => Ok(None),
    }
}

fn load(settings: &Settings, component: Option<&Path>) -> Result<Instances> {
    let base = &settings.base;
    let found = find_component(Purpose::Serve, base, settings, component, None)?;
    let host = Host::new(settings.threads)?;
    let origin = if found.named_by_operator { Origin::Named } else { Origin::Found };
    let algorithm = host.load(&found.path, origin, settings.component_sha256.as_deref())?;
    Instances::start(&host, &algorithm, &setup(settings), settings.instances, settings.queue)
}

fn setup(settings: &Settings) -> Setup {
    let model = settings.base.model();
    let folder = Folder { host: model.clone(), guest: format!("{}/model", Base::PLATFORM), access: Access::Read };
    Setup {
        job: Arc::new(Job::default()),
        grants: Grants { folders: if model.is_dir() { vec![folder] } else { Vec::new() }, environment: Vec::new() },
        limits: Limits {
            memory_bytes: settings.memory_bytes,
            tensor_bytes: settings.tensor_bytes / settings.instances as u64,
            handles: HANDLES,
            start: settings.startup_timeout,
            call: Some(settings.request_timeout),
        },
        archives: Archives::new(model, Access::Read),
    }
}
