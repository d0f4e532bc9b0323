//! A channel from its first row to its last, any number of times.

mod index_base;
mod options;
mod selection;

use std::path::{Path, PathBuf};

use algohost_kernels::{Context, DType};
use anyhow::Result;

use super::batch::{Batch, Layout, Number, Piece, fill};
use super::content_type::{ContentType, Format};
use super::fault::{plural, quote};
use super::files::{self, DataFile};
use super::npy::Npy;
use super::recordio::RecordIo;
use super::sparse::{SparseBatch, SparseTable, fill_sparse};
use super::text::{Csv, JsonLines, Libsvm, Text, open_csv, open_json_lines, open_libsvm};
use crate::failure::{Code, Failure};

pub use index_base::{Decision, IndexBase};
pub use options::Options;
pub use selection::{Part, Selection, Shuffle, Split};

/// The formats that channels are read in.
const FORMATS: [Format; 5] = [Format::Csv, Format::Libsvm, Format::JsonLines, Format::RecordIo, Format::Npy];

/// Where a channel lies and what the job says about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The channel's name, which errors begin with.
    pub channel: String,
    /// Its folder.
    pub dir: PathBuf,
    /// As the job gave it, parameters included. Without one the files' extensions (`.csv`, `.libsvm`, `.svm`, `.jsonl`, `.ndjson`, `.pbr`,
    /// `.rec`, `.recordio`, `.npy`; `.gz` and `.zst` after them do not matter) decide.
    pub content_type: Option<String>,
}

/// A place between two rows of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) file: usize,
    /// In the unit of the format: bytes, or rows.
    pub(super) offset: u64,
}

impl Position {
    pub(super) const START: Position = Position { file: 0, offset: 0 };
}

/// Reads a channel.
///
/// Rows come in the order of the files and of the lines in them; a batch may hold rows of several files.
pub struct Reader {
    context: Context,
    channel: String,
    dir: PathBuf,
    dtype: DType,
    layout: Layout,
    table: AnyTable,
    position: Position,
    /// Of libsvm.
    index_base: Option<Decision>,
}

enum AnyTable {
    Csv(Text<Csv>),
    Libsvm(Text<Libsvm>),
    JsonLines(Text<JsonLines>),
    RecordIo(RecordIo),
    Npy(Npy),
}

impl Reader {
    /// Opens a channel: lists its files and reads as much of them as is needed to know the columns, which is the first row of a CSV
    /// channel, all rows of a libsvm channel, and the headers of NPY files. Tensors are charged to the context's budget. `index_base` is
    /// that of all channels of the job.
    ///
    /// # Errors
    /// Unsupported media for a content type that is not read here; invalid input for a channel without rows or without feature columns,
    /// and for wrong data as far as it is read; not found without the folder.
    pub fn open(context: &Context, source: &Source, options: Options, index_base: &mut IndexBase) -> Result<Reader> {
        let files = files::list(&source.dir).map_err(|error| in_channel(&source.channel, error))?;
        if files.is_empty() {
            return Err(empty(&source.channel, &source.dir, "no data files"));
        }
        let (format, content_type) = describe(source, &files)?;
        let files = if format == Format::Npy { files } else { files::unpack(context, &source.channel, files)? };
        let content_type = content_type.as_ref();
        let said = content_type.map(ContentType::label_size).transpose().map_err(|error| in_channel(&source.channel, error))?;
        let labels = options.label_size.or(said.flatten());
        let no_rows = || empty(&source.channel, &source.dir, "no rows in the data files");
        let mut decision = None;
        let (table, layout) = match format {
            Format::Csv => {
                let csv = open_csv(&source.channel, files)?.ok_or_else(no_rows)?;
                let layout = layout(&source.channel, csv.format().cells(), labels.unwrap_or(1), &options)?;
                (AnyTable::Csv(csv), layout)
            }
            Format::JsonLines => {
                let lines = open_json_lines(&source.channel, files, labels, &options)?.ok_or_else(no_rows)?;
                let layout = lines.format().layout();
                (AnyTable::JsonLines(lines), layout)
            }
            Format::RecordIo => {
                let records = RecordIo::open(&source.channel, files, labels, &options)?.ok_or_else(no_rows)?;
                let layout = records.layout();
                (AnyTable::RecordIo(records), layout)
            }
            Format::Npy => {
                let npy = Npy::open(&source.channel, files)?;
                if npy.rows() == 0 {
                    return Err(no_rows());
                }
                let layout = layout(&source.channel, npy.columns(), labels.unwrap_or(0), &options)?;
                (AnyTable::Npy(npy), layout)
            }
            Format::Libsvm | Format::Json => {
                let labelled = match labels.unwrap_or(1) {
                    labels @ (0 | 1) => labels == 1,
                    labels => return Err(too_many_labels(&source.channel, labels)),
                };
                let said = content_type.map(ContentType::index_base).transpose().map_err(|error| in_channel(&source.channel, error))?;
                let decide = |has_zero| {
                    let decided = index_base.decide(context, &source.channel, said.flatten(), has_zero, options.label_size)?;
                    Ok(decision.insert(decided).base)
                };
                let (libsvm, layout) = open_libsvm(context, &source.channel, files, labelled, &options, decide)?.ok_or_else(no_rows)?;
                (AnyTable::Libsvm(libsvm), layout)
            }
        };
        let (channel, dir) = (source.channel.clone(), source.dir.clone());
        let (context, dtype, position) = (context.clone(), options.dtype, Position::START);
        Ok(Reader { context, channel, dir, dtype, layout, table, position, index_base: decision })
    }

    /// The next rows, at most `max_rows` and at least one; none at the end of the epoch.
    ///
    /// # Errors
    /// Invalid input with file and line when the data is wrong; limit exceeded beyond the budget; bad operation when no rows are asked for.
    pub fn next(&mut self, max_rows: usize) -> Result<Option<Batch>> {
        self.take("next", max_rows, Reader::decode)
    }

    /// As [`Reader::next`], with sparse features. Rows that are written sparsely (libsvm, sparse records) are never made dense; of others,
    /// what is 0 is left out.
    ///
    /// # Errors
    /// As [`Reader::next`].
    pub fn next_sparse(&mut self, max_rows: usize) -> Result<Option<SparseBatch>> {
        self.take("next-sparse", max_rows, Reader::decode_sparse)
    }

    /// All the rows from the present position on.
    ///
    /// # Errors
    /// As [`Reader::next`]; invalid input when there are none.
    pub fn read_all(&mut self) -> Result<Batch> {
        self.take_rest(Reader::decode)
    }

    /// As [`Reader::read_all`], with sparse features as [`Reader::next_sparse`] gives them.
    ///
    /// # Errors
    /// As [`Reader::read_all`].
    pub fn read_all_sparse(&mut self) -> Result<SparseBatch> {
        self.take_rest(Reader::decode_sparse)
    }

    fn take<B>(&mut self, operation: &str, max_rows: usize, decode: impl FnOnce(&Reader, &[Piece]) -> Result<B>) -> Result<Option<B>> {
        require_rows(operation, max_rows)?;
        // The position moves only when the rows were decoded, so that an error comes back instead of leaving rows out.
        let mut position = self.position;
        let pieces = match &mut self.table {
            AnyTable::Csv(csv) => csv.take(&mut position, max_rows)?,
            AnyTable::Libsvm(libsvm) => libsvm.take(&mut position, max_rows)?,
            AnyTable::JsonLines(lines) => lines.take(&mut position, max_rows)?,
            AnyTable::RecordIo(records) => records.take(&mut position, max_rows)?,
            AnyTable::Npy(npy) => npy.take(&mut position, max_rows),
        };
        let batch = if pieces.is_empty() { None } else { Some(decode(self, &pieces)?) };
        self.position = position;
        Ok(batch)
    }

    fn take_rest<B>(&mut self, decode: impl FnOnce(&Reader, &[Piece]) -> Result<B>) -> Result<B> {
        let mut position = self.position;
        let pieces = match &mut self.table {
            AnyTable::Csv(csv) => csv.rest(&self.context, &mut position)?,
            AnyTable::Libsvm(libsvm) => libsvm.rest(&self.context, &mut position)?,
            AnyTable::JsonLines(lines) => lines.rest(&self.context, &mut position)?,
            AnyTable::RecordIo(records) => records.rest(&self.context, &mut position)?,
            AnyTable::Npy(npy) => npy.take(&mut position, usize::MAX),
        };
        if pieces.is_empty() {
            return Err(empty(&self.channel, &self.dir, "no rows left; rewind to read them again"));
        }
        let batch = decode(self, &pieces)?;
        self.position = position;
        Ok(batch)
    }

    /// Begins the next epoch at the first row.
    pub fn rewind(&mut self) {
        self.position = Position::START;
    }

    /// The channel's name.
    pub fn channel(&self) -> &str {
        &self.channel
    }

    /// Number of feature columns.
    pub fn columns(&self) -> usize {
        self.layout.features
    }

    /// Whether rows are written sparsely, so that reading them so is what saves memory and time.
    pub fn is_sparse(&self) -> bool {
        match &self.table {
            AnyTable::Libsvm(_) => true,
            AnyTable::JsonLines(lines) => lines.format().is_sparse(),
            AnyTable::RecordIo(records) => records.is_sparse(),
            AnyTable::Csv(_) | AnyTable::Npy(_) => false,
        }
    }

    /// Where indices begin, and why; none unless the channel is libsvm.
    pub fn index_base(&self) -> Option<&Decision> {
        self.index_base.as_ref()
    }

    /// Rows in one epoch, where that is known: for NPY and libsvm always, for others once all of it was read with [`Reader::read_all`].
    pub fn rows(&self) -> Option<u64> {
        match &self.table {
            AnyTable::Csv(csv) => csv.rows(),
            AnyTable::Libsvm(libsvm) => libsvm.rows(),
            AnyTable::JsonLines(lines) => lines.rows(),
            AnyTable::RecordIo(records) => records.rows(),
            AnyTable::Npy(npy) => Some(npy.rows()),
        }
    }

    fn decode(&self, pieces: &[Piece]) -> Result<Batch> {
        match self.dtype {
            DType::Float64 => self.decode_as::<f64>(pieces),
            _ => self.decode_as::<f32>(pieces),
        }
    }

    fn decode_sparse(&self, pieces: &[Piece]) -> Result<SparseBatch> {
        match &self.table {
            AnyTable::Libsvm(libsvm) => self.fill_sparse(libsvm, pieces),
            AnyTable::JsonLines(lines) if lines.format().is_sparse() => self.fill_sparse(lines, pieces),
            AnyTable::RecordIo(records) if records.is_sparse() => self.fill_sparse(records, pieces),
            _ => SparseBatch::of_dense(&self.context, self.decode(pieces)?),
        }
    }

    fn fill_sparse(&self, table: &impl SparseTable, pieces: &[Piece]) -> Result<SparseBatch> {
        let subject = format!("channel {}", quote(self.channel.as_bytes()));
        match self.dtype {
            DType::Float64 => fill_sparse::<f64>(&self.context, &subject, table, self.layout, pieces),
            _ => fill_sparse::<f32>(&self.context, &subject, table, self.layout, pieces),
        }
    }

    fn decode_as<T: Number>(&self, pieces: &[Piece]) -> Result<Batch> {
        let subject = format!("channel {}", quote(self.channel.as_bytes()));
        match &self.table {
            AnyTable::Csv(csv) => fill::<T>(&self.context, &subject, csv, self.layout, pieces),
            AnyTable::Libsvm(libsvm) => fill::<T>(&self.context, &subject, libsvm, self.layout, pieces),
            AnyTable::JsonLines(lines) => fill::<T>(&self.context, &subject, lines, self.layout, pieces),
            AnyTable::RecordIo(records) => fill::<T>(&self.context, &subject, records, self.layout, pieces),
            AnyTable::Npy(npy) => fill::<T>(&self.context, &subject, npy, self.layout, pieces),
        }
    }
}

/// Refuses to be asked for no rows.
pub(super) fn require_rows(operation: &str, max_rows: usize) -> Result<(), Failure> {
    if max_rows > 0 {
        return Ok(());
    }
    Err(Failure::new(Code::BadOperation, format!("{operation}: max-rows is 0; ask for one row at least")))
}

/// What the cells of a row are, when there are `cells` of them.
pub(super) fn layout(channel: &str, cells: usize, labels: usize, options: &Options) -> Result<Layout> {
    let others = labels.saturating_add(usize::from(options.weight));
    let features = cells.saturating_sub(others);
    if features == 0 {
        let weight = if options.weight { " and a weight" } else { "" };
        let what = format!(
            "channel {}: {}, of which {}{weight}; no features are left",
            quote(channel.as_bytes()),
            plural(cells, "column"),
            plural(labels, "label")
        );
        return Err(Failure::user(what).help("the parameter label_size of the content type says how many columns are labels").into());
    }
    if let Some(wanted) = options.columns.filter(|&wanted| wanted != features) {
        let what = format!("channel {}: {} of features, {wanted} are wanted", quote(channel.as_bytes()), plural(features, "column"));
        return Err(Failure::user(what).help("all channels of a job have the same features, in the same order").into());
    }
    Ok(Layout { labels, weight: options.weight, features })
}

/// The format of a channel with these files, and what its content type says.
fn describe(source: &Source, files: &[DataFile]) -> Result<(Format, Option<ContentType>)> {
    let Some(text) = &source.content_type else {
        return Ok((format_of_names(&source.channel, files)?, None));
    };
    let content_type = ContentType::parse(text).map_err(|error| in_channel(&source.channel, error))?;
    let format = content_type.format(&format!("channel {}", quote(source.channel.as_bytes())), &FORMATS)?;
    Ok((format, Some(content_type)))
}

/// A file's name without the extension that says how it is packed.
fn without_packing(name: &str) -> &str {
    let plain = Path::new(name).extension().filter(|extension| ["gz", "zst"].iter().any(|known| extension.eq_ignore_ascii_case(known)));
    plain.map_or(name, |extension| &name[..name.len() - extension.len() - 1])
}

/// The format that the extensions of all files say.
fn format_of_names(channel: &str, files: &[DataFile]) -> Result<Format> {
    let of_name = |file: &DataFile| match Path::new(without_packing(&file.name)).extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "csv" => Some(Format::Csv),
        "libsvm" | "svm" => Some(Format::Libsvm),
        "jsonl" | "ndjson" => Some(Format::JsonLines),
        "pbr" | "rec" | "recordio" => Some(Format::RecordIo),
        "npy" => Some(Format::Npy),
        _ => None,
    };
    let first = files.first().and_then(of_name);
    match (first, files.iter().find(|file| of_name(file).is_none() || of_name(file) != first)) {
        (Some(format), None) => Ok(format),
        (_, other) => {
            let name = other.map_or("", |file| &file.name);
            let what = format!(
                "channel {}: no content type is given, and the name {} does not tell the format",
                quote(channel.as_bytes()),
                quote(name.as_bytes())
            );
            Err(Failure::user(what).help(format!("set ContentType to one of {}", FORMATS.map(Format::media_type).join(", "))).into())
        }
    }
}

fn empty(channel: &str, dir: &Path, what: &str) -> anyhow::Error {
    Failure::user(format!("channel {}: {what} ({})", quote(channel.as_bytes()), dir.display())).into()
}

fn too_many_labels(channel: &str, labels: usize) -> anyhow::Error {
    Failure::user(format!("channel {}: label_size is {labels}; libsvm rows have one label or none", quote(channel.as_bytes()))).into()
}

/// The same error, beginning with the channel.
fn in_channel(channel: &str, error: anyhow::Error) -> anyhow::Error {
    match error.downcast::<Failure>() {
        Ok(failure) => Failure { what: format!("channel {}: {}", quote(channel.as_bytes()), failure.what), ..failure }.into(),
        Err(error) => error.context(format!("channel {}", quote(channel.as_bytes()))),
    }
}

#[cfg(test)]
mod tests;
