//! The bytes of a data file from any place on, wherever they come from.

use std::borrow::Borrow;
use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

use algohost_kernels::{Charge, Context};

use super::packed::Packed;
use super::pipe::Epoch;
use super::{DataFile, read_up_to};

/// What stands behind a data file.
#[derive(Clone)]
pub(super) enum Content {
    /// A file as it lies there.
    Plain,
    /// A file that is unpacked while it is read.
    Packed(Packed),
    /// One epoch of a pipe.
    Piped(Arc<Epoch>),
    /// An object of a pipe, for a format that is not read from front to back.
    Held(Arc<Held>),
}

/// Bytes in memory that is paid for.
pub(in super::super) struct Held {
    bytes: Vec<u8>,
    _charge: Charge,
}

impl Held {
    pub(super) fn new(bytes: Vec<u8>, charge: Charge) -> Held {
        Held { bytes, _charge: charge }
    }
}

/// An open data file.
pub(in super::super) enum Source {
    Plain(File),
    Packed(Packed),
    Piped(Arc<Epoch>),
    Held(Arc<Held>),
}

impl DataFile {
    /// Opens the file.
    pub(in super::super) fn open(&self) -> io::Result<Source> {
        Ok(match &self.content {
            Content::Plain => Source::Plain(File::open(&self.path)?),
            Content::Packed(packed) => Source::Packed(packed.clone()),
            Content::Piped(epoch) => Source::Piped(epoch.clone()),
            Content::Held(held) => Source::Held(held.clone()),
        })
    }

    /// Where its bytes end. Of a pipe that is not known before it was read so far, and any place may be one of its bytes.
    pub(in super::super) fn end(&self) -> u64 {
        match &self.content {
            Content::Piped(epoch) => epoch.end().unwrap_or(u64::MAX),
            _ => self.bytes,
        }
    }

    /// Keeps a pipe's epoch to its end, so that it can be read like a file; charged to the context's budget. Nothing for other files.
    pub(in super::super) fn keep_all(&self, context: &Context) -> io::Result<()> {
        match &self.content {
            Content::Piped(epoch) => epoch.keep_all(context),
            _ => Ok(()),
        }
    }

    /// Whether it is a file as it lies there, so that any place of it is as near as any other.
    pub(in super::super) fn is_plain(&self) -> bool {
        matches!(self.content, Content::Plain)
    }

    /// Whether it can only be read once, from front to back.
    pub(in super::super) fn is_piped(&self) -> bool {
        matches!(self.content, Content::Piped(_))
    }
}

impl Source {
    /// Bytes in memory that is paid for.
    pub(in super::super) fn held(bytes: Vec<u8>, charge: Charge) -> Source {
        Source::Held(Arc::new(Held::new(bytes, charge)))
    }

    /// Reads until the buffer is full or the file ends; answers the number of bytes read.
    pub(in super::super) fn read_up_to(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Source::Plain(file) => read_up_to(file, offset, buffer),
            Source::Packed(packed) => packed.read_up_to(offset, buffer),
            Source::Piped(epoch) => epoch.read_up_to(offset, buffer),
            Source::Held(held) => {
                let rest = usize::try_from(offset).ok().and_then(|offset| held.bytes.get(offset..)).unwrap_or_default();
                let length = rest.len().min(buffer.len());
                buffer[..length].copy_from_slice(&rest[..length]);
                Ok(length)
            }
        }
    }

    /// Reads as many bytes as the buffer holds.
    ///
    /// # Errors
    /// Unexpected end when the file has fewer.
    pub(in super::super) fn read_exact(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        if self.read_up_to(offset, buffer)? < buffer.len() { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }
}

/// A source from a place on to its end.
pub(in super::super) struct Forward<S> {
    source: S,
    at: u64,
}

impl<S: Borrow<Source>> Forward<S> {
    pub(in super::super) fn new(source: S, at: u64) -> Forward<S> {
        Forward { source, at }
    }
}

impl<S: Borrow<Source>> Read for Forward<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.source.borrow().read_up_to(self.at, buffer)?;
        self.at += length as u64;
        Ok(length)
    }
}
