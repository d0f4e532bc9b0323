//! The archive of an image: one tar file that is an OCI archive and a Docker archive alike.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use tar::{Builder, EntryType};

use super::digest::Digest;
use super::layer::{append_folder, header};
use crate::failure::{Code, Failure};

/// A part of an image, named by its digest.
#[derive(Clone)]
pub(super) struct Blob {
    pub(super) digest: Digest,
    source: Source,
}

#[derive(Clone)]
enum Source {
    Memory(Arc<[u8]>),
    /// So many bytes of a file, from an offset on.
    File {
        path: Arc<Path>,
        offset: u64,
        size: u64,
    },
}

impl Blob {
    pub(super) fn new(bytes: impl Into<Arc<[u8]>>) -> Blob {
        let bytes = bytes.into();
        Blob { digest: Digest::of(&bytes), source: Source::Memory(bytes) }
    }

    /// Of a file's part whose digest is known, or said.
    pub(super) fn in_file(digest: Digest, path: &Arc<Path>, offset: u64, size: u64) -> Blob {
        Blob { digest, source: Source::File { path: Arc::clone(path), offset, size } }
    }

    pub(super) fn size(&self) -> u64 {
        match &self.source {
            Source::Memory(bytes) => bytes.len() as u64,
            Source::File { size, .. } => *size,
        }
    }

    /// # Errors
    /// Invalid input when the file's part is not what its digest says.
    fn append(&self, tar: &mut Builder<impl Write>) -> Result<()> {
        match &self.source {
            Source::Memory(bytes) => Ok(append(tar, &self.digest.path(), bytes.len() as u64, &**bytes)?),
            Source::File { path, offset, size } => {
                let unreadable = || format!("{} cannot be read", path.display());
                let found = Digest::of_reader(part(path, *offset, *size).with_context(unreadable)?).with_context(unreadable)?;
                if found != self.digest {
                    let what = format!("{} is damaged: its blob {} has the digest {found}", path.display(), self.digest);
                    return Err(Failure::user(what).help("Make or fetch the base image anew").into());
                }
                Ok(append(tar, &self.digest.path(), *size, part(path, *offset, *size)?)?)
            }
        }
    }
}

/// So many bytes of a file, from an offset on.
pub(super) fn part(path: &Path, offset: u64, size: u64) -> io::Result<impl Read + use<>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(offset))?;
    Ok(file.take(size))
}

/// The lists of an archive's parts.
pub(super) struct Lists {
    /// As OCI has it.
    pub(super) index: Vec<u8>,
    /// As Docker has it.
    pub(super) docker: Vec<u8>,
}

/// Writes the archive, whole or not at all.
///
/// # Errors
/// Invalid input for a damaged base; io when the file cannot be written.
pub(super) fn write(output: &Path, lists: &Lists, blobs: &[&Blob]) -> Result<()> {
    let partial = partial(output);
    let written = write_partial(&partial, lists, blobs).and_then(|()| Ok(std::fs::rename(&partial, output)?));
    written.map_err(|error| {
        let _ = std::fs::remove_file(&partial);
        match error.downcast::<Failure>() {
            Ok(failure) => failure,
            Err(error) => Failure::new(Code::Io, format!("the image {} cannot be written: {error:#}", output.display())),
        }
        .into()
    })
}

fn partial(output: &Path) -> PathBuf {
    let mut name = output.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    output.with_file_name(name)
}

fn write_partial(partial: &Path, lists: &Lists, blobs: &[&Blob]) -> Result<()> {
    let mut tar = Builder::new(io::BufWriter::new(File::create(partial)?));
    append(&mut tar, "oci-layout", 30, &br#"{"imageLayoutVersion":"1.0.0"}"#[..])?;
    append(&mut tar, "index.json", lists.index.len() as u64, &*lists.index)?;
    append(&mut tar, "manifest.json", lists.docker.len() as u64, &*lists.docker)?;
    ["blobs", "blobs/sha256"].iter().try_for_each(|folder| append_folder(&mut tar, folder))?;
    // In the order of their names, each once.
    let blobs: BTreeMap<&str, &Blob> = blobs.iter().map(|&blob| (blob.digest.digits(), blob)).collect();
    blobs.values().try_for_each(|blob| blob.append(&mut tar))?;
    let file = tar.into_inner()?.into_inner().map_err(io::IntoInnerError::into_error)?;
    Ok(file.sync_all()?)
}

fn append(tar: &mut Builder<impl Write>, path: &str, size: u64, content: impl Read) -> io::Result<()> {
    tar.append_data(&mut header(EntryType::Regular, 0o644, size), path, content)
}
