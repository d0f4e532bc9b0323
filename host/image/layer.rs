//! A layer: a tar archive of files and links, the same bytes whenever it is made, packed with gzip.

use std::io::Write as _;

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

/// Owned by root, readable by everybody, of the first second of 1970.
fn append(tar: &mut Builder<Vec<u8>>, path: &str, entry: &Entry<'_>) -> std::io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(0);
    match entry {
        Entry::Folder => {
            header.set_entry_type(EntryType::Directory);
            header.set_mode(0o755);
            tar.append_data(&mut header, format!("{path}/"), std::io::empty())
        }
        Entry::File { bytes, executable } => {
            header.set_entry_type(EntryType::Regular);
            header.set_mode(if *executable { 0o755 } else { 0o644 });
            header.set_size(bytes.len() as u64);
            tar.append_data(&mut header, path, *bytes)
        }
        Entry::Link { target } => {
            header.set_entry_type(EntryType::Symlink);
            header.set_mode(0o777);
            tar.append_link(&mut header, path, target)
        }
    }
}
