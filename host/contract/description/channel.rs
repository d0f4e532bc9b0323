//! One declared channel.

use serde::{Deserialize, Serialize};

use crate::contract::channels::{Channel, InputMode};

/// One declared channel.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "wit/README.md documents the fields")]
pub struct ChannelSpec {
    pub name: String,
    #[serde(default)]
    pub required: bool,
    #[serde(default)]
    pub content_types: Vec<String>,
    #[serde(default)]
    pub input_modes: Vec<String>,
    #[serde(default)]
    pub help: String,
}

/// What the platform calls the ways of handing over a channel.
pub(super) const INPUT_MODES: [&str; 3] = ["File", "FastFile", "Pipe"];

/// Content types that go by other names too.
const ALIASES: [(&str, &str); 11] = [
    ("csv", "text/csv"),
    ("libsvm", "text/libsvm"),
    ("text/x-libsvm", "text/libsvm"),
    ("json", "application/json"),
    ("jsonlines", "application/jsonlines"),
    ("application/x-jsonlines", "application/jsonlines"),
    ("npz", "application/x-npz"),
    ("parquet", "application/x-parquet"),
    ("application/parquet", "application/x-parquet"),
    ("application/vnd.apache.parquet", "application/x-parquet"),
    ("recordio-protobuf", "application/x-recordio-protobuf"),
];

impl ChannelSpec {
    /// What makes no sense, whatever the job.
    pub(super) fn require_sense(&self) -> Result<(), String> {
        match self.input_modes.iter().find(|mode| !INPUT_MODES.contains(&mode.as_str())) {
            Some(mode) => Err(format!("has the input mode '{mode}', wanted {}", INPUT_MODES.join(", "))),
            None => Ok(()),
        }
    }

    /// Holds a channel of the job against it.
    pub(super) fn check(&self, channel: &Channel, problems: &mut Vec<String>) {
        if let Some(content_type) = &channel.content_type
            && !self.content_types.is_empty()
            && !self.content_types.iter().any(|known| normalised(known) == normalised(content_type))
        {
            let (known, shown) = (self.content_types.join(", "), crate::telemetry::one_line(content_type));
            problems.push(format!("channel '{}' has content type '{shown}', wanted one of: {known}", self.name));
        }
        let mode = match channel.mode {
            InputMode::File => "File",
            InputMode::FastFile => "FastFile",
            InputMode::Pipe => "Pipe",
        };
        if !self.input_modes.is_empty() && !self.input_modes.iter().any(|known| known == mode) {
            problems.push(format!("channel '{}' is in {mode} mode, wanted one of: {}", self.name, self.input_modes.join(", ")));
        }
    }
}

/// A content type to compare: no parameters, no capitals, one name for each.
fn normalised(content_type: &str) -> String {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let alias = ALIASES.iter().find(|(alias, _)| *alias == essence);
    alias.map_or(essence, |&(_, name)| name.to_owned())
}
