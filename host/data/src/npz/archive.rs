//! The members of an NPZ file, which is a ZIP archive, and their bytes.

use std::io::{self, BufReader, Read};
use std::sync::Arc;

use algohost_kernels::Context;
use anyhow::{Context as _, Result};

use super::super::fault::{kernel, quote};
use super::super::files::{DataFile, Forward, MOST, MOST_ANYWAY, Source};
use super::super::reading::read_full;
use algohost_failure::{Code, Failure};

/// Most members of a file; arrays of rows are few.
const MOST_MEMBERS: usize = 1000;

/// Bytes unpacked between two looks at whether the work was cancelled.
const BLOCK: usize = 256 << 10;

/// A member of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Member {
    /// Without `.npy`.
    pub(super) name: String,
    /// Bytes when it is unpacked.
    pub(super) bytes: u64,
    start: u64,
    packed: u64,
    deflated: bool,
    checksum: u32,
}

/// Lists the members of a file, of which only those that end in `.npy` count. `name` is the file's, for errors.
///
/// # Errors
/// Invalid input when it is no such archive, when a member is encrypted, packed otherwise or unpacks to far more than it should; io when
/// it cannot be read.
pub(super) fn members(name: &str, file: &DataFile) -> Result<Vec<Member>> {
    let wrong = |error: rawzip::Error| match error.into_kind() {
        rawzip::ErrorKind::IO(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
            anyhow::Error::new(error).context(format!("{name}: cannot be read"))
        }
        kind => Failure::user(format!("{name}: not an NPZ file, or a broken one: {kind}")).into(),
    };
    let source = At(file.open().with_context(|| format!("{name}: cannot be read"))?);
    let mut buffer = vec![0; rawzip::MAX_CENTRAL_DIRECTORY_RECORD_SIZE];
    let archive = rawzip::ZipLocator::new().locate_in_reader(source, &mut buffer, file.bytes).map_err(|(_, error)| wrong(error))?;
    let (mut entries, mut members) = (archive.entries(&mut buffer), Vec::<Member>::new());
    while let Some(entry) = entries.next_entry().map_err(wrong)? {
        let path = entry.file_path();
        let Some(own) = path.as_bytes().strip_suffix(b".npy") else { continue };
        let refuse = |what: &str| Failure::user(format!("{name}: member {}: {what}", quote(own)));
        let own = std::str::from_utf8(own).map_err(|_| refuse("its name is no UTF-8"))?;
        if members.iter().any(|member| member.name == own) {
            return Err(refuse("occurs twice").into());
        }
        if members.len() == MOST_MEMBERS {
            return Err(Failure::user(format!("{name}: more than {MOST_MEMBERS} members")).into());
        }
        if entry.flags().is_encrypted() {
            return Err(refuse("encrypted, which is not supported").into());
        }
        let deflated = match entry.compression_method() {
            rawzip::CompressionMethod::STORE => false,
            rawzip::CompressionMethod::DEFLATE => true,
            method => {
                return Err(refuse(&format!("packed with method {}; stored and deflated members are supported", method.as_u16())).into());
            }
        };
        let (start, end) = archive.get_entry(entry.wayfinder()).map_err(wrong)?.compressed_data_range();
        let (packed, bytes) = (end.saturating_sub(start), entry.uncompressed_size_hint());
        if end > file.bytes || (!deflated && packed != bytes) {
            return Err(refuse("its bytes are not within the file").into());
        }
        let most = packed.saturating_mul(MOST).saturating_add(MOST_ANYWAY);
        if bytes > most {
            let what = format!("{packed} bytes unpack to {bytes}, more than 1000 times as many and 1 GB");
            return Err(refuse(&what).help("store the array unpacked (numpy.savez), if it is what it should be").into());
        }
        members.push(Member { name: own.to_owned(), bytes, start, packed, deflated, checksum: entry.crc32() });
    }
    Ok(members)
}

/// The bytes of a member: where they lie in the file, or unpacked in memory.
#[derive(Clone)]
pub(super) struct Content {
    source: Arc<Source>,
    start: u64,
    bytes: u64,
}

impl Member {
    /// The first bytes, at most as many as there is room for; answers how many.
    ///
    /// # Errors
    /// As the system and the unpacking have them.
    pub(super) fn begin(&self, file: &Source, room: &mut [u8]) -> io::Result<usize> {
        let length = room.len().min(usize::try_from(self.bytes).unwrap_or(usize::MAX));
        if !self.deflated {
            return file.read_up_to(self.start, &mut room[..length]);
        }
        read_full(&mut self.unpacking(file), &mut room[..length])
    }

    /// All bytes: those of a deflated member are unpacked, checked, and charged to the budget. `name` is the file's, for errors.
    ///
    /// # Errors
    /// Invalid input when they cannot be unpacked; limit exceeded beyond the budget; io when the file cannot be read.
    pub(super) fn content(&self, context: &Context, name: &str, file: &Arc<Source>) -> Result<Content> {
        if !self.deflated {
            return Ok(Content { source: file.clone(), start: self.start, bytes: self.bytes });
        }
        let broken = |why: String| Failure::user(format!("{name}: member {}: broken: {why}", quote(self.name.as_bytes())));
        let charge = context.budget().charge("read", self.bytes as usize).map_err(|error| {
            let what = format!("{name}: member {}: no memory to unpack {} bytes", quote(self.name.as_bytes()), self.bytes);
            Failure::new(Code::LimitExceeded, what).help(error.message)
        })?;
        let mut source = self.unpacking(file);
        let (mut bytes, mut checksum) = (Vec::new(), flate2::Crc::new());
        loop {
            context.check("read").map_err(kernel)?;
            let from = bytes.len();
            let most = (self.bytes - from as u64 + 1).min(BLOCK as u64);
            let read = (&mut source).take(most).read_to_end(&mut bytes).map_err(|error| broken(error.to_string()))?;
            checksum.update(&bytes[from..]);
            if bytes.len() as u64 > self.bytes || (read == 0 && (bytes.len() as u64) < self.bytes) {
                return Err(broken("it unpacks to another length than the archive says".to_owned()).into());
            }
            if read == 0 {
                break;
            }
        }
        if checksum.sum() != self.checksum {
            return Err(broken("its checksum is not that of its bytes".to_owned()).into());
        }
        Ok(Content { source: Arc::new(Source::held(bytes, charge)), start: 0, bytes: self.bytes })
    }

    fn unpacking<'a>(&self, file: &'a Source) -> impl Read + use<'a> {
        let part = Forward::new(file, self.start).take(self.packed);
        flate2::bufread::DeflateDecoder::new(BufReader::with_capacity(64 << 10, part))
    }
}

/// A file as the archive's reader wants it.
struct At(Source);

impl rawzip::ReaderAt for At {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_up_to(offset, buffer)
    }
}

impl Content {
    /// Reads exactly as many bytes as there is room for.
    ///
    /// # Errors
    /// As the system has it; unexpected end of file when there are fewer.
    pub(super) fn read_exact_at(&self, offset: u64, room: &mut [u8]) -> io::Result<()> {
        let length = room.len().min(usize::try_from(self.bytes.saturating_sub(offset)).unwrap_or(usize::MAX));
        let read = self.source.read_up_to(self.start + offset, &mut room[..length])?;
        if read < room.len() { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }
}
