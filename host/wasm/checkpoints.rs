//! Checkpoints: numbered safetensors files in a folder that the platform uploads and restores, each whole or not at all.
//!
//! A file is written under a name that the uploading agent leaves alone, then renamed. While the agent reads a file it puts a marker beside
//! it, and another one when it is done; in between the file must stay. The markers' names are the platform's, so whoever starts the guest
//! gives them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use algohost_kernels::{Context, Tensor};
use serde_json::{Map, Value};

use super::archives::{Archive, METADATA_KEY, write_file};
use super::job::Access;
use crate::failure::{Code, Failure};
use crate::telemetry;

/// The key of the algorithm's name in a file's metadata.
const OWNER_KEY: &str = "algorithm";

/// Tensors of one checkpoint, bytes of a tensor's name, bytes of a state.
const MOST_TENSORS: usize = 10_000;
const LONGEST_NAME: usize = 256;
const LARGEST_STATE: usize = 1 << 20;

/// Digits of a checkpoint's number.
const MOST_DIGITS: usize = 15;

/// Ends of file names that the uploading agent knows.
#[derive(Clone, Debug)]
pub struct Markers {
    /// A file that is not to be uploaded.
    pub unfinished: &'static str,
    /// Beside a file that is being uploaded.
    pub uploading: &'static str,
    /// Beside a file that is safe.
    pub uploaded: &'static str,
}

/// The job's checkpoints. The default keeps none.
#[derive(Clone, Debug, Default)]
pub struct Checkpoints(Option<Store>);

#[derive(Clone, Debug)]
struct Store {
    folder: PathBuf,
    markers: Markers,
    keep: usize,
    owner: String,
}

impl Checkpoints {
    /// Checkpoints of the algorithm called `owner`, of which the newest `keep` (at least 1) stay.
    pub fn new(folder: PathBuf, markers: Markers, keep: usize, owner: &str) -> Checkpoints {
        Checkpoints(Some(Store { folder, markers, keep: keep.max(1), owner: owner.to_owned() }))
    }

    pub(super) fn are_kept(&self) -> bool {
        self.0.is_some()
    }

    /// Writes the next one; false where none are kept.
    pub(super) fn save(&self, context: &Context, names: &[String], values: &[Tensor], state: &str) -> Result<bool, Failure> {
        check(names, values.len(), state)?;
        let Some(store) = &self.0 else { return Ok(false) };
        store.save(context, names, values, state)?;
        Ok(true)
    }

    /// The newest one that is whole and the algorithm's own.
    pub(super) fn latest(&self, context: &Context) -> Result<Option<Archive>, Failure> {
        self.0.as_ref().map_or(Ok(None), |store| store.latest(context))
    }
}

fn check(names: &[String], n_values: usize, state: &str) -> Result<(), Failure> {
    let bad = |what: String| Err(Failure::new(Code::BadOperation, format!("save: {what}")));
    if names.len() != n_values {
        return bad(format!("{} names for {n_values} tensors", names.len()));
    }
    if names.len() > MOST_TENSORS {
        return bad(format!("{} tensors, at most {MOST_TENSORS} fit into a checkpoint", names.len()));
    }
    let mut seen = BTreeSet::new();
    for name in names {
        if name.len() > LONGEST_NAME {
            return bad(format!("a tensor's name has {} bytes, at most {LONGEST_NAME} are possible", name.len()));
        }
        if !seen.insert(name) {
            return bad(format!("two tensors are called '{}'", telemetry::one_line(name)));
        }
    }
    if state.len() > LARGEST_STATE {
        return bad(format!("the state has {} bytes, at most {LARGEST_STATE} are possible: keep arrays as tensors", state.len()));
    }
    match serde_json::from_str::<Map<String, Value>>(state) {
        Ok(_) => Ok(()),
        Err(error) => bad(format!("the state is no JSON object: {error}")),
    }
}

impl Store {
    fn save(&self, context: &Context, names: &[String], values: &[Tensor], state: &str) -> Result<(), Failure> {
        // Views with gaps are copied, everything else is written from where it lies.
        let whole = values.iter().map(|value| if value.contiguous().is_some() { Ok(value.clone()) } else { value.copy(context) });
        let whole = whole.collect::<Result<Vec<Tensor>, algohost_kernels::Error>>()?;
        let tensors: Vec<(&str, &Tensor)> = names.iter().map(String::as_str).zip(&whole).collect();
        let failed =
            |error: String| Failure::new(Code::Io, format!("save: no checkpoint can be written in {}: {error}", self.folder.display()));
        let last = self.numbers().map_err(|error| failed(error.to_string()))?.last().copied().unwrap_or(0);
        let name = file_name(last + 1);
        if number(&name).is_none() {
            return Err(failed(format!("there is no number after the one of {}", file_name(last))));
        }
        let metadata = BTreeMap::from([(METADATA_KEY, state.to_owned()), (OWNER_KEY, self.owner.clone())]);
        write_file(&self.folder.join(&name), &self.beside(&name, self.markers.unfinished), &tensors, &metadata)
            .map_err(|error| failed(format!("{error:#}")))?;
        // The name, too, is to outlive a machine that goes down. Some file systems cannot do that, and need not.
        let _ = std::fs::File::open(&self.folder).and_then(|folder| folder.sync_all());
        self.remove_older();
        Ok(())
    }

    /// Leaves the newest `keep`, and those that are being uploaded; the next save tries again.
    fn remove_older(&self) {
        let Ok(numbers) = self.numbers() else { return };
        for &number in numbers.iter().rev().skip(self.keep) {
            let name = file_name(number);
            let (uploading, uploaded) = (self.beside(&name, self.markers.uploading), self.beside(&name, self.markers.uploaded));
            if uploading.exists() && !uploaded.exists() {
                continue;
            }
            if let Err(error) = std::fs::remove_file(self.folder.join(&name)) {
                tracing::warn!("the old checkpoint {name} cannot be removed: {error}");
                continue;
            }
            for marker in [uploading, uploaded] {
                let _ = std::fs::remove_file(marker);
            }
        }
    }

    fn latest(&self, context: &Context) -> Result<Option<Archive>, Failure> {
        let unreadable =
            |error| Failure::new(Code::Io, format!("latest: the checkpoints in {} cannot be read: {error}", self.folder.display()));
        let numbers = self.numbers().map_err(unreadable)?;
        self.remove_unfinished();
        for (newer, &number) in numbers.iter().rev().enumerate() {
            let name = file_name(number);
            match self.open(context, &name) {
                Ok(archive) => {
                    tracing::info!("checkpoint {name} is restored");
                    if newer == 0 {
                        // A job that was killed after it had written may have left one too many.
                        self.remove_older();
                    }
                    return Ok(Some(archive));
                }
                Err(failure) if matches!(failure.code, Code::BadModel | Code::NotFound) => {
                    tracing::warn!("checkpoint {name} is passed over: {}", failure.what);
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(None)
    }

    fn open(&self, context: &Context, name: &str) -> Result<Archive, Failure> {
        let path = self.folder.join(name);
        let bad = |what: String| Failure::new(Code::BadModel, what);
        if !path.symlink_metadata().is_ok_and(|metadata| metadata.is_file()) {
            return Err(bad("it is no file".into()));
        }
        let archive = Archive::open(("latest", "the checkpoint directory"), context, &path, name, Access::Write)?;
        match archive.entry(OWNER_KEY) {
            Some(owner) if owner == self.owner && archive.entry(METADATA_KEY).is_some() => Ok(archive),
            Some(owner) => Err(bad(format!("it is of the algorithm '{}', this one is '{}'", telemetry::one_line(owner), self.owner))),
            None => Err(bad("it does not say which algorithm saved it".into())),
        }
    }

    /// What a job left that was killed while it wrote.
    fn remove_unfinished(&self) {
        let Ok(entries) = std::fs::read_dir(&self.folder) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let checkpoint = name.to_str().and_then(|name| name.strip_suffix(self.markers.unfinished));
            if checkpoint.and_then(number).is_some() {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }

    /// The numbers of the checkpoints there are, whole or not.
    fn numbers(&self) -> std::io::Result<BTreeSet<u64>> {
        let mut numbers = BTreeSet::new();
        for entry in std::fs::read_dir(&self.folder)? {
            numbers.extend(entry?.file_name().to_str().and_then(number));
        }
        Ok(numbers)
    }

    fn beside(&self, name: &str, marker: &str) -> PathBuf {
        self.folder.join(format!("{name}{marker}"))
    }
}

fn file_name(number: u64) -> String {
    format!("checkpoint-{number}.safetensors")
}

/// The number in a name that [`file_name`] gives.
fn number(name: &str) -> Option<u64> {
    let digits = name.strip_prefix("checkpoint-")?.strip_suffix(".safetensors")?;
    let plain = digits.len() <= MOST_DIGITS && !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
    if plain { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_a_checkpoint_can_have_are_numbers() {
        assert_eq!(number(&file_name(1)), Some(1));
        assert_eq!(number(&file_name(999_999_999_999_999)), Some(999_999_999_999_999));
        for name in [
            "checkpoint-.safetensors",
            "checkpoint-0.safetensors",
            "checkpoint-01.safetensors",
            "checkpoint-+1.safetensors",
            "checkpoint-1000000000000000.safetensors",
            "checkpoint-1.safetensors.sagemaker-ignore",
            "checkpoint-1",
            "model.safetensors",
        ] {
            assert_eq!(number(name), None, "{name}");
        }
    }

    #[test]
    fn what_cannot_be_a_checkpoint_is_told() {
        let names = |count: usize| (0..count).map(|i| i.to_string()).collect::<Vec<_>>();
        let large = format!(r#"{{"text": "{}"}}"#, "x".repeat(LARGEST_STATE));
        for (names, n_values, state, told) in [
            (names(2), 1, "{}", "2 names for 1 tensors"),
            (names(MOST_TENSORS + 1), MOST_TENSORS + 1, "{}", "10001 tensors, at most 10000"),
            (vec!["a".to_owned(), "a".to_owned()], 2, "{}", "two tensors are called 'a'"),
            (vec!["x".repeat(257)], 1, "{}", "257 bytes, at most 256"),
            (names(1), 1, "[]", "no JSON object"),
            (names(1), 1, large.as_str(), "at most 1048576"),
        ] {
            let failure = check(&names, n_values, state).unwrap_err();
            assert!(failure.code == Code::BadOperation && failure.what.contains(told), "{failure}, wanted {told}");
        }
        assert_eq!(check(&names(MOST_TENSORS), MOST_TENSORS, "{}"), Ok(()));
    }
}
