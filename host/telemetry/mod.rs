//! Log lines and metric lines: stderr and stdout are all that a container's operator sees.
//!
//! Logs go to stderr as one line each; metrics go to stdout as `name=value step=N`, which a metric regex such as
//! `train_loss=([0-9.eE+-]+)` matches. Nothing here prints rows, bodies or hyperparameter values.

mod bar;
mod curve;
mod lines;
mod log;
mod metrics;
mod progress;
mod record;

use tracing::Level;

pub use curve::{Curve, Point};
pub use lines::Embedded;
pub use log::{Warnings, warnings};
pub use metrics::{Declared, Telling};
pub use record::{Record, Shape};

/// The longest line that is shown whole.
const LONGEST: usize = 4096;

/// Starts logging at `level` ("error", "warn", "info", "debug", "trace"; anything else is "info"), each line as JSON where `format` is "json".
pub fn start(level: Option<&str>, format: Option<&str>) {
    let level = level.and_then(|level| level.parse::<Level>().ok()).unwrap_or(Level::INFO);
    let lines = tracing_subscriber::fmt().with_max_level(level).with_writer(log::Log).with_ansi(false).with_target(false);
    let started = match format {
        Some("json") => lines.json().flatten_event(true).with_span_list(false).try_init(),
        _ => lines.try_init(),
    };
    if started.is_err() {
        tracing::debug!("logging was started already");
    }
}

/// Text on one line: control characters escaped, cut at a few thousand bytes.
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len().min(LONGEST));
    for character in text.trim_end().chars() {
        if line.len() >= LONGEST {
            line.push('…');
            break;
        }
        if character.is_control() {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    line
}

/// A line that the guest wrote to its standard output or error.
pub fn guest_output(line: &str) {
    tracing::info!("algorithm: {line}");
}

/// A line that the guest logged.
pub fn guest_log(level: Level, message: &str) {
    let message = one_line(message);
    match level {
        Level::TRACE => tracing::trace!("algorithm: {message}"),
        Level::DEBUG => tracing::debug!("algorithm: {message}"),
        Level::INFO => tracing::info!("algorithm: {message}"),
        Level::WARN => tracing::warn!("algorithm: {message}"),
        Level::ERROR => tracing::error!("algorithm: {message}"),
    }
}
