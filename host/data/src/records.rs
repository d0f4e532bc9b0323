//! A channel's objects as they are: images, audio, text, whatever no tensor is decoded from.

use std::collections::VecDeque;
use std::io::{BufReader, Read};

use algohost_kernels::Context;
use anyhow::{Context as _, Result};

use super::content_type::ContentType;
use super::fault::{kernel, quote};
use super::files::{self, DataFile, Forward};
use super::framing::next_payload;
use super::reader::{Origin, Source};
use algohost_failure::{Code, Failure};

/// The longest record, in bytes.
const LONGEST: u64 = 1 << 30;

/// Bytes that are asked of a file with records at a time.
const CHUNK: usize = 64 << 10;

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawRecord {
    /// The file that it is or lies in; none of a pipe.
    pub name: Option<String>,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// Reads the records of a channel from the first to the last, any number of times.
///
/// A record is a file of the channel's folder, unpacked where it is packed; in a channel whose content type is a RecordIO one, what a frame
/// holds. In Pipe mode it is what a frame of the pipe holds: an object of the channel, an attribute of an augmented manifest.
pub struct Records {
    context: Context,
    source: Source,
    framed: bool,
    /// Files that were not begun.
    rest: VecDeque<DataFile>,
    /// The file with frames that is being read.
    open: Option<(DataFile, BufReader<Forward<files::Source>>)>,
    /// A record that did not fit into the last answer.
    held: Option<RawRecord>,
    /// Whether this epoch was begun, and whether anything was taken of it.
    begun: bool,
    taken: bool,
}

impl Records {
    /// Opens a channel.
    ///
    /// # Errors
    /// Invalid input without data files, for a content type that is none, and for a pipe whose objects come without borders; bad
    /// operation while another reader has the pipe.
    pub fn open(context: &Context, source: &Source) -> Result<Records> {
        let essence = source.content_type.as_deref().map(ContentType::parse).transpose()?.map(|known| known.essence().to_owned());
        let in_frames = essence.is_some_and(|essence| essence.contains("recordio"));
        let framed = match &source.origin {
            Origin::Folder(_) => in_frames,
            Origin::Pipe(pipe) if pipe.is_framed() || in_frames => true,
            Origin::Pipe(_) => {
                let what = format!("channel {}: nothing tells where the objects in the pipe end", quote(source.channel.as_bytes()));
                return Err(Failure::user(what).help("set RecordWrapperType to RecordIO in the job").into());
            }
        };
        let (context, source) = (context.clone(), source.clone());
        let mut records = Records { context, source, framed, rest: VecDeque::new(), open: None, held: None, begun: false, taken: false };
        records.begin()?;
        Ok(records)
    }

    /// The next records: at most `max_records`, and as many as have at most `max_bytes` together, but one at least. None at the end.
    ///
    /// # Errors
    /// Bad operation when no record is asked for; invalid input for a record that is broken or longer than 1 GiB; limit exceeded when it is
    /// longer than the memory granted for tensors; io when a file cannot be read.
    pub fn next(&mut self, max_records: usize, max_bytes: usize) -> Result<Vec<RawRecord>> {
        if max_records == 0 {
            return Err(Failure::new(Code::BadOperation, "next: max-records is 0; ask for one record at least").into());
        }
        self.begin()?;
        self.taken = true;
        let (mut records, mut bytes) = (Vec::new(), 0);
        while records.len() < max_records
            && let Some(record) = self.next_record()?
        {
            bytes += record.bytes.len();
            if bytes > max_bytes && !records.is_empty() {
                self.held = Some(record);
                break;
            }
            records.push(record);
        }
        Ok(records)
    }

    /// Begins the next epoch at the first record; of a channel in Pipe mode, when records are asked for.
    pub fn rewind(&mut self) {
        if !self.taken {
            return;
        }
        // A pipe has one reader: this one is closed before the next is opened.
        (self.rest, self.open, self.held, self.begun, self.taken) = (VecDeque::new(), None, None, false, false);
    }

    fn begin(&mut self) -> Result<()> {
        if self.begun {
            return Ok(());
        }
        self.rest = match &self.source.origin {
            Origin::Folder(folder) => {
                let files = files::list(folder)?;
                if files.is_empty() {
                    let what = format!("channel {}: no data files ({})", quote(self.source.channel.as_bytes()), folder.display());
                    return Err(Failure::user(what).into());
                }
                files::unpack(&self.context, &self.source.channel, files)?.into()
            }
            Origin::Pipe(pipe) => VecDeque::from([pipe.begin(&self.context, None)?]),
        };
        self.begun = true;
        Ok(())
    }

    fn next_record(&mut self) -> Result<Option<RawRecord>> {
        if self.held.is_some() {
            return Ok(self.held.take());
        }
        self.context.check("next").map_err(kernel)?;
        if !self.framed {
            return self.rest.pop_front().map(|file| self.whole(&file)).transpose();
        }
        loop {
            if let Some((file, frames)) = &mut self.open {
                let name = format!("{}/{}", self.source.channel, file.name);
                let payload = next_payload(frames, LONGEST).map_err(|error| explained(error, &name))?;
                if let Some(bytes) = payload {
                    let name = (!file.is_piped()).then(|| file.name.clone());
                    return Ok(Some(RawRecord { name, bytes }));
                }
            }
            let Some(file) = self.rest.pop_front() else {
                return Ok(None);
            };
            let frames = self.opened(&file)?;
            self.open = Some((file, BufReader::with_capacity(CHUNK, frames)));
        }
    }

    fn whole(&self, file: &DataFile) -> Result<RawRecord> {
        if file.end() > LONGEST {
            let what = format!("{}/{}: {} bytes, a record has at most {LONGEST}", self.source.channel, file.name, file.end());
            return Err(Failure::user(what).into());
        }
        // Not allocated unless the guest's tensors could take as much.
        let _charge = self.context.budget().charge("next", file.end() as usize).map_err(kernel)?;
        let mut bytes = Vec::new();
        let read = self.opened(file)?.take(LONGEST).read_to_end(&mut bytes);
        read.with_context(|| format!("{}/{}: cannot be read", self.source.channel, file.name))?;
        Ok(RawRecord { name: Some(file.name.clone()), bytes })
    }

    fn opened(&self, file: &DataFile) -> Result<Forward<files::Source>> {
        file.open().map(|source| Forward::new(source, 0)).with_context(|| format!("{}/{}: cannot be read", self.source.channel, file.name))
    }
}

/// What is wrong with a file, beginning with its name.
fn explained(error: std::io::Error, name: &str) -> anyhow::Error {
    match error.get_ref().and_then(|inside| inside.downcast_ref::<Failure>()) {
        Some(failure) => Failure { what: format!("{name}: {}", failure.what), ..failure.clone() }.into(),
        None => anyhow::Error::new(error).context(format!("{name}: cannot be read")),
    }
}
