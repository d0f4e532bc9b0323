//! A bar that shows how far a job is, where somebody looks at a terminal. Lines of the log and of metrics go above it.

use std::io::IsTerminal as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::progress::sense_of;

/// Steps of a bar: tenths of a per cent.
const STEPS: u64 = 1000;

/// The bar that is being shown. There is one terminal.
static BAR: Mutex<Option<Bar>> = Mutex::new(None);

struct Bar {
    bar: ProgressBar,
    /// 0 when it is not known.
    total: f64,
}

fn shown() -> MutexGuard<'static, Option<Bar>> {
    BAR.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether somebody looks at a terminal.
pub(super) fn is_possible() -> bool {
    std::io::stderr().is_terminal()
}

/// Shows how much is done; `total` is 0 when it is not known.
pub(super) fn show(done: f64, total: f64) {
    let Some((done, total)) = sense_of(done, total) else { return };
    let mut shown = shown();
    // Another total is other work.
    let bar = match shown.take().filter(|bar| bar.total.to_bits() == total.to_bits()) {
        Some(bar) => shown.insert(bar),
        None => shown.insert(Bar { bar: new_bar(total), total }),
    };
    if total > 0.0 {
        bar.bar.set_position(((done / total).min(1.0) * STEPS as f64) as u64);
    } else {
        bar.bar.set_message(format!("{done} done"));
    }
}

fn new_bar(total: f64) -> ProgressBar {
    let template = if total > 0.0 { "train: [{wide_bar}] {percent} %, {eta} left " } else { "train: {spinner} {msg}, {elapsed}" };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> ");
    // At most ten times a second, however often the algorithm tells.
    ProgressBar::with_draw_target((total > 0.0).then_some(STEPS), ProgressDrawTarget::stderr_with_hz(10)).with_style(style)
}

/// Does something that writes to the terminal, with the bar out of the way.
pub(super) fn above<R>(write: impl FnOnce() -> R) -> R {
    match &*shown() {
        Some(bar) => bar.bar.suspend(write),
        None => write(),
    }
}

/// The end: the bar is removed.
pub(super) fn clear() {
    if let Some(bar) = shown().take() {
        bar.bar.finish_and_clear();
    }
}
