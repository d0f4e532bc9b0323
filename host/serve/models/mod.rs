//! Models that come and go: loaded, listed, asked and unloaded while the server runs.
//!
//! A model is its weights, opened once, and a recipe for instances. Instances that nobody needs at the moment stay warm in one pool of a
//! fixed size, and the one that was used longest ago gives way; so a thousand models take little more than their weights. There is no HTTP
//! type in here.

mod loading;

use std::collections::BTreeMap;
use std::ops::Bound;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::gauges::Gauges;
use super::lanes::{Outcome, Work};
use super::seats::{Pool, Seats};
use crate::failure::{Code, Failure};
use crate::wasm::Usage;
use loading::Loaded;
pub(super) use loading::Loader;

/// How often a model that is to go is looked at, whether its last request is answered.
const LOOK: Duration = Duration::from_millis(2);

/// Why a model was not loaded, found or unloaded.
pub(super) enum Refusal {
    /// There is one of that name.
    Exists,
    /// There is none of that name.
    Unknown,
    /// Name or place make no sense, or there is nothing.
    Request(Failure),
    /// It needs more memory than is left.
    NoMemory(Failure),
    /// It cannot be loaded.
    Broken(Failure),
}

/// All models.
pub(super) struct Models {
    loader: Loader,
    known: Mutex<Known>,
    pool: Arc<Pool>,
    next: AtomicU64,
    /// How long unloading waits for requests that are being answered.
    patience: Duration,
}

#[derive(Default)]
struct Known {
    /// None while a model is being loaded.
    models: BTreeMap<String, Option<Arc<Model>>>,
    /// Bytes of weights, and those of models that are being loaded.
    bytes: u64,
}

/// A loaded model.
pub(super) struct Model {
    name: String,
    url: String,
    seats: Arc<Seats>,
    /// Of its component.
    digest: String,
    bytes: u64,
}

impl Models {
    /// No models yet. At most `warm` instances that are not busy are kept.
    pub(super) fn new(loader: Loader, warm: usize, patience: Duration) -> Models {
        let (known, pool) = (Mutex::default(), Arc::new(Pool::new(warm)));
        Models { loader, known, pool, next: AtomicU64::new(0), patience }
    }

    /// Loads a model from the folder that the platform calls `url`. Blocks while the algorithm's `load` runs.
    pub(super) fn load(&self, name: &str, url: &str) -> Result<(), Refusal> {
        let folder = self.loader.folder(url).map_err(Refusal::Request)?;
        let expected = self.reserve(name, &folder)?;
        let loaded = self.loader.load(&folder);
        let mut known = self.known();
        known.bytes -= expected;
        let Loaded { seat, recipe, digest } = match loaded {
            Ok(loaded) => loaded,
            Err(failure) => {
                known.models.remove(name);
                return Err(if failure.code == Code::LimitExceeded { Refusal::NoMemory(failure) } else { Refusal::Broken(failure) });
            }
        };
        let bytes = recipe.setup.archives.bytes();
        known.bytes += bytes;
        let seats = Arc::new(Seats::new(recipe, &self.pool, self.next.fetch_add(1, Ordering::Relaxed)));
        seats.give(seat);
        let model = Model { name: name.to_owned(), url: url.to_owned(), seats, digest, bytes };
        known.models.insert(name.to_owned(), Some(Arc::new(model)));
        drop(known);
        tracing::info!("serve: model '{}' is loaded, {bytes} bytes of weights", crate::telemetry::one_line(name));
        Ok(())
    }

    /// Notes that a model is being loaded, and what its files have.
    fn reserve(&self, name: &str, folder: &Path) -> Result<u64, Refusal> {
        let expected = loading::bytes_in(folder);
        let mut known = self.known();
        if known.models.contains_key(name) {
            return Err(Refusal::Exists);
        }
        let (used, limit) = (known.bytes, self.loader.limit());
        if used.saturating_add(expected) > limit {
            let what = format!("the model's files have {expected} bytes, {used} of {limit} bytes are in use by other models");
            return Err(Refusal::NoMemory(Failure::new(Code::LimitExceeded, what).help("ALGOHOST_TENSOR_MB sets the limit")));
        }
        known.bytes += expected;
        known.models.insert(name.to_owned(), None);
        Ok(expected)
    }

    /// Forgets a model, waits until its requests are answered, and frees its memory. Blocks meanwhile.
    pub(super) fn unload(&self, name: &str) -> Result<(), Refusal> {
        let model = {
            let mut known = self.known();
            let Some(Some(model)) = known.models.get(name) else { return Err(Refusal::Unknown) };
            let model = Arc::clone(model);
            known.models.remove(name);
            known.bytes -= model.bytes;
            if !known.models.values().flatten().any(|other| other.digest == model.digest) {
                self.loader.forget(&model.digest);
            }
            model
        };
        model.seats.close();
        let deadline = Instant::now() + self.patience;
        while Arc::strong_count(&model) > 1 && Instant::now() < deadline {
            std::thread::sleep(LOOK);
        }
        model.seats.forget();
        drop(model);
        tracing::info!("serve: model '{}' is unloaded", crate::telemetry::one_line(name));
        Ok(())
    }

    /// A loaded model.
    pub(super) fn get(&self, name: &str) -> Result<Arc<Model>, Refusal> {
        self.known().models.get(name).cloned().flatten().ok_or(Refusal::Unknown)
    }

    /// Up to `most` loaded models in the order of their names, from the one after `after` on; and whether there are more.
    pub(super) fn list(&self, after: Option<&str>, most: usize) -> (Vec<Arc<Model>>, bool) {
        let known = self.known();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut rest = known.models.range::<str, _>((from, Bound::Unbounded)).filter_map(|(_, model)| model.clone());
        let models: Vec<_> = rest.by_ref().take(most).collect();
        (models, rest.next().is_some())
    }

    /// How many are loaded.
    pub(super) fn count(&self) -> usize {
        self.known().models.values().flatten().count()
    }

    /// What their instances hold.
    pub(super) fn usage(&self) -> &Usage {
        self.loader.usage()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Model {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Bytes of its weights.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn seats(&self) -> &Arc<Seats> {
        &self.seats
    }

    /// Answers a request on one of its instances.
    pub(super) fn answer(&self, work: &Work, gauges: &Gauges) -> Outcome {
        self.seats.with(gauges, |seat| seat.answer(&work.request, work.session.clone()))
    }
}
