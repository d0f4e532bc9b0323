//! What the server counts and measures, for `/metrics`.

use std::sync::atomic::{AtomicI64, AtomicU64};
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

/// Where the time of a request goes.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq, EncodeLabelValue)]
pub(super) enum Phase {
    /// Waiting for an instance.
    Queue,
    /// From bytes to a tensor.
    Decode,
    /// In the algorithm, its kernels included.
    Guest,
    /// Of that, in kernels and whatever else it imports.
    Kernel,
    /// From tensors to bytes.
    Encode,
    /// From the headers to the answer, the body's way included.
    Total,
}

impl Phase {
    const ALL: [Phase; 6] = [Phase::Queue, Phase::Decode, Phase::Guest, Phase::Kernel, Phase::Encode, Phase::Total];
}

/// How long the phases of a request took.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Times {
    pub(super) queue: Duration,
    pub(super) decode: Duration,
    pub(super) guest: Duration,
    pub(super) kernel: Duration,
    pub(super) encode: Duration,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfPhase {
    phase: Phase,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Answered {
    code: u16,
}

/// What is known when somebody asks.
#[derive(Default)]
pub(super) struct Now {
    pub(super) waiting: usize,
    pub(super) instances: usize,
    pub(super) models: usize,
    pub(super) guest_bytes: u64,
    pub(super) tensor_bytes: u64,
    /// Streamed answers and conversations.
    pub(super) streams: usize,
    pub(super) sessions: usize,
    pub(super) session_bytes: u64,
}

/// Everything that is counted and measured.
pub(super) struct Gauges {
    registry: Registry,
    answers: Family<Answered, Counter>,
    /// In the order of [`Phase::ALL`].
    seconds: [Histogram; 6],
    batch_requests: Histogram,
    batch_rows: Histogram,
    broken: Counter,
    restarts: Counter,
    now: [Gauge<i64, AtomicI64>; 8],
}

impl Gauges {
    pub(super) fn new() -> Gauges {
        let mut registry = Registry::with_prefix("algohost");
        let answers = Family::default();
        registry.register("requests", "Requests to /invocations and to models, by the status of the answer", answers.clone());
        let phases = Family::<OfPhase, Histogram>::new_with_constructor(|| Histogram::new(exponential_buckets(1e-5, 4.0, 12)));
        let seconds = Phase::ALL.map(|phase| phases.get_or_create_owned(&OfPhase { phase }));
        registry.register_with_unit("request", "Where the time of answered requests went", Unit::Seconds, phases);
        let sizes = || Histogram::new(exponential_buckets(1.0, 4.0, 8));
        let (batch_requests, batch_rows) = (sizes(), sizes());
        registry.register("batch_requests", "Requests that were answered by one call of the algorithm", batch_requests.clone());
        registry.register("batch_rows", "Rows of one call of the algorithm", batch_rows.clone());
        let (broken, restarts) = (Counter::<u64, AtomicU64>::default(), Counter::<u64, AtomicU64>::default());
        registry.register("traps", "Instances that broke off in a request", broken.clone());
        registry.register("restarts", "Instances that were made in the place of broken ones", restarts.clone());
        let now = std::array::from_fn(|_| Gauge::default());
        let [waiting, instances, models, guest, tensors, streams, sessions, session_bytes]: [Gauge<i64, AtomicI64>; 8] = now.clone();
        registry.register("requests_waiting", "Requests that wait for an instance", waiting);
        registry.register("instances", "Threads that can answer", instances);
        registry.register("models", "Models that are loaded", models);
        registry.register_with_unit("guest_memory", "Linear memory of all instances", Unit::Bytes, guest);
        registry.register_with_unit("tensor_memory", "Tensors of all instances, weights included", Unit::Bytes, tensors);
        registry.register("streams", "Streamed answers and conversations that are under way", streams);
        registry.register("sessions", "Sessions that are open", sessions);
        registry.register_with_unit("session_memory", "What algorithms keep of sessions", Unit::Bytes, session_bytes);
        Gauges { registry, answers, seconds, batch_requests, batch_rows, broken, restarts, now }
    }

    /// An answer was sent.
    pub(super) fn answered(&self, code: u16, total: Duration, times: Option<Times>) {
        self.answers.get_or_create(&Answered { code }).inc();
        let [queue, decode, guest, kernel, encode, whole] = &self.seconds;
        whole.observe(total.as_secs_f64());
        if let Some(times) = times {
            queue.observe(times.queue.as_secs_f64());
            decode.observe(times.decode.as_secs_f64());
            guest.observe(times.guest.as_secs_f64());
            kernel.observe(times.kernel.as_secs_f64());
            encode.observe(times.encode.as_secs_f64());
        }
    }

    /// Rows of several requests were, or one request's are, answered by one call.
    pub(super) fn called(&self, requests: usize, rows: usize) {
        self.batch_requests.observe(requests as f64);
        self.batch_rows.observe(rows as f64);
    }

    /// An instance broke off.
    pub(super) fn broke(&self) {
        self.broken.inc();
    }

    /// An instance was made in the place of a broken one.
    pub(super) fn restarted(&self) {
        self.restarts.inc();
    }

    /// All of it as OpenMetrics text.
    pub(super) fn text(&self, now: &Now) -> String {
        let counts = [now.waiting, now.instances, now.models].map(|count| count as i64);
        let bytes = [now.guest_bytes, now.tensor_bytes].map(|bytes| bytes as i64);
        let lasting = [now.streams as i64, now.sessions as i64, now.session_bytes as i64];
        let values = counts.into_iter().chain(bytes).chain(lasting);
        for (gauge, value) in self.now.iter().zip(values) {
            gauge.set(value);
        }
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = text::encode(&mut text, &self.registry);
        text
    }
}
