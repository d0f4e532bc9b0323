//! Data files packed with gzip or Zstandard, told by their first bytes; several members or frames may follow one another.
//!
//! A packed file can only be unpacked from its beginning. When a channel is opened, each is unpacked once without keeping anything, which
//! checks it and finds its length, so that a place in a file means the same whether it is packed or not. Then it is unpacked while it is
//! read, once for each pass over the channel; the last few megabytes stay, because threads do not ask for their pieces strictly in order.
//! Asking for what lies farther back begins anew, which is slow and right. Only some files are open at a time.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use algohost_kernels::{Cancel, Context};
use anyhow::{Context as _, Result};

use super::super::batch::each;
use super::super::reading::read_full;
use super::frames::Frames;
use super::source::Content;
use super::stream::{BLOCK, Stream};
use super::{DataFile, lock, read_up_to};
use algohost_failure::Failure;

/// Most bytes that a file may unpack to: so many times its size, and 1 GB.
pub(in super::super) const MOST: u64 = 1000;
pub(in super::super) const MOST_ANYWAY: u64 = 1_000_000_000;

/// How a file is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Packing {
    Gzip,
    Zstandard,
}

impl Packing {
    /// What a file's first bytes say.
    fn of(head: &[u8]) -> Option<Packing> {
        match head {
            [0x1F, 0x8B, ..] => Some(Packing::Gzip),
            [0x28, 0xB5, 0x2F, 0xFD, ..] | [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..] => Some(Packing::Zstandard),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Packing::Gzip => "gzip",
            Packing::Zstandard => "Zstandard",
        }
    }

    fn open(self, path: &Path) -> io::Result<Box<dyn Read>> {
        Ok(self.unpack(BufReader::with_capacity(64 << 10, File::open(path)?)))
    }

    fn unpack(self, bytes: impl BufRead + 'static) -> Box<dyn Read> {
        match self {
            Packing::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(bytes)),
            Packing::Zstandard => Box::new(Frames::new(bytes)),
        }
    }
}

/// A packed file of a channel.
#[derive(Clone)]
pub(in super::super) struct Packed {
    path: PathBuf,
    packing: Packing,
    channel: Arc<Streams>,
}

/// The packed files of a channel that are open.
struct Streams {
    open: Mutex<VecDeque<(PathBuf, Shared)>>,
    most: usize,
    cancel: Cancel,
}

type Shared = Arc<Mutex<Stream>>;

impl Packed {
    /// Reads until the buffer is full or the file ends; answers the number of bytes read.
    pub(super) fn read_up_to(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let stream = self.stream()?;
        let mut stream = lock(&stream);
        if offset < stream.start() {
            *stream = self.begin()?;
        }
        stream.read_up_to(offset, buffer)
    }

    fn begin(&self) -> io::Result<Stream> {
        let (packing, path) = (self.packing, self.path.clone());
        Stream::new(Box::new(move || packing.open(&path)), &self.channel.cancel, 2 * self.channel.most)
    }

    /// The file's stream, opened if it is not.
    fn stream(&self) -> io::Result<Shared> {
        let mut open = lock(&self.channel.open);
        if let Some((_, stream)) = open.iter().find(|(path, _)| *path == self.path) {
            return Ok(stream.clone());
        }
        if open.len() >= self.channel.most {
            open.pop_front();
        }
        let stream = Arc::new(Mutex::new(self.begin()?));
        open.push_back((self.path.clone(), stream.clone()));
        Ok(stream)
    }

    /// Unpacks the file once, for its length.
    fn measure(&self, context: &Context, file: &DataFile, name: &str) -> Result<u64> {
        let most = file.bytes.saturating_mul(MOST).saturating_add(MOST_ANYWAY);
        let mut source = self.packing.open(&self.path).with_context(|| format!("{name}: cannot be read"))?;
        let (mut length, mut block) = (0_u64, vec![0; BLOCK]);
        loop {
            context.check("read").map_err(super::super::fault::kernel)?;
            let read = match read_full(&mut source, &mut block) {
                Ok(0) => return Ok(length),
                Ok(read) => read as u64,
                Err(error) => {
                    let why =
                        if error.kind() == io::ErrorKind::UnexpectedEof { "the file ends too early".to_owned() } else { error.to_string() };
                    let what = format!("{name}: {} data broken after {length} unpacked bytes or a little more: {why}", self.packing.name());
                    return Err(Failure::user(what).into());
                }
            };
            length += read;
            if length > most {
                let what = format!("{name}: {} bytes unpack to more than {most}, 1000 times as many and 1 GB", file.bytes);
                return Err(Failure::user(what).help("unpack the file, if it is what it should be").into());
            }
        }
    }
}

/// The same files, those that are packed with what they hold unpacked.
///
/// # Errors
/// Invalid input for a file that is cut off or broken, or that unpacks to far more than it should; io when a file cannot be read.
pub(in super::super) fn unpack(context: &Context, channel: &str, files: Vec<DataFile>) -> Result<Vec<DataFile>> {
    let streams = Arc::new(Streams { open: Mutex::default(), most: context.threads() + 2, cancel: context.cancel().clone() });
    let bytes = files.iter().map(|file| file.bytes as usize).sum();
    each(context, bytes, files, |_: &mut (), file| {
        let name = format!("{channel}/{}", file.name);
        let mut head = [0; 4];
        let read = File::open(&file.path).and_then(|source| read_up_to(&source, 0, &mut head));
        let length = read.with_context(|| format!("{name}: cannot be read"))?;
        let Some(packing) = Packing::of(&head[..length]) else {
            return Ok(file);
        };
        let packed = Packed { path: file.path.clone(), packing, channel: streams.clone() };
        let bytes = packed.measure(context, &file, &name)?;
        Ok(DataFile { bytes, content: Content::Packed(packed), ..file })
    })
}

/// The bytes of a source, unpacked where they are packed.
pub(super) fn unpacked(mut bytes: impl BufRead + 'static) -> io::Result<Box<dyn Read>> {
    let mut head = vec![0; 4];
    let length = read_full(&mut bytes, &mut head)?;
    head.truncate(length);
    let packing = Packing::of(&head);
    let bytes = io::Cursor::new(head).chain(bytes);
    Ok(match packing {
        Some(packing) => packing.unpack(bytes),
        None => Box::new(bytes),
    })
}

#[cfg(test)]
mod tests;
