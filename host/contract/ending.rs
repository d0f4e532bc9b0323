//! How a job's end is told: `output/success`, `output/failure`, and the failure that the algorithm itself wrote.

use std::fs::{self, OpenOptions};
use std::io::Read as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rustix::fs::OFlags;

use super::paths::Base;
use crate::failure::Failure;

/// Bytes that are kept of a failure file which the algorithm wrote.
const MOST_BYTES: u64 = 64 << 10;

/// The end of one job. The algorithm sees a folder of its own in place of `output`, so that it can write a `failure` there and nothing that
/// the platform reads; what it wrote is taken over when the job has ended.
pub struct Ending {
    base: Base,
}

impl Ending {
    /// Forgets the end of an earlier job in the same place, which must not be taken for this one's.
    pub fn begin(base: &Base) -> Ending {
        let ending = Ending { base: base.clone() };
        for file in [base.success_file(), base.failure_file()] {
            let _ = fs::remove_file(file);
        }
        ending.forget_folder();
        ending
    }

    /// Makes the folder that the algorithm sees as `output`.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn algorithm_folder(&self) -> Result<PathBuf> {
        let folder = self.folder();
        fs::create_dir_all(&folder).with_context(|| format!("the folder {} cannot be made", folder.display()))?;
        Ok(folder)
    }

    /// Writes the empty `output/success`, and keeps a failure that the algorithm wrote all the same.
    pub fn succeed(&self) {
        if let Some(words) = self.own_words() {
            tracing::warn!("train: the algorithm wrote a failure file, but did not fail");
            write(&self.base.failure_file(), &words);
        }
        write(&self.base.success_file(), b"");
        self.forget_folder();
    }

    /// Writes `output/failure`: what the algorithm wrote there itself, or else the report of the failure.
    pub fn fail(&self, failure: &Failure) {
        let words = self.own_words();
        if words.is_some() {
            tracing::info!("train: the failure file that the algorithm wrote is kept");
        }
        write(&self.base.failure_file(), &words.unwrap_or_else(|| failure.report().into_bytes()));
        self.forget_folder();
    }

    fn folder(&self) -> PathBuf {
        self.base.root().join("output/.algorithm")
    }

    fn forget_folder(&self) {
        let _ = fs::remove_dir_all(self.folder());
    }

    /// What the algorithm wrote into `failure`: a file with something in it, and no link to somewhere else.
    fn own_words(&self) -> Option<Vec<u8>> {
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let file = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(self.folder().join("failure")).ok()?;
        if !file.metadata().ok()?.is_file() {
            return None;
        }
        let mut words = Vec::new();
        file.take(MOST_BYTES).read_to_end(&mut words).ok()?;
        (!words.is_empty()).then_some(words)
    }
}

fn write(path: &Path, bytes: &[u8]) {
    let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(path, bytes));
    if let Err(error) = written {
        tracing::error!("{} cannot be written: {error}", path.display());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Code;

    /// The failure file of a job whose algorithm did something in its folder.
    fn failure_after(work: impl FnOnce(&Path)) -> String {
        let root = tempfile::tempdir().unwrap();
        let base = Base::new(root.path());
        let ending = Ending::begin(&base);
        work(&ending.algorithm_folder().unwrap());
        ending.fail(&Failure::new(Code::Internal, "the host's words"));
        assert!(!base.success_file().exists() && !ending.folder().exists());
        fs::read_to_string(base.failure_file()).unwrap()
    }

    #[test]
    fn the_algorithms_own_words_are_kept_and_cut_when_they_are_endless() {
        assert_eq!(failure_after(|folder| fs::write(folder.join("failure"), "mine").unwrap()), "mine");
        let long = failure_after(|folder| fs::write(folder.join("failure"), "x".repeat(100_000)).unwrap());
        assert_eq!(long, "x".repeat(MOST_BYTES as usize));
    }

    #[test]
    fn nothing_a_link_and_a_folder_are_no_words() {
        let host = "the host's words\n(algorithm error, internal)\n";
        assert_eq!(failure_after(|_| ()), host);
        assert_eq!(failure_after(|folder| fs::write(folder.join("failure"), "").unwrap()), host);
        assert_eq!(failure_after(|folder| fs::create_dir(folder.join("failure")).unwrap()), host);
        assert_eq!(failure_after(|folder| std::os::unix::fs::symlink("/etc/hostname", folder.join("failure")).unwrap()), host);
    }
}
