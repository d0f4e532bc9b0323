//! The ends that a guest holds of an answer that is sent part by part, and of a conversation. What lies between them and the client is not
//! this room's business.

use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::error::{TryRecvError, TrySendError};
use tokio::sync::mpsc::{Receiver, Sender};

use super::imports::until_deadline;
use super::watchdog::Deadline;
use crate::failure::{Code, Failure};

/// Bytes that are handed over at once at most.
const PIECE: usize = 64 << 10;

/// How long a guest may go on with a client that is gone.
const GRACE: Duration = Duration::from_secs(5);

/// What makes up an answer.
#[derive(Debug, PartialEq, Eq)]
pub enum Part {
    /// Comes first.
    Head {
        /// 200 to 599.
        status: u16,
        /// Names and values as the guest wrote them.
        headers: Vec<(String, String)>,
    },
    /// Some bytes.
    Bytes(Bytes),
}

/// A message of a conversation.
#[derive(Debug)]
pub enum Message {
    /// Text.
    Text(String),
    /// Bytes.
    Binary(Bytes),
}

/// A message, and the room it takes until the guest has received it.
#[derive(Debug)]
pub struct Heard {
    /// What was said.
    pub message: Message,
    /// Given back when it is received.
    pub room: OwnedSemaphorePermit,
}

impl Message {
    /// Bytes of the payload.
    pub fn bytes(&self) -> usize {
        match self {
            Message::Text(text) => text.len(),
            Message::Binary(bytes) => bytes.len(),
        }
    }
}

/// The guest's end of an answer.
pub struct AnswerWriter {
    parts: Outlet<Part>,
    begun: bool,
}

impl AnswerWriter {
    /// One that sends to `parts`; when its receiver is gone, so is the client.
    pub fn new(parts: Sender<Part>) -> AnswerWriter {
        AnswerWriter { parts: Outlet::new(parts), begun: false }
    }

    pub(super) fn begin(&mut self, status: u16, headers: Vec<(String, String)>, deadline: &Deadline) -> Result<(), Failure> {
        let wrong = |what: String| Failure::new(Code::BadOperation, format!("answer-writer.begin: {what}"));
        if self.begun {
            return Err(wrong("the answer has begun already".into()));
        }
        if !(200..=599).contains(&status) {
            return Err(wrong(format!("status {status}, wanted 200 to 599")));
        }
        self.begun = true;
        self.parts.send(Part::Head { status, headers }, deadline)
    }

    pub(super) fn write(&mut self, part: Vec<u8>, deadline: &Deadline) -> Result<(), Failure> {
        if !self.begun {
            let headers = vec![("content-type".to_owned(), "application/octet-stream".to_owned())];
            self.begin(200, headers, deadline)?;
        }
        let mut rest = Bytes::from(part);
        while !rest.is_empty() {
            let piece = rest.split_to(rest.len().min(PIECE));
            self.parts.send(Part::Bytes(piece), deadline)?;
        }
        Ok(())
    }
}

/// The guest's end of a conversation.
pub struct Conversation {
    incoming: Receiver<Heard>,
    outgoing: Outlet<Message>,
    /// Bytes of a message at most.
    longest: usize,
}

impl Conversation {
    /// One that ends when the other end of `incoming` is gone; when that of `outgoing` is, so is the client.
    pub fn new(incoming: Receiver<Heard>, outgoing: Sender<Message>, longest: usize) -> Conversation {
        Conversation { incoming, outgoing: Outlet::new(outgoing), longest }
    }

    /// The next message; none when there will be no more.
    pub(super) fn receive(&mut self, deadline: &Deadline) -> Result<Option<Message>, Failure> {
        let heard = match self.incoming.try_recv() {
            Ok(heard) => Some(heard),
            Err(TryRecvError::Disconnected) => None,
            Err(TryRecvError::Empty) => in_time(deadline, self.incoming.recv())?,
        };
        Ok(heard.map(|heard| heard.message))
    }

    /// The next message, if it comes in time.
    pub(super) fn receive_within(&mut self, time: Duration, deadline: &Deadline) -> Result<Option<Message>, Failure> {
        match self.incoming.try_recv() {
            Ok(heard) => return Ok(Some(heard.message)),
            Err(TryRecvError::Disconnected) => return Ok(None),
            Err(TryRecvError::Empty) if time.is_zero() => return Ok(None),
            Err(TryRecvError::Empty) => {}
        }
        let heard = in_time(deadline, async { tokio::time::timeout(time, self.incoming.recv()).await })?;
        Ok(heard.ok().flatten().map(|heard| heard.message))
    }

    /// Whether nothing will come any more.
    pub(super) fn is_closed(&self) -> bool {
        self.incoming.is_closed() && self.incoming.is_empty()
    }

    pub(super) fn send(&mut self, message: Message, deadline: &Deadline) -> Result<(), Failure> {
        let (bytes, longest) = (message.bytes(), self.longest);
        if bytes > longest {
            let what = format!("conversation.send: the message has {bytes} bytes, at most {longest} are sent");
            return Err(Failure::new(Code::LimitExceeded, what).help("ALGOHOST_MAX_BODY_MB sets the limit"));
        }
        self.outgoing.send(message, deadline)
    }
}

/// The way to a client, which may go away.
struct Outlet<T> {
    to: Sender<T>,
    gone_since: Option<Instant>,
}

impl<T> Outlet<T> {
    fn new(to: Sender<T>) -> Outlet<T> {
        Outlet { to, gone_since: None }
    }

    /// Hands over as soon as there is room. Without a client that is an error, and in the end a trap: some guests never look at errors.
    fn send(&mut self, value: T, deadline: &Deadline) -> Result<(), Failure> {
        let sent = match self.to.try_send(value) {
            Ok(()) => true,
            Err(TrySendError::Closed(_)) => false,
            Err(TrySendError::Full(value)) => in_time(deadline, self.to.send(value))?.is_ok(),
        };
        if sent {
            return Ok(());
        }
        if self.gone_since.get_or_insert_with(Instant::now).elapsed() > GRACE {
            return Err(Failure::new(Code::Trap, format!("it went on for {} s after its client was gone", GRACE.as_secs())));
        }
        Err(Failure::new(Code::Interrupted, "the client is gone").help("Return from the call; nobody waits for its answer"))
    }
}

/// Waits for `work`, but no longer than the call may take.
fn in_time<T>(deadline: &Deadline, work: impl Future<Output = T>) -> Result<T, Failure> {
    until_deadline(deadline, work).ok_or_else(|| Failure::new(Code::Interrupted, "the time of the call is over"))
}
