//! Opening a channel: which format it has, what its rows look like.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use algohost_kernels::Context;
use anyhow::Result;

use super::super::batch::Layout;
use super::super::content_type::{ContentType, Format};
use super::super::fault::{plural, quote};
use super::super::files::{self, DataFile, Joint, Pipe};
use super::super::recordio::RecordIo;
use super::super::text::{Categories, open_csv, open_json_lines, open_libsvm};
use super::counted::Counted;
use super::index_base::{Decision, IndexBase};
use super::{AnyTable, Options};
use algohost_failure::{Code, Failure};

/// The formats that channels are read in.
const FORMATS: &[Format] = &[
    Format::Csv,
    Format::Libsvm,
    Format::JsonLines,
    Format::RecordIo,
    Format::Npy,
    Format::Npz,
    #[cfg(feature = "parquet")]
    Format::Parquet,
];

/// Where a channel comes from and what the job says about it.
#[derive(Clone, Debug)]
pub struct Source {
    /// The channel's name, which errors begin with.
    pub channel: String,
    /// Its folder or its pipes.
    pub origin: Origin,
    /// As the job gave it, parameters included. Without one the files' extensions (`.csv`, `.libsvm`, `.svm`, `.jsonl`, `.ndjson`, `.pbr`,
    /// `.rec`, `.recordio`, `.npy`, `.npz`, `.parquet`; `.gz` and `.zst` after them do not matter) decide.
    pub content_type: Option<String>,
    /// Whether the files are fetched while they are read (FastFile mode): nothing is read twice where that can be helped.
    pub fetched: bool,
}

/// Where a channel's bytes come from.
#[derive(Clone, Debug)]
pub enum Origin {
    /// The files in a folder.
    Folder(PathBuf),
    /// A pipe for each epoch.
    Pipe(Arc<Pipe>),
}

impl Origin {
    /// For messages: what is read.
    pub(super) fn shown(&self) -> String {
        match self {
            Origin::Folder(dir) => dir.display().to_string(),
            Origin::Pipe(pipe) => pipe.shown(),
        }
    }
}

/// A channel that can be read.
pub(super) struct Opened {
    pub(super) table: AnyTable,
    pub(super) layout: Layout,
    /// Whether rows are written sparsely.
    pub(super) sparse: bool,
    /// Of libsvm.
    pub(super) index_base: Option<Decision>,
    /// Of CSV, all known.
    pub(super) categories: Categories,
}

/// Who says where libsvm indices begin.
pub(super) enum Base<'a> {
    /// The job's channels together.
    Job(&'a mut IndexBase),
    /// It was decided in an earlier epoch.
    Decided(Option<Decision>),
}

impl Base<'_> {
    fn decide(&mut self, context: &Context, source: &Source, said: Option<u64>, has_zero: bool, options: &Options) -> Result<Decision> {
        match self {
            Base::Decided(Some(decision)) => Ok(decision.clone()),
            Base::Decided(None) => IndexBase::default().decide(context, &source.channel, said, has_zero, options.label_size),
            Base::Job(job) => job.decide(context, &source.channel, said, has_zero, options.label_size),
        }
    }

    fn decided(&self) -> Option<u64> {
        match self {
            Base::Decided(decision) => decision.as_ref().map(|decision| decision.base),
            Base::Job(_) => None,
        }
    }
}

/// Opens a channel: lists its files, or begins the next epoch of its pipe, and reads as much of them as is needed to know the columns.
///
/// # Errors
/// Those of [`super::Reader::open`].
pub(super) fn open(context: &Context, source: &Source, options: &Options, mut base: Base<'_>) -> Result<Opened> {
    let (files, format, content_type) = files_of(context, source)?;
    let content_type = content_type.as_ref();
    let said = content_type.map(ContentType::label_size).transpose().map_err(|error| in_channel(&source.channel, error))?;
    let labels = options.label_size.or(said.flatten());
    let no_rows = || match source.origin {
        Origin::Folder(_) => empty(source, "no rows in the data files"),
        Origin::Pipe(_) => empty(source, "no rows in the pipe"),
    };
    let mut index_base = None;
    let mut categories = Categories::default();
    if format != Format::Csv && options.categories != categories {
        let what =
            format!("channel {}: categories are of CSV columns, this channel is {}", quote(source.channel.as_bytes()), format.media_type());
        return Err(Failure::user(what).into());
    }
    let (table, layout) = match format {
        Format::Csv => {
            let csv = open_csv(&source.channel, files)?.ok_or_else(no_rows)?;
            let layout = layout(&source.channel, csv.format().cells(), labels.unwrap_or(1), options)?;
            let (csv, learned) = csv.with_categories(context, &options.categories)?;
            categories = learned;
            (AnyTable::Csv(csv), layout)
        }
        Format::JsonLines => {
            let lines = open_json_lines(&source.channel, files, labels, options)?.ok_or_else(no_rows)?;
            let layout = lines.format().layout();
            (AnyTable::JsonLines(lines), layout)
        }
        Format::RecordIo => {
            let records = RecordIo::open(&source.channel, files, labels, options)?.ok_or_else(no_rows)?;
            let layout = records.layout();
            (AnyTable::RecordIo(records), layout)
        }
        Format::Npy | Format::Npz | Format::Parquet => {
            let (table, layout) = Counted::open(context, format, &source.channel, files, labels, options)?.ok_or_else(no_rows)?;
            (AnyTable::Counted(table), layout)
        }
        Format::Libsvm | Format::Json => {
            let labelled = match labels.unwrap_or(1) {
                labels @ (0 | 1) => labels == 1,
                labels => return Err(too_many_labels(&source.channel, labels)),
            };
            let said = content_type.map(ContentType::index_base).transpose().map_err(|error| in_channel(&source.channel, error))?.flatten();
            let known = said.or(base.decided());
            let decide = |has_zero| Ok(index_base.insert(base.decide(context, source, said, has_zero, options)?).base);
            let opened = open_libsvm(context, &source.channel, files, labelled, options, known, decide)?;
            let (libsvm, layout) = opened.ok_or_else(no_rows)?;
            (AnyTable::Libsvm(libsvm), layout)
        }
    };
    let sparse = table.is_sparse();
    Ok(Opened { table, layout, sparse, index_base, categories })
}

/// The channel's files as they are to be read, their format, and what the content type says.
fn files_of(context: &Context, source: &Source) -> Result<(Vec<DataFile>, Format, Option<ContentType>)> {
    match &source.origin {
        Origin::Folder(dir) => {
            let files = files::list(dir).map_err(|error| in_channel(&source.channel, error))?;
            if files.is_empty() {
                return Err(empty(source, "no data files"));
            }
            let (format, content_type) = describe(source, &files)?;
            let files = if Counted::has(format) { files } else { files::unpack(context, &source.channel, files)? };
            Ok((files, format, content_type))
        }
        Origin::Pipe(pipe) => {
            let (format, content_type) = describe(source, &[])?;
            let files = match format {
                _ if Counted::has(format) => pipe.objects(context)?,
                Format::RecordIo => vec![pipe.begin(context, Some(Joint::Nothing))?],
                _ => vec![pipe.begin(context, Some(Joint::Line))?],
            };
            Ok((files, format, content_type))
        }
    }
}

/// What the cells of a row are, when there are `cells` of them.
pub(in super::super) fn layout(channel: &str, cells: usize, labels: usize, options: &Options) -> Result<Layout> {
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

/// The format of a channel with these files, and what its content type says. A pipe has no files whose names could tell.
pub(super) fn describe(source: &Source, files: &[DataFile]) -> Result<(Format, Option<ContentType>)> {
    let Some(text) = &source.content_type else {
        return Ok((format_of_names(&source.channel, files)?, None));
    };
    let content_type = ContentType::parse(text).map_err(|error| in_channel(&source.channel, error))?;
    let subject = format!("channel {}", quote(source.channel.as_bytes()));
    require_built(&subject, Format::of_media_type(content_type.essence()))?;
    Ok((content_type.format(&subject, FORMATS)?, Some(content_type)))
}

/// Refuses a format that this build leaves out.
fn require_built(subject: &str, format: Option<Format>) -> Result<(), Failure> {
    if cfg!(feature = "parquet") || format != Some(Format::Parquet) {
        return Ok(());
    }
    let what = format!("{subject}: this build of algohost does not read Parquet");
    Err(Failure::new(Code::UnsupportedMedia, what)
        .help("use one that was built with the feature 'parquet', or write the data as CSV or NPY"))
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
        "npz" => Some(Format::Npz),
        "parquet" => Some(Format::Parquet),
        _ => None,
    };
    let first = files.first().and_then(of_name);
    match (first, files.iter().find(|file| of_name(file).is_none() || of_name(file) != first)) {
        (Some(format), None) => {
            require_built(&format!("channel {}", quote(channel.as_bytes())), Some(format))?;
            Ok(format)
        }
        (None, None) => {
            let what =
                format!("channel {}: no content type is given, and a pipe's name does not tell the format", quote(channel.as_bytes()));
            Err(Failure::user(what).help(format!("set ContentType to one of {}", media_types())).into())
        }
        (_, other) => {
            let name = other.map_or("", |file| &file.name);
            let what = format!(
                "channel {}: no content type is given, and the name {} does not tell the format",
                quote(channel.as_bytes()),
                quote(name.as_bytes())
            );
            Err(Failure::user(what).help(format!("set ContentType to one of {}", media_types())).into())
        }
    }
}

/// The media types of the formats, for messages.
fn media_types() -> String {
    FORMATS.iter().map(|format| format.media_type()).collect::<Vec<_>>().join(", ")
}

pub(super) fn empty(source: &Source, what: &str) -> anyhow::Error {
    Failure::user(format!("channel {}: {what} ({})", quote(source.channel.as_bytes()), source.origin.shown())).into()
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
