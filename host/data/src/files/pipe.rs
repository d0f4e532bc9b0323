//! A channel in Pipe mode: for each epoch a named pipe, which its writer makes once the one before it was read or closed.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use algohost_kernels::Context;
use anyhow::{Context as _, Result};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;

use super::super::fault::quote;
use super::super::framing::next_payload;
use super::contents::Contents;
use super::packed::unpacked;
use super::source::{Content, Forward, Held, Source};
use super::stream::{Opener, Stream};
use super::{DataFile, lock};
use algohost_failure::{Code, Failure};

/// How long one look at a pipe waits for bytes.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// How long between two looks whether a pipe is there.
const PAUSE: Duration = Duration::from_millis(20);

/// After so long without a byte the log tells what is waited for, and again after as long.
const REMINDER: Duration = Duration::from_secs(10);

/// Bytes that are asked of a pipe at a time, and which it holds at once by default.
const CHUNK: usize = 64 << 10;

/// The pipes of a channel.
#[derive(Debug)]
pub struct Pipe {
    channel: String,
    /// Their path without the epoch's number.
    path: PathBuf,
    /// Whether each object of the channel comes in a RecordIO record.
    framed: bool,
    /// The epoch that comes next.
    next: AtomicU32,
    busy: AtomicBool,
}

/// What stands between the contents of two objects that come in records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Joint {
    /// A line's end, where the object does not end with one.
    Line,
    Nothing,
}

/// One epoch being read. There is only one at a time, because its pipe has only one reader and the next comes after it.
pub(in super::super) struct Epoch {
    pipe: Arc<Pipe>,
    number: u32,
    stream: Mutex<Stream>,
    ended: Arc<AtomicBool>,
}

impl Pipe {
    /// The pipes `PATH_0`, `PATH_1`, ... of a channel; `framed` where the job's `RecordWrapperType` is `RecordIO`.
    pub fn new(channel: &str, path: PathBuf, framed: bool) -> Pipe {
        Pipe { channel: channel.to_owned(), path, framed, next: AtomicU32::new(0), busy: AtomicBool::new(false) }
    }

    /// Whether each object of the channel comes in a RecordIO record.
    pub(in super::super) fn is_framed(&self) -> bool {
        self.framed
    }

    /// Begins the next epoch: its pipe is waited for, opened and read on a thread of its own.
    ///
    /// # Errors
    /// Bad operation while an epoch is being read.
    pub(in super::super) fn begin(self: &Arc<Pipe>, context: &Context, joint: Option<Joint>) -> Result<DataFile> {
        if self.busy.swap(true, Ordering::AcqRel) {
            let what = format!("channel {}: comes through a pipe, which is being read", quote(self.channel.as_bytes()));
            let help = "a pipe has one reader: drop the one that is open, or go on with it";
            return Err(Failure::new(Code::BadOperation, what).help(help).into());
        }
        let number = self.next.fetch_add(1, Ordering::AcqRel);
        let ended = Arc::new(AtomicBool::new(false));
        let opener = self.opener(number, joint, &ended);
        let stream = Stream::new(opener, context.cancel(), 0).inspect_err(|_| self.busy.store(false, Ordering::Release))?;
        let epoch = Arc::new(Epoch { pipe: Arc::clone(self), number, stream: Mutex::new(stream), ended });
        Ok(DataFile { name: epoch.name(), path: epoch.path(), bytes: 0, content: Content::Piped(epoch) })
    }

    /// The objects of the next epoch, held in memory: each record's contents, or all there is.
    ///
    /// # Errors
    /// As [`Pipe::begin`]; limit exceeded beyond the budget, invalid input for what is no record.
    pub(in super::super) fn objects(self: &Arc<Pipe>, context: &Context) -> Result<Vec<DataFile>> {
        let whole = self.begin(context, None)?;
        let mut bytes = Forward::new(whole.open()?, 0);
        let mut objects = Vec::new();
        let describe = || format!("channel {}: {} cannot be read", quote(self.channel.as_bytes()), whole.name);
        loop {
            let left = context.budget().limit().saturating_sub(context.budget().used());
            let object = if self.framed { next_payload(&mut bytes, left) } else { rest(&mut bytes, left) };
            let Some(object) = object.with_context(describe)? else {
                return Ok(objects);
            };
            let charge = context.budget().charge("read", object.len()).map_err(super::super::fault::kernel)?;
            let name = format!("{}[{}]", whole.name, objects.len());
            let bytes = object.len() as u64;
            let content = Content::Held(Arc::new(Held::new(object, charge)));
            objects.push(DataFile { name, path: whole.path.clone(), bytes, content });
        }
    }

    /// For messages: the pipes' path.
    pub(in super::super) fn shown(&self) -> String {
        format!("{}_0, _1, ...", self.path.display())
    }

    fn opener(&self, number: u32, joint: Option<Joint>, ended: &Arc<AtomicBool>) -> Opener {
        let path = self.path_of(number);
        let (ended, framed) = (Arc::clone(ended), self.framed);
        Box::new(move || {
            let bytes = BufReader::with_capacity(CHUNK, Waiting::open(path, ended)?);
            Ok(match joint.filter(|_| framed) {
                Some(joint) => Box::new(Contents::new(bytes, joint)),
                None if framed => Box::new(bytes),
                // The platform unpacks what it knows to be packed; what it does not know comes as it is.
                None => unpacked(bytes)?,
            })
        })
    }

    fn path_of(&self, number: u32) -> PathBuf {
        let mut path = self.path.clone().into_os_string();
        path.push(format!("_{number}"));
        path.into()
    }
}

impl Epoch {
    /// The pipe's name.
    pub(super) fn name(&self) -> String {
        self.path().file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    pub(super) fn path(&self) -> PathBuf {
        self.pipe.path_of(self.number)
    }

    /// Where the bytes end, once they did.
    pub(super) fn end(&self) -> Option<u64> {
        lock(&self.stream).end()
    }

    /// Reads until the buffer is full or the epoch ends; answers the number of bytes read.
    pub(super) fn read_up_to(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut stream = lock(&self.stream);
        if offset < stream.start() {
            let what = format!("{}: cannot go back to byte {offset} of a pipe; {} is the first at hand", self.name(), stream.start());
            return Err(io::Error::other(Failure::new(Code::Io, what)));
        }
        stream.read_up_to(offset, buffer)
    }

    /// Reads on to the end and keeps everything, charged to the context's budget.
    pub(super) fn keep_all(&self, context: &Context) -> io::Result<()> {
        lock(&self.stream).keep_all(|bytes| {
            context.budget().charge("read", bytes).map_err(|error| {
                let what = format!("channel {}: an epoch must be held in memory: {error}", quote(self.pipe.channel.as_bytes()));
                io::Error::other(Failure::new(Code::LimitExceeded, what))
            })
        })
    }
}

/// All that is left, and one byte more than `most` at most; none when nothing is.
fn rest(bytes: &mut Forward<Source>, most: u64) -> io::Result<Option<Vec<u8>>> {
    let mut all = Vec::new();
    bytes.take(most.saturating_add(1)).read_to_end(&mut all)?;
    Ok((!all.is_empty()).then_some(all))
}

impl Drop for Epoch {
    fn drop(&mut self) {
        // Closing the pipe, read to its end or not, is what makes its writer begin the next.
        self.ended.store(true, Ordering::Release);
        self.pipe.busy.store(false, Ordering::Release);
    }
}

/// A pipe that is read as bytes come, and whose end is only seen when there was a writer.
struct Waiting {
    file: File,
    path: PathBuf,
    ended: Arc<AtomicBool>,
    last: Instant,
}

impl Waiting {
    /// Opens the pipe once it is there.
    fn open(path: PathBuf, ended: Arc<AtomicBool>) -> io::Result<Waiting> {
        let mut last = Instant::now();
        tracing::debug!("waiting for the pipe {}", path.display());
        loop {
            // Without waiting for a writer, so that the wait can end.
            match OpenOptions::new().read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(&path) {
                Ok(file) => return Ok(Waiting { file, path, ended, last }),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
            stop_if(&ended)?;
            remind(&mut last, "waiting for the pipe", &path);
            std::thread::sleep(PAUSE);
        }
    }
}

impl Read for Waiting {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            stop_if(&self.ended)?;
            let mut fds = [PollFd::new(&self.file, PollFlags::IN)];
            poll(&mut fds, Some(&LOOK))?;
            // Linux says HUP only when there was a writer, while a read would take none for the end at once.
            if fds[0].revents().is_empty() {
                remind(&mut self.last, "waiting for data in the pipe", &self.path);
                continue;
            }
            match self.file.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => {
                    self.last = Instant::now();
                    return read;
                }
            }
        }
    }
}

fn stop_if(ended: &AtomicBool) -> io::Result<()> {
    if ended.load(Ordering::Acquire) { Err(io::Error::other("nobody reads the pipe any more")) } else { Ok(()) }
}

fn remind(last: &mut Instant, what: &str, path: &std::path::Path) {
    if last.elapsed() >= REMINDER {
        tracing::info!("{what} {}", path.display());
        *last = Instant::now();
    }
}
