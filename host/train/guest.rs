//! The algorithm on its thread, and what ends it.

use std::time::{Duration, Instant};

use anyhow::Result;
use crossbeam_channel::{bounded, never, select};

use crate::failure::{Code, Failure};
use crate::process::Stop;
use crate::wasm::{Algorithm, Host, Instance, Setup};

/// How much longer than the grace time an interrupted algorithm is waited for.
const BACKSTOP: Duration = Duration::from_secs(5);

/// When the algorithm is to end.
pub(super) struct Ends {
    /// What it has to save its model once it is asked to.
    pub grace: Duration,
    /// The longest run time, and the moment when it is over and the algorithm asked to end.
    pub at: Option<(Duration, Instant)>,
}

/// Runs the guest on one of the kernels' threads, while this one listens for the platform's wish to stop and looks at the clock. A guest
/// that does not end in time is left behind: the process ends without it.
pub(super) fn run(host: &Host, algorithm: &Algorithm, setup: &Setup, stop: &Stop, ends: &Ends) -> Result<()> {
    let grace = ends.grace;
    let (ready, interrupter) = bounded(1);
    let (done, outcome) = bounded(1);
    let (pool, host, algorithm, setup) = (host.pool(), host.clone(), algorithm.clone(), setup.clone());
    let limit = ends.at;
    let time_is_up = limit.map_or_else(never, |(_, at)| crossbeam_channel::at(at));
    pool.start(move || {
        let trained = Instance::new(&host, &algorithm, &setup).and_then(|mut instance| {
            let interrupter = instance.interrupter();
            if let Some((_, at)) = limit {
                // From the beginning, so that the algorithm can see how long it has.
                interrupter.interrupt_after(at.saturating_duration_since(Instant::now()) + grace);
            }
            let _ = ready.send(interrupter);
            instance.train()
        });
        let _ = done.send(trained);
    });
    let ended = || Failure::new(Code::Internal, "the training thread ended without an answer");
    select! {
        recv(outcome) -> trained => return trained.map_err(|_| ended())?,
        recv(stop.received()) -> _ => {}
        recv(time_is_up) -> _ => {
            tracing::info!("train: the job's {} s are over", limit.map_or(0, |(limit, _)| limit.as_secs()));
            stop.request();
        }
    }
    tracing::info!("train: the algorithm has {} s to save its model", grace.as_secs());
    if let Ok(interrupter) = interrupter.recv_timeout(grace + BACKSTOP) {
        interrupter.interrupt_after(grace);
    }
    let late = |_| Failure::new(Code::Deadline, format!("train: the algorithm did not end within {} s of being asked to", grace.as_secs()));
    outcome.recv_timeout(grace + BACKSTOP).map_err(late)?
}
