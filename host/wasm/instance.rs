//! One running copy of an algorithm: a store, and the calls into it.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use algohost_kernels::{Context, Permits, Tensor};
use anyhow::Result;
use tokio::sync::mpsc::Sender;
use wasmtime::component::Resource;
use wasmtime::{Store, UpdateDeadline};

use super::algorithm::Algorithm;
use super::archives::Archives;
use super::bindings::algohost::ml::requests::{Request, Response};
use super::bindings::algohost::ml::types;
use super::bindings::exports::algohost::ml::{conversation_handler, handler, metadata, predictor, stream_handler, trainer};
use super::checkpoints::Checkpoints;
use super::engine::Host;
use super::guest::{Guest, from_wit};
use super::job::{Grants, Job};
use super::limits::Limits;
use super::sessions::Session;
use super::streams::{AnswerWriter, Conversation, Part};
use super::trap;
use super::usage::Usage;
use super::watchdog::Deadline;
use crate::failure::{Code, Failure};

/// How long a component may take to start and to describe itself.
const DESCRIBE_LIMIT: Duration = Duration::from_secs(10);

/// What an instance is given.
#[derive(Clone)]
pub struct Setup {
    /// What it may know.
    pub job: Arc<Job>,
    /// What it may touch.
    pub grants: Grants,
    /// How much it may use.
    pub limits: Limits,
    /// How many kernels of all instances that share this may be in the pool at once.
    pub permits: Permits,
    /// The model files, opened once for all instances that share this.
    pub archives: Archives,
    /// Where the algorithm saves how far it has come.
    pub checkpoints: Checkpoints,
    /// Where what it holds is counted.
    pub usage: Usage,
}

/// A guest with memory, handles and limits of its own. It must be called on a thread with [`Host::THREAD_STACK_BYTES`] of stack that is no
/// worker of an async runtime.
pub struct Instance {
    store: Store<Guest>,
    limits: Limits,
    algorithm: Algorithm,
    metadata: Option<metadata::Guest>,
    trainer: Option<trainer::Guest>,
    predictor: Option<predictor::Guest>,
    handler: Option<handler::Guest>,
    stream_handler: Option<stream_handler::Guest>,
    conversation_handler: Option<conversation_handler::Guest>,
    broken: bool,
}

impl Instance {
    /// Instantiates an algorithm.
    ///
    /// # Errors
    /// When a granted folder cannot be opened, or the component breaks off while it starts.
    pub fn new(host: &Host, algorithm: &Algorithm, setup: &Setup) -> Result<Instance> {
        let guest = Guest::new(host, setup)?;
        host.watchdog().watch(&guest.deadline);
        let deadline = Arc::clone(&guest.deadline);
        let mut store = Store::new(host.engine(), guest);
        store.limiter(|guest| &mut guest.store_limits);
        store.set_hostcall_fuel(usize::try_from(setup.limits.tensor_bytes).unwrap_or(usize::MAX).max(setup.limits.memory_bytes));
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|store| {
            Ok(if store.data().deadline.is_over() { UpdateDeadline::Interrupt } else { UpdateDeadline::Continue(1) })
        });
        deadline.begin(Some(setup.limits.start));
        let started = algorithm.pre.instantiate(&mut store);
        deadline.end();
        let instance = started.map_err(|error| explain(&store, "start", &error, Some(setup.limits.start)))?;
        let broken_export = |error: wasmtime::Error| Failure::new(Code::BadComponent, format!("{}: {error:#}", algorithm.name()));
        let store_ref = &mut store;
        macro_rules! export {
            ($name:ident) => {
                algorithm.$name.as_ref().map(|indices| indices.load(&mut *store_ref, &instance)).transpose().map_err(broken_export)?
            };
        }
        Ok(Instance {
            metadata: export!(metadata),
            trainer: export!(trainer),
            predictor: export!(predictor),
            handler: export!(handler),
            stream_handler: export!(stream_handler),
            conversation_handler: export!(conversation_handler),
            store,
            limits: setup.limits.clone(),
            algorithm: algorithm.clone(),
            broken: false,
        })
    }

    /// A way to end its calls from another thread.
    pub fn interrupter(&self) -> Interrupter {
        Interrupter(Arc::clone(&self.store.data().deadline))
    }

    /// Whether it broke off in a call; then it must not be called again.
    pub fn is_broken(&self) -> bool {
        self.broken
    }

    /// The context in which tensors for this guest are made.
    pub fn context(&self) -> &Context {
        &self.store.data().context
    }

    /// What the component says about itself, as JSON.
    ///
    /// # Errors
    /// When the call breaks off.
    pub fn describe(&mut self) -> Result<String> {
        let Some(metadata) = self.metadata.clone() else { return Err(self.algorithm.lacks("metadata", "describe itself").into()) };
        Ok(self.call("describe", self.limits.call, |store| Ok(Ok(metadata.call_describe(store)?)))?)
    }

    /// Trains.
    ///
    /// # Errors
    /// What the algorithm returned, or why it broke off.
    pub fn train(&mut self) -> Result<()> {
        let Some(trainer) = self.trainer.clone() else { return Err(self.algorithm.lacks("trainer", "train").into()) };
        Ok(self.call("train", self.limits.call, |store| trainer.call_train(store))?)
    }

    /// Makes the instance ready to answer: calls `load` of whatever it exports.
    ///
    /// # Errors
    /// What the algorithm returned, or why it broke off.
    pub fn load(&mut self) -> Result<()> {
        let exports = self.algorithm.exports();
        if !exports.answers_at_once() && !exports.lasts() {
            return Err(self.algorithm.lacks("predictor and no handler", "serve").into());
        }
        if let Some(predictor) = self.predictor.clone() {
            self.call("load", Some(self.limits.start), |store| predictor.call_load(store))?;
        }
        if let Some(handler) = self.handler.clone() {
            self.call("load", Some(self.limits.start), |store| handler.call_load(store))?;
        }
        if let Some(handler) = self.stream_handler.clone() {
            self.call("load", Some(self.limits.start), |store| handler.call_load(store))?;
        }
        if let Some(handler) = self.conversation_handler.clone() {
            self.call("load", Some(self.limits.start), |store| handler.call_load(store))?;
        }
        Ok(())
    }

    /// Answers rows with rows: each output has as many as `features`, and at most two axes.
    ///
    /// # Errors
    /// What the algorithm returned, why it broke off, or what is wrong with its outputs.
    pub fn predict(&mut self, features: Tensor) -> Result<Vec<(String, Tensor)>, Failure> {
        let rows = features.shape().first().copied().unwrap_or(0);
        let Some(predictor) = self.predictor.clone() else { return Err(self.algorithm.lacks("predictor", "predict")) };
        let outputs = self.scoped(|instance| {
            let features = instance.store.data_mut().tensors.insert(features)?;
            let outputs =
                instance.call("predict", instance.limits.call, |store| predictor.call_predict(store, Resource::new_own(features)))?;
            let tensors = &mut instance.store.data_mut().tensors;
            // All are taken before any is looked at, so that one bad handle does not leave the others behind.
            let taken: Vec<_> = outputs.into_iter().map(|output| (output.name, tensors.take(output.value.rep()))).collect();
            taken.into_iter().map(|(name, tensor)| Ok((name, tensor?))).collect::<Result<Vec<_>, Failure>>()
        })?;
        require_rows(&outputs, rows)?;
        Ok(outputs)
    }

    /// Answers a raw request.
    ///
    /// # Errors
    /// What the algorithm returned, or why it broke off.
    pub fn handle(&mut self, request: Request<'_>) -> Result<Response, Failure> {
        let Some(handler) = self.handler.clone() else { return Err(self.algorithm.lacks("handler", "handle raw requests")) };
        self.scoped(|instance| instance.call("handle", instance.limits.call, |store| handler.call_handle(store, request)))
    }

    /// Answers a raw request part by part; no part at all when the algorithm writes none.
    ///
    /// # Errors
    /// What the algorithm returned, or why it broke off; parts may have been sent before.
    pub fn handle_stream(&mut self, request: Request<'_>, parts: Sender<Part>) -> Result<(), Failure> {
        let Some(handler) = self.stream_handler.clone() else { return Err(self.algorithm.lacks("stream-handler", "stream answers")) };
        self.scoped(|instance| {
            let number = instance.store.data_mut().answer_writer.put(AnswerWriter::new(parts));
            let limit = instance.limits.stream;
            let outcome =
                instance.call("handle-stream", limit, |store| handler.call_handle_stream(store, request, Resource::new_own(number)));
            // The guest may have dropped it long ago, or still hold it.
            instance.store.data_mut().answer_writer.remove(number);
            outcome
        })
    }

    /// Holds a conversation.
    ///
    /// # Errors
    /// What the algorithm returned, or why it broke off.
    pub fn converse(&mut self, request: Request<'_>, conversation: Conversation) -> Result<(), Failure> {
        let Some(handler) = self.conversation_handler.clone() else {
            return Err(self.algorithm.lacks("conversation-handler", "hold conversations"));
        };
        self.scoped(|instance| {
            let number = instance.store.data_mut().conversation.put(conversation);
            let limit = instance.limits.conversation;
            let outcome = instance.call("converse", limit, |store| handler.call_converse(store, request, Resource::new_own(number)));
            instance.store.data_mut().conversation.remove(number);
            outcome
        })
    }

    /// Says to which session the calls from now on belong; none: to no session.
    pub fn set_session(&mut self, session: Option<Session>) {
        self.store.data_mut().session = session;
    }

    /// From now on, measures for how long calls are in the host. That takes two looks at the clock for everything they import.
    pub fn measure_kernels(&mut self) {
        self.store.call_hook(|mut store, hook| {
            store.data_mut().kernel_time.note(hook);
            Ok(())
        });
    }

    /// For how long the last call was in the host, where that is measured: in kernels and whatever else the algorithm imports.
    pub fn kernel_time(&self) -> Duration {
        self.store.data().kernel_time.total()
    }

    /// Runs a call in a scope: what it makes and does not keep is freed with it.
    fn scoped<T>(&mut self, run: impl FnOnce(&mut Instance) -> Result<T, Failure>) -> Result<T, Failure> {
        let scope = self.store.data_mut().open_scope();
        let result = run(self);
        self.store.data_mut().close_scope(scope);
        result
    }

    /// Calls into the guest under its deadline. Whatever ends the call other than its return leaves the instance broken.
    fn call<T>(
        &mut self,
        name: &str,
        limit: Option<Duration>,
        call: impl FnOnce(&mut Store<Guest>) -> wasmtime::Result<Result<T, types::Error>>,
    ) -> Result<T, Failure> {
        let deadline = Arc::clone(&self.store.data().deadline);
        deadline.begin(limit);
        self.store.data_mut().kernel_time.begin();
        self.store.set_epoch_deadline(1);
        let outcome = catch_unwind(AssertUnwindSafe(|| call(&mut self.store)));
        deadline.end();
        // It could only answer errors from now on.
        self.broken = self.store.data().is_exhausted();
        match outcome {
            Ok(Ok(Ok(value))) => Ok(value),
            Ok(Ok(Err(error))) => Err(from_wit(&error)),
            Ok(Err(error)) => {
                self.broken = true;
                Err(explain(&self.store, name, &error, limit))
            }
            Err(panic) => {
                self.broken = true;
                Err(Failure::new(Code::Internal, format!("{name}: the host itself failed: {}", panic_text(&*panic)))
                    .help("This is a fault of algohost; please report it with the request or job that caused it"))
            }
        }
    }
}

/// Asks a component what it is, without a job.
///
/// # Errors
/// When it cannot be started or the call breaks off.
pub fn describe(host: &Host, algorithm: &Algorithm) -> Result<String> {
    let limits = Limits {
        memory_bytes: 1 << 30,
        tensor_bytes: 1 << 20,
        handles: 16,
        start: DESCRIBE_LIMIT,
        call: Some(DESCRIBE_LIMIT),
        stream: None,
        conversation: None,
    };
    let setup = Setup {
        job: Arc::default(),
        grants: Grants::default(),
        limits,
        permits: Permits::new(1),
        archives: Archives::default(),
        checkpoints: Checkpoints::default(),
        usage: Usage::default(),
    };
    on_guest_thread(|| Instance::new(host, algorithm, &setup)?.describe())?
}

/// Runs `work` on a thread with enough stack for guests, and waits for it.
///
/// # Errors
/// When the thread does not start.
pub fn on_guest_thread<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("guest".into()).stack_size(Host::THREAD_STACK_BYTES).spawn_scoped(scope, work);
        let thread = thread.map_err(|error| Failure::new(Code::Io, format!("a thread for the algorithm does not start: {error}")))?;
        thread.join().map_err(|panic| Failure::new(Code::Internal, format!("the host itself failed: {}", panic_text(&*panic))).into())
    })
}

/// Ends an instance's present call from another thread.
#[derive(Clone)]
pub struct Interrupter(Arc<Deadline>);

impl Interrupter {
    /// Interrupts the call, kernels included, once `grace` has passed.
    pub fn interrupt_after(&self, grace: Duration) {
        self.0.shorten(grace);
    }
}

fn explain(store: &Store<Guest>, call: &str, error: &wasmtime::Error, limit: Option<Duration>) -> Failure {
    trap::explain(call, error, &store.data().output.take_last_lines(), limit)
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

fn require_rows(outputs: &[(String, Tensor)], rows: usize) -> Result<(), Failure> {
    if outputs.is_empty() {
        return Err(Failure::new(Code::BadOperation, "predict: the algorithm returned no output"));
    }
    for (name, tensor) in outputs {
        let shape = tensor.shape();
        if shape.first() != Some(&rows) || shape.len() > 2 {
            let what =
                format!("predict: output '{name}' has shape {shape}, the request has {rows} rows: wanted [{rows}] or [{rows}, columns]");
            return Err(Failure::new(Code::BadOperation, what));
        }
    }
    Ok(())
}
