//! Answers that are sent while they are made: chunks of HTTP, one for each part.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes};
use axum::response::Response;
use hyper::body::Frame;
use tokio::sync::mpsc::Receiver;

use super::super::answer::Head;
use super::super::lasting::{Call, Ending, Streamed, ended};
use super::Service;
use super::invocations::respond;
use crate::failure::{Code, Failure};
use crate::wasm::streams::Part;

/// Begins an answer, and waits for its head. Until then, a failure is an ordinary one.
pub(super) async fn stream(service: &Service, call: Call) -> Result<Response, Failure> {
    let Streamed { mut parts, ending } = call.stream(service.0.lane.gauges())?;
    match parts.recv().await {
        Some(Part::Head { status, headers }) => {
            Ok(respond(Head::new(status, headers)?, Vec::new()).map(|_| Body::new(Parts { parts, ending, failure: None, over: false })))
        }
        Some(Part::Bytes(_)) => Err(Failure::new(Code::Internal, "an answer began without its head")),
        None => {
            ended(ending.await)?;
            Ok(respond(Head::default(), Vec::new()))
        }
    }
}

/// What follows the head.
struct Parts {
    parts: Receiver<Part>,
    ending: Ending,
    /// Why it is broken off, once what was sent before has left.
    failure: Option<Failure>,
    over: bool,
}

impl hyper::body::Body for Parts {
    type Data = Bytes;
    type Error = Failure;

    /// An answer that was broken off ends with an error, so that the connection does, and nobody takes the parts for the whole.
    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Failure>>> {
        if self.over {
            return Poll::Ready(None);
        }
        if let Some(failure) = self.failure.take() {
            self.over = true;
            return Poll::Ready(Some(Err(failure)));
        }
        if let Some(part) = ready!(self.parts.poll_recv(context)) {
            return Poll::Ready(Some(match part {
                Part::Bytes(bytes) => Ok(Frame::data(bytes)),
                Part::Head { .. } => Err(Failure::new(Code::Internal, "an answer has a second head")),
            }));
        }
        let Err(failure) = ended(ready!(Pin::new(&mut self.ending).poll(context))) else {
            self.over = true;
            return Poll::Ready(None);
        };
        tracing::warn!("serve: a streamed answer is broken off: {failure}");
        self.failure = Some(failure);
        // The connection sends what it has before it asks again; an error at once would take that along.
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
