//! The bytes of an archive: mapped where the file stays as it is, read where it may not.

use std::fs::File;
use std::io;
use std::path::Path;

use memmap2::{Advice, Mmap};
use rustix::fs::{FsWord, fstatfs};

use super::job::Access;

/// Shorter files are read: that takes less time than to map them.
const MAPPED_FROM: u64 = 128 << 10;

/// File systems whose pages can become unreachable, which would end the process: NFS, SMB (two), FUSE, Lustre, Ceph, 9P.
const REMOTE: [FsWord; 7] = [0x6969, 0xfe53_4d42, 0xff53_4d42, 0x6573_5546, 0x0bd0_0bd0, 0x00c3_6400, 0x0102_1997];

/// A file's bytes, beginning at a multiple of 8.
pub(super) enum Weights {
    Read { words: Vec<u64>, length: usize },
    Mapped(Mmap),
}

impl Weights {
    /// `access` is what a guest has to the file: what it can write is read.
    pub(super) fn open(path: &Path, access: Access) -> io::Result<Weights> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        if access == Access::Read && length >= MAPPED_FROM && !is_remote(&file) {
            return Weights::map(&file);
        }
        Weights::read(&file, length)
    }

    #[expect(unsafe_code, reason = "a mapped file is memory that others could change")]
    fn map(file: &File) -> io::Result<Weights> {
        // SAFETY: models that are served lie in a folder that guests cannot write to, and whoever operates the container replaces its files by
        // others instead of writing into them; README.md says so. A tensor of the mapping is never written to.
        let mapped = unsafe { Mmap::map(file)? };
        // The first request should not wait for the disk.
        let _ = mapped.advise(Advice::WillNeed);
        Ok(Weights::Mapped(mapped))
    }

    fn read(file: &File, length: u64) -> io::Result<Weights> {
        use std::io::Read as _;
        let length = usize::try_from(length).map_err(io::Error::other)?;
        let mut words = Vec::new();
        words.try_reserve_exact(length.div_ceil(8))?;
        words.resize(length.div_ceil(8), 0u64);
        let mut file = file;
        file.read_exact(&mut bytemuck::cast_slice_mut(&mut words)[..length])?;
        Ok(Weights::Read { words, length })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Weights::Read { words, length } => &bytemuck::cast_slice(words)[..*length],
            Weights::Mapped(mapped) => mapped,
        }
    }
}

fn is_remote(file: &File) -> bool {
    fstatfs(file).map_or(true, |system| REMOTE.contains(&system.f_type))
}
