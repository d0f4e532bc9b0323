//! Calls that last as long as their clients: answers that are sent part by part, and conversations.
//!
//! Each has a thread and an instance of its own, since it may wait for its client most of the time, and the instances of the lanes must not.
//! How many there are at once is bounded; who comes beyond that is told to come again. There is no HTTP type in here.

use std::sync::Arc;
use std::thread;

use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tracing::Span;

use super::answer::Raw;
use super::gauges::Gauges;
use super::models::Model;
use super::seats::Seats;
use crate::failure::{Code, Failure};
use crate::wasm::streams::{Conversation, Heard, Message, Part};
use crate::wasm::{self, Host, Instance, Session};

/// Parts of an answer, or messages, that are on their way to a client at most.
const UNDERWAY: usize = 16;

/// Messages of a client that the algorithm has not received yet at most.
const UNHEARD: usize = 64;

/// How the call ended; nothing when its thread did not live to say so.
pub(super) type Ending = oneshot::Receiver<Result<(), Failure>>;

/// How the call ended, from what its [`Ending`] tells.
pub(super) fn ended<E>(told: Result<Result<(), Failure>, E>) -> Result<(), Failure> {
    told.unwrap_or_else(|_| Err(Failure::new(Code::Internal, "the host itself failed with this request; its log has the place")))
}

/// How many of these calls there may be at once.
#[derive(Clone)]
pub(super) struct Places {
    free: Arc<Semaphore>,
    all: usize,
}

impl Places {
    pub(super) fn new(all: usize) -> Places {
        Places { free: Arc::new(Semaphore::new(all)), all }
    }

    /// Those that are taken.
    pub(super) fn taken(&self) -> usize {
        self.all - self.free.available_permits()
    }

    /// Takes one.
    ///
    /// # Errors
    /// [`Code::Busy`] when all are taken.
    pub(super) fn take(&self) -> Result<OwnedSemaphorePermit, Failure> {
        Arc::clone(&self.free).try_acquire_owned().map_err(|_| {
            Failure::new(Code::Busy, format!("{} streamed answers and conversations are under way, as many as may be; try again", self.all))
                .help("ALGOHOST_MAX_STREAMS sets the limit")
        })
    }
}

/// A call that is to be made.
pub(super) struct Call {
    pub(super) place: OwnedSemaphorePermit,
    pub(super) seats: Arc<Seats>,
    /// Not unloaded before the call is over; none where there is only one.
    pub(super) model: Option<Arc<Model>>,
    pub(super) session: Option<Session>,
    pub(super) request: Raw,
}

/// An answer on its way.
pub(super) struct Streamed {
    /// The head first.
    pub(super) parts: Receiver<Part>,
    pub(super) ending: Ending,
}

/// A conversation from the client's side.
pub(super) struct Talk {
    /// None once nothing more will be said.
    pub(super) to_algorithm: Option<Sender<Heard>>,
    pub(super) from_algorithm: Receiver<Message>,
    pub(super) ending: Ending,
}

impl Call {
    /// Begins an answer.
    ///
    /// # Errors
    /// When no thread can be started.
    pub(super) fn stream(self, gauges: &Arc<Gauges>) -> Result<Streamed, Failure> {
        let (sender, parts) = mpsc::channel(UNDERWAY);
        let ending = self.start("stream", gauges, move |instance, request| instance.handle_stream(request, sender))?;
        Ok(Streamed { parts, ending })
    }

    /// Begins a conversation of messages of up to `longest` bytes.
    ///
    /// # Errors
    /// When no thread can be started.
    pub(super) fn converse(self, longest: usize, gauges: &Arc<Gauges>) -> Result<Talk, Failure> {
        let (to_algorithm, incoming) = mpsc::channel(UNHEARD);
        let (outgoing, from_algorithm) = mpsc::channel(UNDERWAY);
        let conversation = Conversation::new(incoming, outgoing, longest);
        let ending = self.start("conversation", gauges, move |instance, request| instance.converse(request, conversation))?;
        Ok(Talk { to_algorithm: Some(to_algorithm), from_algorithm, ending })
    }

    fn start(
        self,
        name: &str,
        gauges: &Arc<Gauges>,
        work: impl FnOnce(&mut Instance, wasm::Request<'_>) -> Result<(), Failure> + Send + 'static,
    ) -> Result<Ending, Failure> {
        let (ended, ending) = oneshot::channel();
        let (gauges, span) = (Arc::clone(gauges), Span::current());
        let run = move || {
            let Call { place, seats, model, session, request } = self;
            let outcome = span.in_scope(|| {
                seats.with(&gauges, |seat| seat.guarded_in(session, |instance, _| request.with(|request| work(instance, request))))
            });
            drop((model, place));
            let _ = ended.send(outcome);
        };
        let builder = thread::Builder::new().name(name.to_owned()).stack_size(Host::THREAD_STACK_BYTES);
        builder.spawn(run).map_err(|error| Failure::new(Code::Busy, format!("a thread for the algorithm does not start: {error}")))?;
        Ok(ending)
    }
}
