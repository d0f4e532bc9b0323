//! Dynamic batching: the rows of several requests, answered by one call of the algorithm.
//!
//! Who waits in the queue is taken along, up to a number of rows, and as long as the first one may be kept waiting. Each request is decoded
//! and answered by itself, so that a wrong one concerns nobody else; and when a joint call fails, each is called for alone.

use std::time::{Duration, Instant};

use algohost_kernels::Tensor;
use tokio::sync::oneshot;

use super::answer::{Request, Rows, Style};
use super::lanes::{Outcome, Shared, Work};
use super::worker::Worker;
use crate::failure::{Code, Failure};
use crate::wasm::Instance;

/// How far requests are joined.
pub(super) struct Joining {
    /// Rows after which no other request is taken along.
    pub(super) rows: usize,
    /// How long the first request may wait for others.
    pub(super) delay: Duration,
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
}

/// Answers a request, and what joins it.
pub(super) fn answer(shared: &Shared, worker: &mut Worker, first: Work, joining: &Joining) {
    let mut next = Some(first).filter(|first| shared.begin(first));
    while let Some(first) = next.take() {
        let deadline = Instant::now() + joining.delay;
        let (mut lot, mut work) = (Lot::default(), Some(first));
        while let Some(found) = work.take() {
            next = lot.add(shared, worker, found);
            while next.is_none() && work.is_none() && lot.rows < joining.rows {
                let Some(found) = shared.next_until(deadline) else { break };
                work = Some(found).filter(|found| shared.begin(found));
            }
        }
        lot.answer(shared, worker);
    }
}

impl Lot {
    /// Takes a request in, or answers it, if it is wrong. Gives back one for which there is no room beside the others, or whose rows have
    /// another width.
    fn add(&mut self, shared: &Shared, worker: &mut Worker, work: Work) -> Option<Work> {
        let Work { request, answer } = work;
        let Request::Rows(rows) = request else {
            answer_alone(shared, worker, answer, |instance, style| request.answer(instance, style));
            return None;
        };
        match worker.guarded(|instance, style| rows.decode(instance, style)) {
            Ok(features) if self.members.first().is_some_and(|first| first.columns() != features.shape()[1]) => {
                return Some(Work { request: Request::Rows(rows), answer });
            }
            Ok(features) => {
                self.rows += features.shape()[0];
                self.members.push(Member { rows, features, answer });
            }
            Err(failure) if failure.code == Code::TooLarge && !self.members.is_empty() => {
                return Some(Work { request: Request::Rows(rows), answer });
            }
            Err(failure) => drop(answer.send(Err(failure))),
        }
        None
    }

    fn answer(self, shared: &Shared, worker: &mut Worker) {
        let members = self.members;
        if members.len() > 1 {
            match worker.guarded(|instance, _| predict(instance, &members)) {
                Ok(outputs) => return deal_out(worker, members, &outputs),
                Err(failure) => tracing::debug!("serve: {} requests are answered one by one: {failure}", members.len()),
            }
            mend(shared, worker);
        }
        for Member { rows, features, answer } in members {
            answer_alone(shared, worker, answer, |instance, style| rows.encode(instance.predict(features)?, style));
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
fn deal_out(worker: &mut Worker, members: Vec<Member>, outputs: &[(String, Tensor)]) {
    let mut from = 0;
    for Member { rows, features, answer } in members {
        let to = from + features.shape()[0];
        let part = |(name, tensor): &(String, Tensor)| Ok((name.clone(), tensor.slice(0, from..to)?));
        let _ = answer.send(worker.guarded(|_, style| rows.encode(outputs.iter().map(part).collect::<Result<_, Failure>>()?, style)));
        from = to;
    }
}

fn answer_alone(
    shared: &Shared,
    worker: &mut Worker,
    answer: oneshot::Sender<Outcome>,
    work: impl FnOnce(&mut Instance, &Style) -> Outcome,
) {
    let stopping = || Err(Failure::new(Code::Busy, "the server is stopping"));
    let _ = answer.send(if worker.is_broken() { stopping() } else { worker.guarded(work) });
    mend(shared, worker);
}

/// Replaces a broken instance; it stays broken only when the server stops.
fn mend(shared: &Shared, worker: &mut Worker) {
    if worker.is_broken() {
        worker.replace(shared);
    }
}
