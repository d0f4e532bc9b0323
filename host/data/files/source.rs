//! The bytes of a data file from any place on, unpacked where it is packed.

use std::fs::File;
use std::io;

use super::packed::Packed;
use super::{DataFile, read_up_to};

/// An open data file.
pub(in super::super) enum Source {
    /// As it lies there.
    Plain(File),
    /// Unpacked while it is read.
    Packed(Packed),
}

impl DataFile {
    /// Opens the file.
    pub(in super::super) fn open(&self) -> io::Result<Source> {
        match &self.packed {
            Some(packed) => Ok(Source::Packed(packed.clone())),
            None => Ok(Source::Plain(File::open(&self.path)?)),
        }
    }
}

impl Source {
    /// Reads until the buffer is full or the file ends; answers the number of bytes read.
    pub(in super::super) fn read_up_to(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Source::Plain(file) => read_up_to(file, offset, buffer),
            Source::Packed(packed) => packed.read_up_to(offset, buffer),
        }
    }
}
