//! Bytes of a channel or a request to tensors, and answers back to bytes.
//!
//! [`files`] names what a channel holds, [`Reader`] decodes it (CSV, libsvm, JSON Lines, RecordIO-protobuf, Parquet, NPY, NPZ), [`Feed`]
//! picks and shuffles its rows, [`Records`] gives its objects as they are, [`decode_request`] decodes one request (CSV, JSON, JSON Lines,
//! libsvm, RecordIO-protobuf, NPY), [`negotiate`] and [`encode`] answer (JSON, JSON Lines, CSV, RecordIO-protobuf, NPY). This room knows tensors, files and formats; it refuses to know
//! WebAssembly, HTTP and the configuration files of a job.
//!
//! Whatever is wrong with the data is an `invalid-input` failure that names file and line, the column, what was found and what was wanted.

mod batch;
mod content_type;
mod fault;
mod feed;
pub mod files;
mod framing;
#[cfg(test)]
mod mutations;
mod npy;
mod npz;
#[cfg(feature = "parquet")]
mod parquet;
mod reader;
mod reading;
mod recordio;
mod records;
mod request;
mod response;
mod sparse;
#[cfg(test)]
mod testing;
mod text;

pub use batch::Batch;
pub use content_type::{ContentType, Format};
pub use feed::{Feed, Share};
pub use reader::{Decision, IndexBase, Options, Origin, Part, Reader, Selection, Shuffle, Source, Split};
pub use records::{RawRecord, Records};
pub use request::{RowForm, decode_request};
pub use response::{encode, negotiate};
pub use sparse::SparseBatch;
pub use text::Categories;
