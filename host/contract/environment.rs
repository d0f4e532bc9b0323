//! Environment variables as settings. Names of the platform's own are read beside ours.

use std::fmt::Display;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use anyhow::Result;

use super::memory::{default_memory_bytes, default_tensor_bytes};
use super::paths::Base;
use super::toolkit::passed;
use crate::failure::Failure;

/// Bounds of settings, so that no arithmetic with them can overflow.
const MOST_MB: u64 = 1 << 40;
const MOST_SECONDS: u64 = 10_000_000;

/// Linear memory of one guest where there is enough.
const USUAL_MEMORY_BYTES: u64 = 1 << 30;

/// Where variables come from: the process, or a test's map.
pub trait Vars {
    /// The value of a variable; empty counts as not set.
    fn get(&self, name: &str) -> Option<String>;

    /// All that are text, empty ones too.
    fn all(&self) -> Vec<(String, String)>;
}

impl Vars for std::collections::HashMap<String, String> {
    fn get(&self, name: &str) -> Option<String> {
        std::collections::HashMap::get(self, name).filter(|value| !value.is_empty()).cloned()
    }

    fn all(&self) -> Vec<(String, String)> {
        self.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

/// What the operator set, defaults filled in.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `SAGEMAKER_BASE_DIR`.
    pub base: Base,
    /// `ALGOHOST_COMPONENT`.
    pub component: Option<PathBuf>,
    /// `ALGOHOST_COMPONENT_SHA256`: the only digest that is accepted.
    pub component_sha256: Option<String>,
    /// `SAGEMAKER_PROGRAM`.
    pub program: Option<String>,
    /// `ALGOHOST_THREADS`: kernel threads; 0 is one per processor.
    pub threads: usize,
    /// `ALGOHOST_PERMITS`: kernels of all instances that may share the kernel threads at once; as many as there are threads. A training job's
    /// guest runs on one of those threads, and one kernel at a time.
    pub permits: usize,
    /// `ALGOHOST_MEMORY_MB`: linear memory of one guest; by default 1024 MB, or four fifths of what the machine or container has beside 32 MB for
    /// the host, where that is less.
    pub memory_bytes: usize,
    /// `ALGOHOST_TENSOR_MB`: tensors of one guest; by default, four fifths of what the machine or container has beside 32 MB for the host.
    pub tensor_bytes: u64,
    /// `ALGOHOST_INSTANCES`, or `SAGEMAKER_MODEL_SERVER_WORKERS`: instances that answer; by default one per processor.
    pub instances: usize,
    /// `ALGOHOST_QUEUE`: requests that may wait for an instance.
    pub queue: usize,
    /// `SAGEMAKER_STARTUP_TIMEOUT`: seconds that starting and loading a model may take; 600.
    pub startup_timeout: Duration,
    /// `ALGOHOST_REQUEST_TIMEOUT_SECONDS`, or `SAGEMAKER_MODEL_SERVER_TIMEOUT_SECONDS`, or `SAGEMAKER_MODEL_SERVER_TIMEOUT`; 60.
    pub request_timeout: Duration,
    /// `ALGOHOST_MAX_BODY_MB`, or `SAGEMAKER_MAX_PAYLOAD_IN_MB`; 25 MB, what the platform sends at most.
    pub body_bytes: usize,
    /// `ALGOHOST_STOP_GRACE_SECONDS`: how long after SIGTERM a training algorithm may go on; 100, since the platform kills after 120.
    pub stop_grace: Duration,
    /// `ALGOHOST_MAX_RUNTIME_SECONDS`: after which a training job is stopped as by SIGTERM; 0 is never, unset what the job's request says.
    pub max_runtime: Option<Duration>,
    /// `ALGOHOST_CHECKPOINTS_KEPT`: how many of the newest checkpoints stay; 5.
    pub checkpoints_kept: usize,
    /// `ALGOHOST_REPORT`: whether a training job writes a report; it does.
    pub report: bool,
    /// `ALGOHOST_EMF`: metrics also as CloudWatch's Embedded Metric Format, in the namespace `ALGOHOST_EMF_NAMESPACE`, or `algohost`.
    pub emf_namespace: Option<String>,
    /// `ALGOHOST_PROGRESS_SECONDS`: from one line about a job's progress to the next at least; 10. None for 0.
    pub progress_every: Option<Duration>,
    /// `TRAINING_JOB_NAME`.
    pub job_name: Option<String>,
    /// `SAGEMAKER_BIND_TO_PORT`; 8080. 0 takes a free one.
    pub port: u16,
    /// `ALGOHOST_BIND_ADDRESS`; all interfaces.
    pub address: IpAddr,
    /// `SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT`; application/json.
    pub default_accept: String,
    /// `ALGOHOST_IDLE_SECONDS`: how long a connection may be without a request, and a request's headers may take; 75.
    pub idle: Duration,
    /// `ALGOHOST_MAX_BATCH_ROWS`: requests that wait are answered by one call of the algorithm, up to so many rows together. None for 0,
    /// which is usual.
    pub batch_rows: Option<usize>,
    /// `ALGOHOST_BATCH_DELAY_MS`: how long a request may wait for others to be answered with it; 0: those that wait anyway.
    pub batch_delay: Duration,
    /// `SAGEMAKER_MULTI_MODEL`: models are loaded and unloaded by requests.
    pub multi_model: bool,
    /// `ALGOHOST_MODEL_MB`: tensors, weights included, of one of many models. None: as much as there is.
    pub model_bytes: Option<u64>,
    /// `ALGOHOST_WARM_INSTANCES`: instances of many models that are kept when nobody needs them; by default, four per processor.
    pub warm_instances: usize,
    /// `ALGOHOST_MAX_STREAMS`: answers that are sent part by part, and conversations, at once; 64.
    pub streams: usize,
    /// `ALGOHOST_STREAM_SECONDS`: how long an answer that is sent part by part may take; 480, what the platform waits at most.
    pub stream_timeout: Duration,
    /// `ALGOHOST_CONVERSATION_SECONDS`: how long a conversation may last; 1800, as the platform has it.
    pub conversation_timeout: Duration,
    /// `SAGEMAKER_SESSIONS_EXPIRATION`: how long a session lasts; 1200 seconds. None unless `SAGEMAKER_ENABLE_STATEFUL_SESSIONS` is on.
    pub sessions: Option<Duration>,
    /// `ALGOHOST_SESSION_MB`: what algorithms may keep of all sessions together; 256.
    pub session_bytes: u64,
    /// `SAGEMAKER_BATCH`: every answer ends with a line end, so that answers can be put one after the other.
    pub batch: bool,
    /// `SAGEMAKER_INFERENCE_OUTPUT`: names of the outputs to answer with, in this order, with commas between them. Empty for all.
    pub outputs: Vec<String>,
    /// The container's variables that a training guest may see; what opens doors, and what is this process's own, is left out.
    pub guest_variables: Vec<(String, String)>,
}

impl Settings {
    /// Reads every variable.
    ///
    /// # Errors
    /// Invalid input naming the variable, its value and what was wanted.
    pub fn read(vars: &dyn Vars) -> Result<Settings> {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let tensor_mb = number(vars, &["ALGOHOST_TENSOR_MB"], MOST_MB)?;
        let memory_mb = number(vars, &["ALGOHOST_MEMORY_MB"], MOST_MB)?;
        let body_mb = number(vars, &["ALGOHOST_MAX_BODY_MB", "SAGEMAKER_MAX_PAYLOAD_IN_MB"], MOST_MB)?.filter(|&mb| mb > 0);
        let timeouts = ["ALGOHOST_REQUEST_TIMEOUT_SECONDS", "SAGEMAKER_MODEL_SERVER_TIMEOUT_SECONDS", "SAGEMAKER_MODEL_SERVER_TIMEOUT"];
        let instances = number::<usize>(vars, &["ALGOHOST_INSTANCES", "SAGEMAKER_MODEL_SERVER_WORKERS"], 1024)?;
        let threads = number(vars, &["ALGOHOST_THREADS"], 1024)?.unwrap_or(0);
        let permits = number::<usize>(vars, &["ALGOHOST_PERMITS"], 1024)?.filter(|&permits| permits > 0);
        Ok(Settings {
            base: Base::new(vars.get("SAGEMAKER_BASE_DIR").unwrap_or_else(|| Base::PLATFORM.into())),
            component: vars.get("ALGOHOST_COMPONENT").map(PathBuf::from),
            component_sha256: vars.get("ALGOHOST_COMPONENT_SHA256").map(|pin| require_sha256(&pin)).transpose()?,
            program: vars.get("SAGEMAKER_PROGRAM"),
            threads,
            permits: permits.unwrap_or(if threads == 0 { processors } else { threads }),
            memory_bytes: memory_mb.map_or_else(|| default_memory_bytes(USUAL_MEMORY_BYTES) as usize, megabytes),
            tensor_bytes: tensor_mb.map_or_else(default_tensor_bytes, |mb| megabytes(mb) as u64),
            instances: instances.filter(|&instances| instances > 0).unwrap_or(processors),
            queue: number::<usize>(vars, &["ALGOHOST_QUEUE"], 1_000_000)?.unwrap_or(1024).max(1),
            startup_timeout: Duration::from_secs(number(vars, &["SAGEMAKER_STARTUP_TIMEOUT"], MOST_SECONDS)?.unwrap_or(600).max(1)),
            request_timeout: Duration::from_secs(number(vars, &timeouts, MOST_SECONDS)?.unwrap_or(60).max(1)),
            body_bytes: megabytes(body_mb.unwrap_or(25)),
            stop_grace: Duration::from_secs(number(vars, &["ALGOHOST_STOP_GRACE_SECONDS"], MOST_SECONDS)?.unwrap_or(100)),
            max_runtime: number(vars, &["ALGOHOST_MAX_RUNTIME_SECONDS"], MOST_SECONDS)?.map(Duration::from_secs),
            checkpoints_kept: number::<usize>(vars, &["ALGOHOST_CHECKPOINTS_KEPT"], 1_000_000)?.unwrap_or(5).max(1),
            report: switch(vars, "ALGOHOST_REPORT")?.unwrap_or(true),
            emf_namespace: switch(vars, "ALGOHOST_EMF")?
                .unwrap_or(false)
                .then(|| vars.get("ALGOHOST_EMF_NAMESPACE").unwrap_or_else(|| "algohost".into())),
            progress_every: Some(number(vars, &["ALGOHOST_PROGRESS_SECONDS"], MOST_SECONDS)?.unwrap_or(10))
                .filter(|&seconds| seconds > 0)
                .map(Duration::from_secs),
            job_name: vars.get("TRAINING_JOB_NAME"),
            port: number(vars, &["SAGEMAKER_BIND_TO_PORT"], u16::MAX)?.unwrap_or(8080),
            address: parsed(vars, "ALGOHOST_BIND_ADDRESS", "an IP address")?.unwrap_or(IpAddr::from([0, 0, 0, 0])),
            default_accept: vars.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT").unwrap_or_else(|| "application/json".into()),
            idle: Duration::from_secs(number(vars, &["ALGOHOST_IDLE_SECONDS"], MOST_SECONDS)?.unwrap_or(75).max(1)),
            batch_rows: number::<usize>(vars, &["ALGOHOST_MAX_BATCH_ROWS"], 1_000_000_000)?.filter(|&rows| rows > 0),
            batch_delay: Duration::from_millis(number(vars, &["ALGOHOST_BATCH_DELAY_MS"], 60_000)?.unwrap_or(0)),
            multi_model: switch(vars, "SAGEMAKER_MULTI_MODEL")?.unwrap_or(false),
            model_bytes: number(vars, &["ALGOHOST_MODEL_MB"], MOST_MB)?.filter(|&mb| mb > 0).map(|mb| megabytes(mb) as u64),
            warm_instances: number(vars, &["ALGOHOST_WARM_INSTANCES"], 100_000)?.unwrap_or(4 * processors),
            streams: number::<usize>(vars, &["ALGOHOST_MAX_STREAMS"], 100_000)?.unwrap_or(64),
            stream_timeout: Duration::from_secs(number(vars, &["ALGOHOST_STREAM_SECONDS"], MOST_SECONDS)?.unwrap_or(480).max(1)),
            conversation_timeout: Duration::from_secs(
                number(vars, &["ALGOHOST_CONVERSATION_SECONDS"], MOST_SECONDS)?.unwrap_or(1800).max(1),
            ),
            sessions: switch(vars, "SAGEMAKER_ENABLE_STATEFUL_SESSIONS")?
                .unwrap_or(false)
                .then_some(number(vars, &["SAGEMAKER_SESSIONS_EXPIRATION"], MOST_SECONDS)?.unwrap_or(1200).max(1))
                .map(Duration::from_secs),
            session_bytes: megabytes(number(vars, &["ALGOHOST_SESSION_MB"], MOST_MB)?.unwrap_or(256)) as u64,
            batch: switch(vars, "SAGEMAKER_BATCH")?.unwrap_or(false),
            outputs: list(vars, "SAGEMAKER_INFERENCE_OUTPUT"),
            guest_variables: passed(vars.all()),
        })
    }
}

/// The first of several variables that is set, as a whole number up to `most`.
fn number<T: FromStr + PartialOrd + Display + Copy>(vars: &dyn Vars, names: &[&str], most: T) -> Result<Option<T>, Failure> {
    for name in names {
        let wanted = format!("a whole number from 0 to {most}");
        if let Some(value) = parsed::<T>(vars, name, &wanted)? {
            if value > most {
                return Err(Failure::user(format!("environment variable {name} is '{value}', wanted {wanted}")));
            }
            return Ok(Some(value));
        }
    }
    Ok(None)
}

/// Names with commas between them.
fn list(vars: &dyn Vars, name: &str) -> Vec<String> {
    let text = vars.get(name).unwrap_or_default();
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// A variable that is on or off.
fn switch(vars: &dyn Vars, name: &str) -> Result<Option<bool>, Failure> {
    let Some(text) = vars.get(name) else { return Ok(None) };
    match text.trim().to_ascii_lowercase().as_str() {
        "1" | "true" => Ok(Some(true)),
        "0" | "false" => Ok(Some(false)),
        _ => Err(Failure::user(format!("environment variable {name} is '{text}', wanted 1 or 0"))),
    }
}

fn parsed<T: FromStr>(vars: &dyn Vars, name: &str, wanted: &str) -> Result<Option<T>, Failure> {
    let Some(text) = vars.get(name) else { return Ok(None) };
    match text.trim().parse() {
        Ok(value) => Ok(Some(value)),
        Err(_) => Err(Failure::user(format!("environment variable {name} is '{text}', wanted {wanted}"))),
    }
}

fn require_sha256(pin: &str) -> Result<String, Failure> {
    let pin = pin.trim().trim_start_matches("sha256:").to_ascii_lowercase();
    if pin.len() == 64 && pin.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(pin);
    }
    Err(Failure::user(format!("environment variable ALGOHOST_COMPONENT_SHA256 is '{pin}', wanted 64 hexadecimal digits")))
}

fn megabytes(mb: u64) -> usize {
    usize::try_from(mb.saturating_mul(1 << 20)).unwrap_or(usize::MAX)
}
