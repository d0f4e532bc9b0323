//! What is done with a parser's input: it is read in every way, and what comes is a value or a failure that says why not. A panic, an error
//! without a failure, or memory beyond the budget is a finding.

use std::path::Path;
use std::sync::OnceLock;

use algohost::contract::{Base, Description, TrainingJob};
use algohost::data::{ContentType, Feed, IndexBase, Options, Origin, Records, RowForm, Share, Source, decode_request};
use algohost::failure::Failure;
use algohost_kernels::{Budget, Cancel, Context, Pool};
use anyhow::Result;

/// A parser by its name, which is also its folder's in `corpus`.
type Target = (&'static str, fn(&[u8]));

/// All parsers of bytes that others wrote.
pub(crate) const TARGETS: &[Target] = &[
    ("csv", csv),
    ("libsvm", libsvm),
    ("json_lines", json_lines),
    ("recordio", recordio),
    ("npy", npy),
    ("npz", npz),
    ("parquet", parquet),
    ("packed", packed),
    ("records", records),
    ("request", request),
    ("options", options),
    ("configuration", configuration),
    ("description", description),
];

/// 16 MiB of tensors and one thread.
fn context() -> Context {
    static POOL: OnceLock<Pool> = OnceLock::new();
    let pool = POOL.get_or_init(|| Pool::new(1).expect("threads")).clone();
    Context::new(Budget::new(16 << 20), Cancel::default(), pool)
}

/// A folder with one file.
fn folder_with(name: &str, bytes: &[u8]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    std::fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).expect("a folder");
    std::fs::write(path, bytes).expect("a file");
    folder
}

fn told<T>(result: Result<T>) {
    if let Err(error) = result {
        let io = |cause: &(dyn std::error::Error + 'static)| cause.downcast_ref::<std::io::Error>().is_some();
        assert!(error.downcast_ref::<Failure>().is_some() || error.chain().any(io), "no failure: {error:#}");
    }
}

fn source(folder: &Path, content_type: &str) -> Source {
    Source { channel: "train".into(), origin: Origin::Folder(folder.into()), content_type: Some(content_type.into()), fetched: false }
}

/// All at once, in batches, sparsely, shuffled.
fn read(content_type: &str, options: &str, bytes: &[u8]) -> Result<()> {
    let folder = folder_with("file", bytes);
    let (context, source) = (context(), source(folder.path(), content_type));
    let open = |options: &str| Feed::open(&context, &source, Options::from_json(options)?, Share::WHOLE, &mut IndexBase::default());
    let mut feed = open(options)?;
    let all = feed.read_all();
    feed.rewind()?;
    while feed.next(3)?.is_some() {}
    feed.rewind()?;
    feed.read_all_sparse()?;
    all?;
    let picked = r#"{"shuffle_seed": 1, "shuffle_rows": 2, "validation_fraction": 0.5, "part": "train"}"#;
    open(picked)?.next_sparse(2)?;
    Ok(())
}

pub(crate) fn csv(bytes: &[u8]) {
    told(read("text/csv", "{}", bytes));
    told(read("text/csv; label_size=0", r#"{"dtype": "float64", "categories": {"1": "learn"}}"#, bytes));
}

pub(crate) fn libsvm(bytes: &[u8]) {
    told(read("text/libsvm", "{}", bytes));
    told(read("text/libsvm; label_size=0; index_base=1", r#"{"columns": 9, "weight": true}"#, bytes));
}

pub(crate) fn json_lines(bytes: &[u8]) {
    told(read("application/jsonlines", "{}", bytes));
    told(read("application/jsonlines", r#"{"label_size": 2, "columns": 3}"#, bytes));
}

pub(crate) fn recordio(bytes: &[u8]) {
    told(read("application/x-recordio-protobuf", "{}", bytes));
    told(read("application/x-recordio-protobuf", r#"{"label_size": 0, "columns": 9, "dtype": "float64"}"#, bytes));
}

pub(crate) fn npy(bytes: &[u8]) {
    told(read("application/x-npy", "{}", bytes));
    told(read("application/x-npy", r#"{"label_size": 1, "dtype": "float64"}"#, bytes));
    told(decoded("application/x-npy", bytes));
}

pub(crate) fn npz(bytes: &[u8]) {
    told(read("application/x-npz", "{}", bytes));
    told(read("application/x-npz", r#"{"label_size": 1, "weight": true}"#, bytes));
}

/// Refused, in a build without it.
pub(crate) fn parquet(bytes: &[u8]) {
    told(read("application/x-parquet", "{}", bytes));
    told(read("application/x-parquet; label_size=0", r#"{"dtype": "float64", "columns": 3}"#, bytes));
}

/// Gzip and Zstandard.
pub(crate) fn packed(bytes: &[u8]) {
    told(read("text/csv", "{}", bytes));
}

pub(crate) fn records(bytes: &[u8]) {
    let folder = folder_with("file", bytes);
    for content_type in ["application/x-recordio", "image/png"] {
        told(Records::open(&context(), &source(folder.path(), content_type)).and_then(|mut records| {
            while !records.next(2, 1000)?.is_empty() {}
            Ok(())
        }));
    }
}

fn decoded(content_type: &str, bytes: &[u8]) -> Result<()> {
    decode_request(&context(), &ContentType::parse(content_type)?, RowForm::default(), bytes).map(drop)
}

pub(crate) fn request(bytes: &[u8]) {
    for content_type in ["text/csv", "application/json", "application/x-npy"] {
        told(decoded(content_type, bytes));
    }
}

/// Options of channels, and content types.
pub(crate) fn options(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    told(Options::from_json(&text));
    told(ContentType::parse(&text).and_then(|content_type| {
        content_type.label_size()?;
        content_type.index_base()
    }));
}

/// The platform's files, in the place of each of them.
pub(crate) fn configuration(bytes: &[u8]) {
    let folder = folder_with("input/config/hyperparameters.json", b"{}");
    let config = folder.path().join("input/config");
    let usual = [
        ("inputdataconfig.json", &b"{}"[..]),
        ("resourceconfig.json", br#"{"current_host": "algo-1", "hosts": ["algo-1"]}"#),
        ("hyperparameters.json", b"{}"),
    ];
    for broken in ["hyperparameters.json", "inputdataconfig.json", "resourceconfig.json", "checkpointconfig.json", "trainingjobconfig.json"]
    {
        for (name, text) in usual {
            std::fs::write(config.join(name), text).expect("a file");
        }
        std::fs::write(config.join(broken), bytes).expect("a file");
        told(TrainingJob::read(&Base::new(folder.path())));
    }
}

pub(crate) fn description(bytes: &[u8]) {
    told(Description::parse(&String::from_utf8_lossy(bytes)).map_err(Into::into));
}
