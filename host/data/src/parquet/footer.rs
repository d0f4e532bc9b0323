//! What a Parquet file holds and where: the `FileMetaData` at its end.
//!
//! After <https://github.com/apache/parquet-format>. It is read here rather than by the `parquet` crate because that follows a schema's
//! nesting on the stack and reserves room for as many children as a group claims, so that a small broken file ends the process. Only
//! what flat columns of numbers need is kept.

use algohost_kernels::Context;

use super::super::files::Source;
use super::schema::{Column, Columns};
use super::thrift::{Fault, Field, Thrift};

/// What a file begins and ends with.
const MAGIC: &[u8; 4] = b"PAR1";

/// The end of a file whose footer is encrypted.
const ENCRYPTED: &[u8; 4] = b"PARE";

/// Bytes after the metadata: their length and the magic number.
const TAIL: u64 = 8;

/// Longest metadata that is read; those of 1000 row groups of 1000 columns have some 100 MB.
const LONGEST: u64 = 256 << 20;

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Footer {
    pub(super) columns: Vec<Column>,
    /// Those that have rows.
    pub(super) groups: Vec<Group>,
}

/// Some rows, each of whose columns lies in one piece.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Group {
    /// The number of its first row in the file.
    pub(super) start: u64,
    pub(super) rows: u64,
    pub(super) chunks: Vec<Chunk>,
}

/// Where a column of a row group lies: pages one after the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) start: u64,
    pub(super) bytes: u64,
    /// Number of the format's `CompressionCodec`.
    pub(super) codec: i32,
    physical: i32,
    values: u64,
}

/// Why a footer was not read.
#[derive(Debug)]
pub(super) enum Problem {
    /// As the end of a sentence about the file.
    Wrong(String),
    Unreadable(std::io::Error),
    /// There is no memory for it.
    Memory(algohost_kernels::Error),
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Problem {
        Problem::Wrong(format!("the metadata at the end of the file is broken: {}", fault.told()))
    }
}

/// Reads the footer of a file of `size` bytes.
pub(super) fn read(context: &Context, file: &Source, size: u64) -> Result<Footer, Problem> {
    let wrong = |what: String| Problem::Wrong(what);
    let mut head = [0; 4];
    let mut tail = [0; TAIL as usize];
    if size < 4 + TAIL {
        return Err(wrong(format!("not a Parquet file: {size} bytes long; 12 are the shortest possible")));
    }
    let tail_at = size - TAIL;
    read_exact(file, 0, &mut head)?;
    read_exact(file, tail_at, &mut tail)?;
    let [a, b, c, d, end @ ..] = tail;
    if end == *ENCRYPTED {
        return Err(wrong("the file is encrypted, which is not supported".to_owned()));
    }
    if head != *MAGIC {
        return Err(wrong("not a Parquet file: it does not begin with PAR1".to_owned()));
    }
    if end != *MAGIC {
        return Err(wrong("no whole Parquet file: it does not end with PAR1".to_owned()));
    }
    let length = u64::from(u32::from_le_bytes([a, b, c, d]));
    if length > tail_at - 4 {
        let most = tail_at - 4;
        return Err(wrong(format!("broken: its last bytes say that {length} bytes of metadata precede them, where {most} are")));
    }
    if length > LONGEST {
        return Err(wrong(format!("{length} bytes of metadata; at most {LONGEST} are supported")));
    }
    // What is made of the bytes is at most so many times as large.
    let _charge = context.budget().charge("read", length as usize * 32).map_err(Problem::Memory)?;
    let mut bytes = vec![0; length as usize];
    read_exact(file, tail_at - length, &mut bytes)?;
    parse(&bytes, tail_at - length)
}

fn read_exact(file: &Source, offset: u64, buffer: &mut [u8]) -> Result<(), Problem> {
    file.read_exact(offset, buffer).map_err(Problem::Unreadable)
}

/// Reads the metadata of a file whose pages end before byte `pages_end`.
fn parse(bytes: &[u8], pages_end: u64) -> Result<Footer, Problem> {
    let (mut rows, mut columns, mut groups, mut encrypted) = (0, Columns::default(), Vec::new(), false);
    Thrift::new(bytes).fields(|thrift, field| match field.id {
        2 => thrift.structs(field, |thrift| columns.read(thrift)),
        3 => {
            rows = thrift.count(field)?;
            Ok(())
        }
        4 => thrift.structs(field, |thrift| {
            groups.push(Group::read(thrift)?);
            Ok(())
        }),
        8 => {
            encrypted = true;
            thrift.skip(field)
        }
        _ => thrift.skip(field),
    })?;
    if encrypted {
        return Err(Problem::Wrong("columns of the file are encrypted, which is not supported".to_owned()));
    }
    let columns = columns.finish().map_err(Problem::Wrong)?;
    let count = groups.len();
    let mut start = 0_u64;
    for (index, group) in groups.iter_mut().enumerate() {
        group.start = start;
        group.check(&columns, pages_end).map_err(|what| Problem::Wrong(format!("row group {} of {count}: {what}", index + 1)))?;
        start = start.saturating_add(group.rows);
    }
    if start != rows {
        return Err(Problem::Wrong(format!("broken: its metadata say {rows} rows, its row groups have {start}")));
    }
    groups.retain(|group| group.rows > 0);
    Ok(Footer { columns, groups })
}

impl Group {
    fn read(thrift: &mut Thrift<'_>) -> Result<Group, Fault> {
        let mut group = Group::default();
        thrift.fields(|thrift, field| match field.id {
            1 => thrift.structs(field, |thrift| {
                group.chunks.push(Chunk::read(thrift)?);
                Ok(())
            }),
            3 => {
                group.rows = thrift.count(field)?;
                Ok(())
            }
            _ => thrift.skip(field),
        })?;
        if group.chunks.is_empty() { Err(Fault::Wrong("a row group has no columns".to_owned())) } else { Ok(group) }
    }

    /// Holds the group against the columns and the file's size.
    fn check(&self, columns: &[Column], pages_end: u64) -> Result<(), String> {
        if self.chunks.len() != columns.len() {
            return Err(format!("it has {} columns, the file has {}", self.chunks.len(), columns.len()));
        }
        for (chunk, column) in self.chunks.iter().zip(columns) {
            let wrong = |what: String| Err(format!("column {}: {what}", column.quoted()));
            if chunk.values != self.rows {
                return wrong(format!("{} values in {} rows", chunk.values, self.rows));
            }
            if chunk.physical != column.physical as i32 {
                return wrong("its type is another than the file's schema says".to_owned());
            }
            if self.rows > 0 && (chunk.start < 4 || chunk.start.checked_add(chunk.bytes).is_none_or(|end| end > pages_end)) {
                return wrong(format!("its {} bytes from byte {} on are not within the file's pages", chunk.bytes, chunk.start));
            }
        }
        Ok(())
    }
}

impl Chunk {
    fn read(thrift: &mut Thrift<'_>) -> Result<Chunk, Fault> {
        let mut chunk = Chunk::default();
        let mut found = false;
        thrift.fields(|thrift, field| match field.id {
            1 => Err(Fault::Wrong("a column lies in another file, which is not supported".to_owned())),
            3 => {
                found = true;
                chunk.read_metadata(thrift, field)
            }
            _ => thrift.skip(field),
        })?;
        if found { Ok(chunk) } else { Err(Fault::Wrong("a column of a row group has no metadata, as if it were encrypted".to_owned())) }
    }

    fn read_metadata(&mut self, thrift: &mut Thrift<'_>, field: Field) -> Result<(), Fault> {
        let (mut data, mut dictionary) = (0, None);
        thrift.inner(field, |thrift, field| {
            match field.id {
                1 => self.physical = thrift.integer32(field)?,
                4 => self.codec = thrift.integer32(field)?,
                5 => self.values = thrift.count(field)?,
                7 => self.bytes = thrift.count(field)?,
                9 => data = thrift.count(field)?,
                11 => dictionary = Some(thrift.count(field)?),
                _ => thrift.skip(field)?,
            }
            Ok(())
        })?;
        // Some writers give 0 where there is no dictionary.
        self.start = dictionary.filter(|&at| at > 0 && at < data).unwrap_or(data);
        Ok(())
    }
}
