//! Dynamic batching: the rows of several requests, answered by one call of the algorithm.
//!
//! Who waits in the queue is taken along, up to a number of rows, and as long as the first one may be kept waiting. Each request is decoded
//! and answered by itself, so that a wrong one concerns nobody else; and when a joint call fails, each is called for alone.

use std::time::{Duration, Instant};

use algohost_kernels::Tensor;
use tokio::sync::oneshot;
use tracing::Span;

use super::super::answer::{Request, Rows, Style};
use super::super::gauges::Times;
use super::super::worker::Seat;
use super::{Outcome, Shared, Work};
use crate::failure::{Code, Failure};
use crate::wasm::{Instance, Session};

/// How far requests are joined.
pub(in super::super) struct Joining {
    /// Rows after which no other request is taken along.
    pub(in super::super) rows: usize,
    /// How long the first request may wait for others.
    pub(in super::super) delay: Duration,
}

/// Requests that are answered by one call, all with rows of one width.
#[derive(Default)]
struct Lot {
    members: Vec<Member>,
    rows: usize,
}

/// A request whose rows are decoded.
struct Member {
    rows: Rows,
    features: Tensor,
    answer: oneshot::Sender<Outcome>,
    times: Times,
    span: Span,
}

/// Answers a request, and what joins it.
pub(super) fn answer(shared: &Shared, seat: &mut Seat, first: Work, joining: &Joining) {
    let mut next = Some(first).filter(|first| shared.begin(first));
    while let Some(first) = next.take() {
        let deadline = Instant::now() + joining.delay;
        let (mut lot, mut work) = (Lot::default(), Some(first));
        while let Some(found) = work.take() {
            next = lot.add(shared, seat, found);
            while next.is_none() && work.is_none() && lot.rows < joining.rows {
                let Some(found) = shared.next_until(deadline) else { break };
                work = Some(found).filter(|found| shared.begin(found));
            }
        }
        lot.answer(shared, seat);
    }
}

impl Lot {
    /// Takes a request in, or answers it, if it is wrong. Gives back one for which there is no room beside the others, or whose rows have
    /// another width.
    fn add(&mut self, shared: &Shared, seat: &mut Seat, work: Work) -> Option<Work> {
        let begun = Instant::now();
        let Work { request, model, session, answer, arrived, span } = work;
        let queue = begun - arrived;
        let rows = match (request, session) {
            (Request::Rows(rows), None) => rows,
            // A call is one session's, or none's.
            (request, session) => {
                answer_alone(shared, seat, answer, session, |instance, style| request.answer(instance, style));
                return None;
            }
        };
        match seat.guarded(|instance, style| rows.decode(instance, style)) {
            Ok(features) if self.members.first().is_some_and(|first| first.columns() != features.shape()[1]) => {
                return Some(Work { request: Request::Rows(rows), model, session: None, answer, arrived, span });
            }
            Ok(features) => {
                self.rows += features.shape()[0];
                let times = Times { queue, decode: begun.elapsed(), ..Times::default() };
                self.members.push(Member { rows, features, answer, times, span });
            }
            Err(failure) if failure.code == Code::TooLarge && !self.members.is_empty() => {
                return Some(Work { request: Request::Rows(rows), model, session: None, answer, arrived, span });
            }
            Err(failure) => drop(answer.send(Err(failure))),
        }
        None
    }

    fn answer(self, shared: &Shared, seat: &mut Seat) {
        let members = self.members;
        if members.len() > 1 {
            let begun = Instant::now();
            match seat.guarded(|instance, _| Ok((predict(instance, &members)?, instance.kernel_time()))) {
                Ok((outputs, kernel)) => {
                    shared.gauges.called(members.len(), self.rows);
                    return deal_out(seat, members, &outputs, begun.elapsed(), kernel);
                }
                Err(failure) => tracing::debug!("serve: {} requests are answered one by one: {failure}", members.len()),
            }
            mend(shared, seat);
        }
        for Member { rows, features, answer, times, span } in members {
            shared.gauges.called(1, features.shape()[0]);
            let answer_one = |instance: &mut Instance, style: &Style| rows.predict(instance, features, style, times);
            span.in_scope(|| answer_alone(shared, seat, answer, None, answer_one));
        }
    }
}

impl Member {
    fn columns(&self) -> usize {
        self.features.shape()[1]
    }
}

/// One call for all.
fn predict(instance: &mut Instance, members: &[Member]) -> Result<Vec<(String, Tensor)>, Failure> {
    let features: Vec<&Tensor> = members.iter().map(|member| &member.features).collect();
    let features = Tensor::concat(instance.context(), &features, 0)?;
    instance.predict(features)
}

/// Answers each request with its rows of the outputs.
fn deal_out(seat: &mut Seat, members: Vec<Member>, outputs: &[(String, Tensor)], guest: Duration, kernel: Duration) {
    let mut from = 0;
    for Member { rows, features, answer, times, .. } in members {
        let to = from + features.shape()[0];
        let part = |(name, tensor): &(String, Tensor)| Ok((name.clone(), tensor.slice(0, from..to)?));
        let times = Times { guest, kernel, ..times };
        let encoded = seat.guarded(|_, style| rows.encode(outputs.iter().map(part).collect::<Result<_, Failure>>()?, style, times));
        let _ = answer.send(encoded);
        from = to;
    }
}

fn answer_alone(
    shared: &Shared,
    seat: &mut Seat,
    answer: oneshot::Sender<Outcome>,
    session: Option<Session>,
    work: impl FnOnce(&mut Instance, &Style) -> Outcome,
) {
    let stopping = || Err(Failure::new(Code::Busy, "the server is stopping"));
    let _ = answer.send(if seat.is_broken() { stopping() } else { seat.guarded_in(session, work) });
    mend(shared, seat);
}

/// Replaces a broken instance; it stays broken only when the server stops.
fn mend(shared: &Shared, seat: &mut Seat) {
    if seat.is_broken() {
        seat.replace(shared);
    }
}
