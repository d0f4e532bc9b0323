//! `input/config/inputdataconfig.json`: the channels and how they are handed over.

use std::path::PathBuf;

use anyhow::Result;
use serde_json::Value;

use super::files::{kind, optional_text, read_object};
use super::paths::Base;
use crate::failure::Failure;

const FILE: &str = "inputdataconfig.json";

/// How the platform hands over a channel's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputMode {
    /// A folder of whole files, there before the job starts.
    File,
    /// The same folder, fetched as it is read.
    FastFile,
    /// A named pipe per epoch.
    Pipe,
}

/// One channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Its name.
    pub name: String,
    /// Where its files are; in Pipe mode, what the names of its pipes begin with (`FOLDER_0`, `FOLDER_1`, ...).
    pub folder: PathBuf,
    /// As the user gave it, parameters included.
    pub content_type: Option<String>,
    /// `TrainingInputMode`.
    pub mode: InputMode,
    /// `RecordWrapperType` is `RecordIO`: in Pipe mode, each object comes in a RecordIO record.
    pub framed: bool,
    /// `S3DistributionType` is `ShardedByS3Key`: this host sees its share only.
    pub sharded: bool,
}

/// Reads the file; channels come sorted by name.
pub(super) fn read(base: &Base) -> Result<Vec<Channel>> {
    let mut channels = Vec::new();
    for (name, value) in read_object(base, FILE)? {
        require_name(&name)?;
        let Value::Object(config) = value else {
            return Err(Failure::user(format!("{FILE}: channel '{name}' is {}, wanted an object", kind(&value))).into());
        };
        let mode = match optional_text(FILE, &config, "TrainingInputMode")?.as_deref() {
            None | Some("File") => InputMode::File,
            Some("FastFile") => InputMode::FastFile,
            Some("Pipe") => InputMode::Pipe,
            Some(other) => {
                let what = format!("{FILE}: channel '{name}' has TrainingInputMode '{other}', wanted File, FastFile or Pipe");
                return Err(Failure::user(what).into());
            }
        };
        let framed = match optional_text(FILE, &config, "RecordWrapperType")?.as_deref() {
            None | Some("None" | "") => false,
            Some("RecordIO") => true,
            Some(other) => {
                let what = format!("{FILE}: channel '{name}' has RecordWrapperType '{other}', wanted None or RecordIO");
                return Err(Failure::user(what).into());
            }
        };
        let sharded = optional_text(FILE, &config, "S3DistributionType")?.is_some_and(|kind| kind == "ShardedByS3Key");
        let content_type = optional_text(FILE, &config, "ContentType")?.filter(|text| !text.trim().is_empty());
        channels.push(Channel { folder: base.channel(&name), name, content_type, mode, framed, sharded });
    }
    channels.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(channels)
}

/// The platform's rule for channel names, which also keeps them inside of `input/data`.
fn require_name(name: &str) -> Result<(), Failure> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if (1..=64).contains(&name.len()) && name.chars().all(allowed) && name != "." && name != ".." {
        return Ok(());
    }
    Err(Failure::user(format!("{FILE}: '{name}' is no channel name; wanted 1 to 64 of A-Z a-z 0-9 . - _")))
}
