//! What the tests of this room share.

use std::fs;

use algohost_kernels::{Budget, Cancel, Context, DType, Pool, Tensor, with_element};
use anyhow::Result;
use tempfile::TempDir;

use super::{Batch, IndexBase, Options, Origin, Reader, Source};
use algohost_failure::{Code, Failure};

/// A context with 64 MiB of tensors.
pub(super) fn context(threads: usize) -> Context {
    Context::new(Budget::new(64 << 20), Cancel::default(), Pool::new(threads).unwrap())
}

/// A channel called `train` with these files.
pub(super) struct Channel {
    folder: TempDir,
    pub(super) source: Source,
}

impl Channel {
    pub(super) fn new(content_type: &str, files: &[(&str, &[u8])]) -> Channel {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        let content_type = (!content_type.is_empty()).then(|| content_type.to_owned());
        let source = Source { channel: "train".to_owned(), origin: Origin::Folder(folder.path().to_owned()), content_type, fetched: false };
        Channel { folder, source }
    }

    pub(super) fn path(&self) -> &std::path::Path {
        self.folder.path()
    }

    pub(super) fn open(&self, options: &str) -> Result<Reader> {
        Reader::open(&context(1), &self.source, Options::from_json(options)?, &mut IndexBase::default())
    }

    pub(super) fn read_all(&self, options: &str) -> Result<Batch> {
        self.open(options)?.read_all()
    }
}

/// The elements as float64, row-major.
pub(super) fn values(tensor: &Tensor) -> Vec<f64> {
    let bytes = tensor.to_bytes().unwrap();
    with_element!(tensor.dtype(), T => bytes.chunks_exact(size_of::<T>()).map(bytemuck::pod_read_unaligned::<T>).map(algohost_kernels::Element::to_f64).collect())
}

/// A float32 tensor.
pub(super) fn tensor(shape: &[usize], values: &[f32]) -> Tensor {
    Tensor::from_bytes(&context(1), shape, DType::Float32, bytemuck::cast_slice(values)).unwrap()
}

/// The failure that a result is.
pub(super) fn failure<T>(result: Result<T>) -> Failure {
    Failure::of(&result.err().expect("a failure"))
}

/// The first line of an invalid-input failure.
pub(super) fn wrong_input<T>(result: Result<T>) -> String {
    let failure = failure(result);
    assert_eq!(failure.code, Code::InvalidInput, "{}", failure.what);
    failure.what
}

/// A number in seven bits per byte.
pub(super) fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}
