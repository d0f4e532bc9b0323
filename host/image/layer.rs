//! A layer: a tar archive of files and links, the same bytes whenever it is made, packed with gzip.

use std::io::Write;

use anyhow::{Context as _, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, EntryType, Header};

use super::digest::Digest;

/// What lies in a layer.
pub(super) enum Entry<'a> {
    Folder,
    File {
        bytes: &'a [u8],
        executable: bool,
    },
    /// To a name in the same folder.
    Link {
        target: &'a str,
    },
}

/// A layer as it lies in an archive, and as its configuration names it.
pub(super) struct Layer {
    /// Packed.
    pub(super) bytes: Vec<u8>,
    /// Of the tar archive in it.
    pub(super) diff_id: Digest,
    /// What it is, for whoever looks at the history.
    pub(super) story: String,
}

impl Layer {
    /// A layer with these entries; paths are relative to the root, and the folders they lie in are added.
    ///
    /// # Errors
    /// None that a reader of this machine could mend: paths are our own.
    pub(super) fn new(story: impl Into<String>, entries: &[(&str, Entry<'_>)]) -> Result<Layer> {
        let tar = archive(entries).context("the layer cannot be made")?;
        let diff_id = Digest::of(&tar);
        // Nothing that differs between machines or times: no name, no time, no system.
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        packed.write_all(&tar).context("the layer cannot be packed")?;
        let bytes = packed.finish().context("the layer cannot be packed")?;
        Ok(Layer { bytes, diff_id, story: story.into() })
    }
}

fn archive(entries: &[(&str, Entry<'_>)]) -> std::io::Result<Vec<u8>> {
    let mut tar = Builder::new(Vec::new());
    let mut folders: Vec<&str> = Vec::new();
    for (path, entry) in entries {
        for (end, _) in path.match_indices('/') {
            let folder = &path[..end];
            if !folders.contains(&folder) {
                folders.push(folder);
                append(&mut tar, folder, &Entry::Folder)?;
            }
        }
        append(&mut tar, path, entry)?;
    }
    tar.into_inner()
}

fn append(tar: &mut Builder<Vec<u8>>, path: &str, entry: &Entry<'_>) -> std::io::Result<()> {
    match entry {
        Entry::Folder => append_folder(tar, path),
        Entry::File { bytes, executable } => {
            let mode = if *executable { 0o755 } else { 0o644 };
            tar.append_data(&mut header(EntryType::Regular, mode, bytes.len() as u64), path, *bytes)
        }
        Entry::Link { target } => tar.append_link(&mut header(EntryType::Symlink, 0o777, 0), path, target),
    }
}

/// A folder, whose path ends without a slash.
pub(super) fn append_folder(tar: &mut Builder<impl Write>, path: &str) -> std::io::Result<()> {
    tar.append_data(&mut header(EntryType::Directory, 0o755, 0), format!("{path}/"), std::io::empty())
}

/// Owned by root, of the first second of 1970.
pub(super) fn header(kind: EntryType, mode: u32, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header
}
