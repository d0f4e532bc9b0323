//! Named tensors in safetensors files: written whole or not at all, opened once for all instances.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::Write as _;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use algohost_kernels::{Charge, Context, DType, Tensor};
use safetensors::tensor::{Dtype, Metadata, SafeTensors, TensorInfo};
use serde::Serialize;

use super::job::Access;
use super::weights::Weights;
use crate::data::RowForm;
use crate::failure::{Code, Failure};

/// The key of the author's own JSON in a file's metadata.
pub(super) const METADATA_KEY: &str = "algohost";

/// The key of the form of the rows that the model learned from.
const ROWS_KEY: &str = "algohost-rows";

/// The longest header that the library reads, in bytes.
const LONGEST_HEADER: usize = 100_000_000;

/// The format's: of the header's length, and so of the first tensor's bytes.
const ALIGNMENT: usize = 8;

/// The model folder's archives. Clones share what is open.
#[derive(Clone, Default)]
pub struct Archives {
    folder: Option<(PathBuf, Access)>,
    open: Arc<Mutex<HashMap<PathBuf, Archive>>>,
}

impl Archives {
    /// The archives of a folder.
    pub fn new(folder: PathBuf, access: Access) -> Archives {
        Archives { folder: Some((folder, access)), open: Arc::default() }
    }

    /// A file inside of the folder; never outside, whatever the guest calls it.
    fn resolve(&self, operation: &str, file: &str, access: Access) -> Result<PathBuf, Failure> {
        let Some((folder, granted)) = &self.folder else {
            return Err(Failure::new(Code::Denied, format!("{operation}: there is no model directory here")));
        };
        if access == Access::Write && *granted == Access::Read {
            let what = format!("{operation}: '{file}' cannot be written, the model directory is read-only while serving");
            return Err(Failure::new(Code::Denied, what));
        }
        let path = Path::new(file);
        let inside = !file.is_empty() && !file.contains('\0') && path.components().all(|part| matches!(part, Component::Normal(_)));
        if !inside {
            let what = format!("{operation}: '{}' leads out of the model directory", crate::telemetry::one_line(file));
            return Err(Failure::new(Code::Denied, what).help("Give a relative path such as model.safetensors"));
        }
        let path = folder.join(path);
        if !leads_inside(folder, &path) {
            return Err(Failure::new(Code::Denied, format!("{operation}: '{file}' leads out of the model directory through a link")));
        }
        Ok(path)
    }

    /// A new file, written by `finish`.
    ///
    /// # Errors
    /// Denied outside of the folder, and where it is read-only.
    pub fn create(&self, file: &str) -> Result<Writer, Failure> {
        self.resolve("create-archive", file, Access::Write)?;
        Ok(Writer { archives: self.clone(), finished: false, file: file.to_owned(), tensors: BTreeMap::new() })
    }

    /// Bytes of what is open.
    pub fn bytes(&self) -> u64 {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.values().map(|archive| archive.0.weights.bytes().len() as u64).sum()
    }

    /// The form of the rows that the model learned from, as far as what is open says.
    pub fn row_form(&self) -> RowForm {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.values().find_map(Archive::row_form).unwrap_or_default()
    }

    pub(super) fn open(&self, context: &Context, file: &str) -> Result<Archive, Failure> {
        let path = self.resolve("open-archive", file, Access::Read)?;
        if matches!(self.folder, Some((_, Access::Write))) {
            // It may change with every `finish`, and nobody shares it.
            return Archive::open_model(context, &path, file, Access::Write);
        }
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(archive) = open.get(&path) {
            return Ok(archive.clone());
        }
        let archive = Archive::open_model(context, &path, file, Access::Read)?;
        open.insert(path, archive.clone());
        Ok(archive)
    }
}

/// Whether what exists of `path` lies in `folder` once links are followed. The guest could have made links; it cannot change them now, while
/// it waits for this call.
fn leads_inside(folder: &Path, path: &Path) -> bool {
    let Ok(folder) = folder.canonicalize() else { return true };
    let existing = path.ancestors().find_map(|ancestor| match ancestor.symlink_metadata() {
        Ok(_) => Some(ancestor.canonicalize().ok()),
        Err(_) => None,
    });
    // A link that leads nowhere has metadata and no canonical form.
    matches!(existing, Some(Some(real)) if real.starts_with(&folder))
}

/// An archive being made.
pub struct Writer {
    archives: Archives,
    finished: bool,
    file: String,
    tensors: BTreeMap<String, Tensor>,
}

impl Writer {
    /// Adds the elements as they are now.
    ///
    /// # Errors
    /// Bad operation for a name used twice, or once it is finished; limit exceeded beyond the budget.
    pub fn add(&mut self, context: &Context, name: &str, value: &Tensor) -> Result<(), Failure> {
        self.require_open()?;
        if self.tensors.contains_key(name) {
            return Err(Failure::new(Code::BadOperation, format!("add: {} has a tensor '{name}' already", self.file)));
        }
        self.tensors.insert(name.to_owned(), value.copy(context)?);
        Ok(())
    }

    /// Writes the file, whole or not at all. `form` is that of the rows the model learned from, kept for requests with sparse rows.
    ///
    /// # Errors
    /// Bad operation when `metadata` is no JSON object; io when the file cannot be written.
    pub fn finish(&mut self, metadata: &str, form: Option<RowForm>) -> Result<(), Failure> {
        self.require_open()?;
        let object = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(metadata);
        if let Err(error) = object {
            return Err(Failure::new(Code::BadOperation, format!("finish: the metadata is no JSON object: {error}")));
        }
        // Checked again: between the two calls the guest may have put a link in the way.
        let path = self.archives.resolve("finish", &self.file, Access::Write)?;
        self.finished = true;
        let tensors = std::mem::take(&mut self.tensors);
        let tensors: Vec<(&str, &Tensor)> = tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
        let mut partial = path.file_name().unwrap_or_default().to_owned();
        partial.push(".partial");
        let mut entries = BTreeMap::from([(METADATA_KEY, metadata.to_owned())]);
        if let Some(RowForm { columns, index_base }) = form {
            entries.insert(ROWS_KEY, serde_json::json!({"columns": columns, "index_base": index_base}).to_string());
        }
        write_file(&path, &path.with_file_name(partial), &tensors, &entries)
            .map_err(|error| Failure::new(Code::Io, format!("finish: {} cannot be written: {error}", self.file)))
    }

    fn require_open(&self) -> Result<(), Failure> {
        if !self.finished {
            return Ok(());
        }
        Err(Failure::new(Code::BadOperation, format!("{} is finished; create another archive", self.file)))
    }
}

/// As `partial` beside the target first, then renamed: a reader sees the old file or the new one, and nothing is left when it cannot be
/// written. The tensors' elements must lie in row-major order without gaps.
pub(super) fn write_file(
    path: &Path,
    partial: &Path,
    tensors: &[(&str, &Tensor)],
    metadata: &BTreeMap<&str, String>,
) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    // A link of the guest's in its place would lead the bytes elsewhere.
    let _ = std::fs::remove_file(partial);
    let written = write_partial(partial, tensors, metadata).and_then(|()| Ok(std::fs::rename(partial, path)?));
    if written.is_err() {
        // What fills the disk is in the way of whoever wants to say so.
        let _ = std::fs::remove_file(partial);
    }
    written
}

/// What a file begins with, the same for the same contents.
#[derive(Serialize)]
struct Header<'a> {
    #[serde(rename = "__metadata__")]
    metadata: &'a BTreeMap<&'a str, String>,
    #[serde(flatten)]
    tensors: BTreeMap<String, TensorInfo>,
}

/// The library's own way to write a file makes another one of a random name first, which a killed process would leave and the uploading
/// agent of checkpoints would take; so the library makes the header only.
fn write_partial(partial: &Path, tensors: &[(&str, &Tensor)], metadata: &BTreeMap<&str, String>) -> anyhow::Result<()> {
    let mut tensors = tensors.to_vec();
    // Elements of every size are aligned where they lie.
    tensors.sort_unstable_by_key(|&(name, tensor)| (Reverse(tensor.dtype().size()), name));
    let storages = tensors.iter().map(|(_, tensor)| tensor.read("finish")).collect::<Result<Vec<_>, algohost_kernels::Error>>()?;
    let (mut infos, mut parts, mut end) = (Vec::with_capacity(tensors.len()), Vec::with_capacity(tensors.len()), 0);
    for (&(name, tensor), storage) in tensors.iter().zip(&storages) {
        let Some(elements) = tensor.contiguous() else { anyhow::bail!("tensor '{name}' is a view with gaps") };
        let size = tensor.dtype().size();
        let bytes = &storage.elements::<u8>()[elements.start * size..elements.end * size];
        let data_offsets = (end, end + bytes.len());
        infos.push((name.to_owned(), TensorInfo { dtype: to_file(tensor.dtype()), shape: tensor.shape().to_vec(), data_offsets }));
        parts.push(bytes);
        end = data_offsets.1;
    }
    // Checks it; a map of its own for the file's metadata would come in another order each time.
    Metadata::new(None, infos.clone())?;
    let mut header = serde_json::to_vec(&Header { metadata, tensors: infos.into_iter().collect() })?;
    anyhow::ensure!(
        header.len() < LONGEST_HEADER,
        "names and metadata have {} bytes, less than {LONGEST_HEADER} are possible",
        header.len()
    );
    header.resize(header.len().next_multiple_of(ALIGNMENT), b' ');
    let mut file = File::create_new(partial)?;
    file.write_all(&(header.len() as u64).to_le_bytes())?;
    file.write_all(&header)?;
    parts.into_iter().try_for_each(|bytes| file.write_all(bytes))?;
    Ok(file.sync_all()?)
}

/// An archive that is open; clones share its bytes.
#[derive(Clone)]
pub struct Archive(Arc<Contents>);

struct Contents {
    weights: Weights,
    /// To the guest that opened it first; the others share it.
    _charge: Charge,
    /// Where the tensors' bytes begin.
    start: usize,
    tensors: BTreeMap<String, TensorInfo>,
    metadata: HashMap<String, String>,
}

/// One tensor's bytes in an archive.
struct Part {
    contents: Arc<Contents>,
    range: std::ops::Range<usize>,
}

impl AsRef<[u8]> for Part {
    fn as_ref(&self) -> &[u8] {
        &self.contents.weights.bytes()[self.range.clone()]
    }
}

impl Archive {
    fn open_model(context: &Context, path: &Path, file: &str, access: Access) -> Result<Archive, Failure> {
        Archive::open(("open-archive", "the model directory"), context, path, file, access)
    }

    /// Opens the file; the operation's and the place's names are for errors, `access` is what the guest has to it.
    pub(super) fn open(
        (operation, place): (&str, &str),
        context: &Context,
        path: &Path,
        file: &str,
        access: Access,
    ) -> Result<Archive, Failure> {
        let length = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
        let charge = context.budget().charge(operation, usize::try_from(length).unwrap_or(usize::MAX))?;
        let weights = Weights::open(path, access).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Failure::new(Code::NotFound, format!("{operation}: {place} has no '{file}'")),
            _ => Failure::new(Code::Io, format!("{operation}: '{file}' cannot be read: {error}")),
        })?;
        let bad = |why: String| Failure::new(Code::BadModel, format!("{operation}: '{file}' is no whole safetensors file: {why}"));
        let (header, metadata) = SafeTensors::read_metadata(weights.bytes()).map_err(|error| bad(error.to_string()))?;
        let tensors = metadata.tensors().into_iter().map(|(name, info)| (name, info.clone())).collect();
        let metadata = metadata.metadata().clone().unwrap_or_default();
        let start = header + size_of::<u64>();
        Ok(Archive(Arc::new(Contents { weights, _charge: charge, start, tensors, metadata })))
    }

    /// A value of the file's own metadata.
    pub(super) fn entry(&self, key: &str) -> Option<&str> {
        self.0.metadata.get(key).map(String::as_str)
    }

    /// What another writer says there counts for nothing.
    fn row_form(&self) -> Option<RowForm> {
        let form: serde_json::Value = serde_json::from_str(self.entry(ROWS_KEY)?).ok()?;
        let number = |key: &str| form.get(key).and_then(serde_json::Value::as_u64);
        Some(RowForm { columns: number("columns").and_then(|columns| usize::try_from(columns).ok()), index_base: number("index_base") })
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.0.tensors.keys().cloned().collect()
    }

    pub(super) fn metadata(&self) -> String {
        self.entry(METADATA_KEY).unwrap_or("{}").to_owned()
    }

    pub(super) fn get(&self, context: &Context, name: &str) -> Result<Tensor, Failure> {
        let Some(info) = self.0.tensors.get(name) else {
            let known = self.names().join(", ");
            return Err(Failure::new(Code::NotFound, format!("get: the archive has no tensor '{name}'; it has: {known}")));
        };
        let dtype = from_file(info.dtype).ok_or_else(|| {
            Failure::new(Code::NotSupported, format!("get: tensor '{name}' is of dtype {:?}, which this host does not read", info.dtype))
        })?;
        let range = self.0.start + info.data_offsets.0..self.0.start + info.data_offsets.1;
        let bytes = &self.0.weights.bytes()[range.clone()];
        if !(bytes.as_ptr() as usize).is_multiple_of(dtype.size()) {
            // Files of other writers may not align their tensors.
            return Ok(Tensor::from_bytes(context, &info.shape, dtype, bytes)?);
        }
        Ok(Tensor::shared(&info.shape, dtype, Box::new(Part { contents: Arc::clone(&self.0), range }))?)
    }
}

const DTYPES: [(DType, Dtype); 13] = [
    (DType::Float32, Dtype::F32),
    (DType::Float64, Dtype::F64),
    (DType::Float16, Dtype::F16),
    (DType::BFloat16, Dtype::BF16),
    (DType::Int8, Dtype::I8),
    (DType::Int16, Dtype::I16),
    (DType::Int32, Dtype::I32),
    (DType::Int64, Dtype::I64),
    (DType::UInt8, Dtype::U8),
    (DType::UInt16, Dtype::U16),
    (DType::UInt32, Dtype::U32),
    (DType::UInt64, Dtype::U64),
    (DType::Boolean, Dtype::BOOL),
];

fn to_file(dtype: DType) -> Dtype {
    DTYPES[dtype as usize].1
}

fn from_file(dtype: Dtype) -> Option<DType> {
    DTYPES.iter().find(|(_, file)| *file == dtype).map(|(own, _)| *own)
}
