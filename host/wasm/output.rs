//! A guest's standard output and error: whole lines become log lines, and the last ones are kept to explain a trap.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use crate::telemetry;

/// Longer lines are shown in pieces.
const LONGEST_LINE: usize = 4096;
/// Lines kept to explain a trap.
const KEPT_LINES: usize = 40;

/// Both streams of one guest.
#[derive(Clone, Default)]
pub(super) struct Output(Arc<Mutex<Lines>>);

#[derive(Default)]
struct Lines {
    partial: Vec<u8>,
    last: VecDeque<String>,
}

impl Output {
    fn push(&self, bytes: &[u8]) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for &byte in bytes {
            if byte == b'\n' || lines.partial.len() >= LONGEST_LINE {
                lines.end_line();
            }
            if byte != b'\n' {
                lines.partial.push(byte);
            }
        }
    }

    /// What the guest wrote last, oldest line first; the next call begins with nothing.
    pub(super) fn take_last_lines(&self) -> Vec<String> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.end_line();
        lines.last.drain(..).collect()
    }
}

impl Lines {
    fn end_line(&mut self) {
        if self.partial.is_empty() {
            return;
        }
        let line = telemetry::one_line(&String::from_utf8_lossy(&self.partial));
        self.partial.clear();
        telemetry::guest_output(&line);
        if self.last.len() == KEPT_LINES {
            self.last.pop_front();
        }
        self.last.push_back(line);
    }
}

impl IsTerminal for Output {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Output {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        // Only WASI 0.3 asks for it, which is not linked.
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl OutputStream for Output {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.push(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(64 * 1024)
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Output {
    async fn ready(&mut self) {}
}
