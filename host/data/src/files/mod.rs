//! The files of a channel's folder.

mod contents;
mod excerpt;
mod frames;
mod packed;
mod pipe;
mod source;
mod stream;

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result};

use super::fault::quote;
use algohost_failure::{Code, Failure};
pub(super) use excerpt::Excerpt;
#[cfg(feature = "parquet")]
pub(super) use frames::Frames;
pub(super) use packed::{MOST, MOST_ANYWAY, unpack};
pub(super) use pipe::Joint;
pub use pipe::Pipe;
use source::Content;
pub(super) use source::{Forward, Source};

/// One file that belongs to a channel's data.
#[derive(Clone)]
pub struct DataFile {
    /// The path below the channel's folder, with `/`.
    pub name: String,
    /// Where it can be opened.
    pub path: PathBuf,
    /// Its size when it was listed; of one that is unpacked while it is read, what it unpacks to; 0 of a pipe.
    pub bytes: u64,
    content: Content,
}

/// The data files in a folder and the folders in it, in the byte order of their names. Files and folders whose name begins with `.` or
/// `_` are left out. Links are followed within the folder.
///
/// # Errors
/// Not found without the folder; invalid input for a link that leads out of the folder or into itself, for what is neither a file nor a
/// folder, and for a name that is no UTF-8; io when the system does not let it be read.
pub fn list(dir: &Path) -> Result<Vec<DataFile>> {
    let root = root_of(dir)?;
    let mut files = Vec::new();
    walk(&root, &[], &root, "", &mut files)?;
    files.sort_unstable_by(|a, b| a.name.as_bytes().cmp(b.name.as_bytes()));
    Ok(files)
}

/// Up to `count` bytes of a data file from `offset` on; empty at its end.
///
/// # Errors
/// Not found for a name that [`list`] would not give; io when the file cannot be read.
pub fn read_range(dir: &Path, name: &str, offset: u64, count: usize) -> Result<Vec<u8>> {
    let unknown = || {
        let what = format!("{}: no data file {}", dir.display(), quote(name.as_bytes()));
        Failure::new(Code::NotFound, what).help("names are those that listing the channel's files gives")
    };
    let named_like_data = Path::new(name).components().all(|part| match part {
        Component::Normal(part) => part.to_str().is_some_and(|part| !is_hidden(part)),
        _ => false,
    });
    if name.is_empty() || !named_like_data {
        return Err(unknown().into());
    }
    let root = root_of(dir)?;
    let path = match root.join(name).canonicalize() {
        Ok(path) if path.starts_with(&root) && path.is_file() => path,
        _ => return Err(unknown().into()),
    };
    let describe = || format!("{}: cannot be read", path.display());
    let file = File::open(&path).with_context(describe)?;
    let rest = file.metadata().with_context(describe)?.len().saturating_sub(offset);
    let mut bytes = vec![0; usize::try_from(rest).unwrap_or(usize::MAX).min(count)];
    let length = read_up_to(&file, offset, &mut bytes).with_context(describe)?;
    bytes.truncate(length);
    Ok(bytes)
}

/// Reads until the buffer is full or the file ends; answers the number of bytes read.
///
/// Reading, rather than mapping, is a choice for the whole room. A mapped page that cannot be had (the file was cut, or it lies on a
/// network mount that fails for a moment) kills the process with SIGBUS before it can say why; a read answers with an error that names the
/// file. It is as fast: the text is copied into a buffer that stays in the processor's cache, and no page tables are filled.
pub(super) fn read_up_to(file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match file.read_at(&mut buffer[length..], offset + length as u64) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

fn root_of(dir: &Path) -> Result<PathBuf> {
    dir.canonicalize().map_err(|error| {
        if error.kind() == io::ErrorKind::NotFound {
            return Failure::new(Code::NotFound, format!("{}: there is no such folder", dir.display())).into();
        }
        anyhow::Error::new(error).context(format!("{}: cannot be read", dir.display()))
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn is_hidden(name: &str) -> bool {
    name.starts_with(['.', '_'])
}

/// Adds the data files in `folder`, which is `root` or lies in it, and whose names begin with `prefix`. `above` are the folders that the
/// walk came through.
fn walk(root: &Path, above: &[&Path], folder: &Path, prefix: &str, files: &mut Vec<DataFile>) -> Result<()> {
    let describe = || format!("{}: cannot be read", folder.display());
    let trail: Vec<&Path> = above.iter().copied().chain([folder]).collect();
    for entry in fs::read_dir(folder).with_context(describe)? {
        let entry = entry.with_context(describe)?;
        let file_name = entry.file_name();
        let Some(own) = file_name.to_str() else {
            return Err(Failure::user(format!("{}: the name {} is no UTF-8", folder.display(), quote(file_name.as_encoded_bytes()))).into());
        };
        if is_hidden(own) {
            continue;
        }
        let name = format!("{prefix}{own}");
        let mut path = entry.path();
        if entry.file_type().with_context(describe)?.is_symlink() {
            path = follow(root, &trail, &path)?;
        }
        let metadata = fs::metadata(&path).with_context(|| format!("{}: cannot be read", path.display()))?;
        if metadata.is_dir() {
            walk(root, &trail, &path, &format!("{name}/"), files)?;
        } else if metadata.is_file() {
            files.push(DataFile { name, path, bytes: metadata.len(), content: Content::Plain });
        } else {
            return Err(Failure::user(format!("{}: neither a file nor a folder", path.display())).into());
        }
    }
    Ok(())
}

/// Where a link leads, which must be inside of `root` and not a folder that the walk is in.
fn follow(root: &Path, trail: &[&Path], link: &Path) -> Result<PathBuf> {
    let Ok(target) = link.canonicalize() else {
        return Err(Failure::user(format!("{}: the link leads nowhere", link.display())).into());
    };
    if !target.starts_with(root) {
        let what = format!("{}: the link leads out of the channel, to {}", link.display(), target.display());
        return Err(Failure::user(what).help("put the file itself into the channel").into());
    }
    if trail.iter().any(|folder| folder.starts_with(&target)) {
        return Err(Failure::user(format!("{}: the link leads back to a folder that it lies in", link.display())).into());
    }
    Ok(target)
}

#[cfg(test)]
mod tests;
