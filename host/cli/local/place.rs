//! The base directory of a local run: configuration files as the platform writes them, and channels in File mode.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::{Map, Value, json};

use super::{LocalChannel, LocalJob};
use crate::contract::{self, Base};
use crate::data::files;
use crate::failure::{Code, Failure};

/// Says that a folder was made here, so that it may be made anew.
const MARK: &str = ".algohost-local";

/// What the mark says to whoever finds it.
const MARK_TEXT: &str =
    "`algohost local` made this folder, and makes it anew when it runs again: input, model, output and checkpoints are removed first.\n";

/// What of an earlier run is removed; the first one always, the others unless they are to be kept.
const REMOVED: [&str; 4] = ["input", "model", "output", "checkpoints"];

/// Makes the directory.
///
/// # Errors
/// Invalid input for a folder that holds something else, for files that are missing, clash, or are none; io when the system refuses.
pub(super) fn make(base: &Base, job: &LocalJob) -> Result<()> {
    for channel in &job.channels {
        require_sources(channel)?;
    }
    clear(base.root(), job.keep)?;
    write_json(base, "hyperparameters.json", &Value::Object(hyperparameters(&job.hyperparameters)))?;
    let host = json!({"current_host": "algo-1", "hosts": ["algo-1"], "network_interface_name": "eth0"});
    write_json(base, "resourceconfig.json", &host)?;
    write_json(base, "inputdataconfig.json", &Value::Object(job.channels.iter().map(channel_config).collect()))?;
    // Reads the names back by the platform's rule, before a name becomes a folder.
    contract::TrainingJob::read(base)?;
    job.channels.iter().try_for_each(|channel| fill(base, channel))
}

fn require_sources(channel: &LocalChannel) -> Result<()> {
    for source in &channel.sources {
        if !source.exists() {
            let what = format!("channel '{}': there is no file or folder {}", channel.name, source.display());
            return Err(Failure::new(Code::NotFound, what).into());
        }
    }
    Ok(())
}

/// An empty folder that is ours.
fn clear(root: &Path, keep: bool) -> Result<()> {
    let mark = root.join(MARK);
    let is_empty = match fs::read_dir(root) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == ErrorKind::NotFound => true,
        Err(error) => return Err(error).with_context(|| format!("the folder {} cannot be read", root.display())),
    };
    if !is_empty && !mark.is_file() {
        let what = format!("the folder {} is not empty, and `algohost local` did not make it", root.display());
        return Err(Failure::user(what).help("name another one with --out, or empty it").into());
    }
    for name in &REMOVED[..if keep { 1 } else { REMOVED.len() }] {
        let path = root.join(name);
        contract::remove(&path).with_context(|| format!("{} cannot be removed", path.display()))?;
    }
    fs::create_dir_all(root.join("input/config"))
        .and_then(|()| fs::write(&mark, MARK_TEXT))
        .with_context(|| format!("the folder {} cannot be made", root.display()))
}

fn write_json(base: &Base, name: &str, value: &Value) -> Result<()> {
    let path = base.config_file(name);
    fs::write(&path, format!("{value:#}\n")).with_context(|| format!("{} cannot be written", path.display()))
}

/// Strings only, each value encoded as JSON, as the platform's SDK does: what is JSON already (numbers, true, lists) stays as it is.
fn hyperparameters(given: &[(String, String)]) -> Map<String, Value> {
    let encoded = |text: &str| match serde_json::from_str::<Value>(text) {
        Ok(_) => text.to_owned(),
        Err(_) => Value::from(text).to_string(),
    };
    given.iter().map(|(name, text)| (name.clone(), encoded(text).into())).collect()
}

fn channel_config(channel: &LocalChannel) -> (String, Value) {
    let mut config = json!({"TrainingInputMode": "File", "S3DistributionType": "FullyReplicated", "RecordWrapperType": "None"});
    if let Some(content_type) = &channel.content_type {
        config["ContentType"] = content_type.as_str().into();
    }
    (channel.name.clone(), config)
}

/// Puts the channel's files into its folder.
fn fill(base: &Base, channel: &LocalChannel) -> Result<()> {
    let folder = base.channel(&channel.name);
    fs::create_dir_all(&folder).with_context(|| format!("the folder {} cannot be made", folder.display()))?;
    for source in &channel.sources {
        if source.is_dir() {
            for file in files::list(source)? {
                place(&file.path, &folder.join(&file.name), channel)?;
            }
        } else {
            let name = source.file_name().ok_or_else(|| Failure::user(format!("{} is no file", source.display())))?;
            place(source, &folder.join(name), channel)?;
        }
    }
    Ok(())
}

/// A hard link, which is a file of the channel like any other, or a copy where the file system has none. A symbolic one would lead out of
/// the channel.
fn place(source: &Path, target: &Path, channel: &LocalChannel) -> Result<()> {
    let describe = || format!("channel '{}': {} cannot be put into it", channel.name, source.display());
    let source = source.canonicalize().with_context(describe)?;
    if !source.is_file() {
        return Err(Failure::user(format!("channel '{}': {} is no file", channel.name, source.display())).into());
    }
    if fs::symlink_metadata(target).is_ok() {
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let what = format!("channel '{}': two of its files are called {name}, at last {}", channel.name, source.display());
        return Err(Failure::user(what).help("rename one; a channel is one folder").into());
    }
    if let Some(folder) = target.parent() {
        fs::create_dir_all(folder).with_context(describe)?;
    }
    match fs::hard_link(&source, target) {
        Ok(()) => Ok(()),
        Err(_) => fs::copy(&source, target).map(drop).with_context(describe),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_encoded_as_the_platforms_sdk_does() {
        for (typed, wanted) in [
            ("0.1", "0.1"),
            ("true", "true"),
            ("hello", "\"hello\""),
            ("[1, 2]", "[1, 2]"),
            ("\"5\"", "\"5\""),
            ("", "\"\""),
            ("1e", "\"1e\""),
        ] {
            assert_eq!(hyperparameters(&[("name".into(), typed.into())])["name"], json!(wanted), "{typed}");
        }
    }
}
