//! What a process owes to the system it runs on, as PID 1 of a container above all: signals as values, and children reaped.
//!
//! PID 1 has no default action for SIGTERM, so without a handler a container could only be killed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::{Context, Result};
use crossbeam_channel::{Receiver, bounded};
use rustix::process::{Pid, WaitOptions, wait};
use signal_hook::consts::{SIGCHLD, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// The wish of the platform, or of somebody at a terminal, that the process ends.
#[derive(Clone)]
pub struct Stop {
    flag: Arc<AtomicBool>,
    received: Receiver<()>,
}

impl Stop {
    /// Watches for SIGTERM and SIGINT from now on; as PID 1, also reaps children that were left to us. The second signal ends the process at
    /// once.
    ///
    /// # Errors
    /// When handlers cannot be installed.
    pub fn watch() -> Result<Stop> {
        let is_init = rustix::process::getpid() == Pid::INIT;
        let mut signals = Signals::new([SIGTERM, SIGINT]).context("signal handlers cannot be installed")?;
        if is_init {
            signals.add_signal(SIGCHLD).context("signal handlers cannot be installed")?;
        }
        let (sender, received) = bounded(1);
        let flag = Arc::new(AtomicBool::new(false));
        let shared = Arc::clone(&flag);
        thread::Builder::new()
            .name("signals".into())
            .spawn(move || {
                // Apart from the flag, which a limit of time sets as well: the platform's first signal after it is still its first.
                let mut signalled = false;
                for signal in signals.forever() {
                    if signal == SIGCHLD {
                        reap_children();
                    } else if std::mem::replace(&mut signalled, true) {
                        tracing::warn!("second signal: ending at once");
                        exit_now(signal);
                    } else {
                        tracing::info!("{} received: coming to an end", if signal == SIGTERM { "SIGTERM" } else { "SIGINT" });
                        shared.store(true, Ordering::SeqCst);
                        let _ = sender.send(());
                    }
                }
            })
            .context("the signal thread does not start")?;
        Ok(Stop { flag, received })
    }

    /// True once the process should end.
    pub fn flag(&self) -> &Arc<AtomicBool> {
        &self.flag
    }

    /// Wishes for the end without a signal.
    pub fn request(&self) {
        self.flag.store(true, Ordering::SeqCst);
    }

    /// Yields one message when the process should end.
    pub fn received(&self) -> &Receiver<()> {
        &self.received
    }
}

#[expect(clippy::exit, reason = "the operator asked twice; nothing else may delay the end")]
fn exit_now(signal: i32) -> ! {
    std::process::exit(128 + signal)
}

fn reap_children() {
    while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
}
