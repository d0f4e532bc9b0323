//! Media types with their parameters, and the formats that they mean.

use anyhow::Result;

use super::fault::quote;
use algohost_failure::{Code, Failure};

/// A format that is decoded or encoded here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Numbers in lines, separated by commas or another delimiter, without a header line.
    Csv,
    /// `label index:value …` in lines.
    Libsvm,
    /// A JSON record in each line.
    JsonLines,
    /// NumPy's array file.
    Npy,
    /// NumPy's archive of array files.
    Npz,
    /// Apache Parquet.
    Parquet,
    /// The platform's `Record` messages in RecordIO frames.
    RecordIo,
    /// JSON in the forms of the platform's inference documents.
    Json,
}

impl Format {
    /// The media type that answers in this format carry.
    pub fn media_type(self) -> &'static str {
        match self {
            Format::Csv => "text/csv",
            Format::Libsvm => "text/libsvm",
            Format::JsonLines => "application/jsonlines",
            Format::Npy => "application/x-npy",
            Format::Npz => "application/x-npz",
            Format::Parquet => "application/x-parquet",
            Format::RecordIo => "application/x-recordio-protobuf",
            Format::Json => "application/json",
        }
    }

    /// Whether it consists of lines of text.
    pub fn is_text(self) -> bool {
        matches!(self, Format::Csv | Format::Libsvm | Format::JsonLines | Format::Json)
    }

    /// The format of a media type (lower case, without parameters) or of a short name that jobs use for it.
    pub(super) fn of_media_type(essence: &str) -> Option<Format> {
        match essence {
            "text/csv" | "application/csv" | "csv" => Some(Format::Csv),
            "text/libsvm" | "text/x-libsvm" | "application/x-libsvm" | "libsvm" => Some(Format::Libsvm),
            "application/jsonlines" | "application/jsonl" | "application/x-ndjson" | "jsonlines" | "jsonl" => Some(Format::JsonLines),
            "application/x-npy" | "application/npy" | "npy" => Some(Format::Npy),
            "application/x-recordio-protobuf" | "application/recordio-protobuf" | "recordio-protobuf" => Some(Format::RecordIo),
            "application/x-npz" | "application/npz" | "npz" => Some(Format::Npz),
            "application/x-parquet" | "application/parquet" | "application/vnd.apache.parquet" | "parquet" => Some(Format::Parquet),
            "application/json" | "text/json" | "json" => Some(Format::Json),
            _ => None,
        }
    }
}

/// A media type as a channel or a request gives it: `text/csv; label_size=1; charset=utf-8`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentType {
    essence: String,
    parameters: Vec<(String, String)>,
}

impl ContentType {
    /// Reads a media type. Case, blanks and the order of parameters do not matter; values may be quoted. The type need not be known,
    /// and may be empty, which no format is.
    ///
    /// # Errors
    /// Invalid input for a parameter without name or value, and for one given twice.
    pub fn parse(text: &str) -> Result<ContentType> {
        let mut parts = text.split(';');
        let essence = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
        let mut parameters: Vec<(String, String)> = Vec::new();
        for part in parts.map(str::trim).filter(|part| !part.is_empty()) {
            let wrong = |why: &str| Failure::user(format!("content type {}: {why} {}", quote(text.as_bytes()), quote(part.as_bytes())));
            let Some((name, value)) = part.split_once('=') else {
                return Err(wrong("no '=' in the parameter").into());
            };
            let (name, value) = (name.trim().to_ascii_lowercase(), unquote(value.trim()).to_ascii_lowercase());
            if name.is_empty() || value.is_empty() {
                return Err(wrong("no name or no value in the parameter").into());
            }
            if parameters.iter().any(|(known, _)| *known == name) {
                return Err(wrong("a second value in the parameter").into());
            }
            parameters.push((name, value));
        }
        Ok(ContentType { essence, parameters })
    }

    /// Type and subtype in lower case, without parameters.
    pub fn essence(&self) -> &str {
        &self.essence
    }

    /// The value of a parameter, in lower case and without quotes.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The format, when it is one of `supported` and its characters are encoded so that numbers are ASCII.
    ///
    /// # Errors
    /// Unsupported media, naming what is supported. `subject` says whose content type it is.
    pub(super) fn format(&self, subject: &str, supported: &[Format]) -> Result<Format> {
        let help = || format!("supported are {}", supported.iter().map(|format| format.media_type()).collect::<Vec<_>>().join(", "));
        let refuse = |what: String| Failure::new(Code::UnsupportedMedia, what).help(help());
        if self.essence.is_empty() {
            return Err(refuse(format!("{subject}: no content type is given")).into());
        }
        let Some(format) = Format::of_media_type(&self.essence).filter(|format| supported.contains(format)) else {
            return Err(refuse(format!("{subject}: content type {} cannot be read", quote(self.essence.as_bytes()))).into());
        };
        if let Some(charset) = self.parameter("charset")
            && !matches!(charset, "utf-8" | "utf8" | "us-ascii" | "ascii" | "iso-8859-1" | "latin-1" | "latin1" | "windows-1252")
        {
            let what = format!("{subject}: charset {} cannot be read", quote(charset.as_bytes()));
            return Err(Failure::new(Code::UnsupportedMedia, what).help("supported is utf-8").into());
        }
        Ok(format)
    }

    /// The number of leading label columns that the `label_size` parameter gives.
    ///
    /// # Errors
    /// Invalid input when it is not a whole number.
    pub fn label_size(&self) -> Result<Option<usize>> {
        let Some(value) = self.parameter("label_size") else {
            return Ok(None);
        };
        match value.parse() {
            Ok(size) => Ok(Some(size)),
            Err(_) => Err(Failure::user(format!("content type: label_size is {}, not a whole number", quote(value.as_bytes()))).into()),
        }
    }

    /// The number of features of a row that the `columns` parameter gives.
    ///
    /// # Errors
    /// Invalid input when it is not a whole number from 1.
    pub fn columns(&self) -> Result<Option<usize>> {
        let Some(value) = self.parameter("columns") else {
            return Ok(None);
        };
        match value.parse().ok().filter(|&columns| columns > 0) {
            Some(columns) => Ok(Some(columns)),
            None => Err(Failure::user(format!("content type: columns is {}, not a whole number from 1", quote(value.as_bytes()))).into()),
        }
    }

    /// The index of the first column of libsvm rows, 0 or 1, that the `index_base` parameter gives.
    ///
    /// # Errors
    /// Invalid input when it is neither.
    pub fn index_base(&self) -> Result<Option<u64>> {
        match self.parameter("index_base") {
            None => Ok(None),
            Some("0") => Ok(Some(0)),
            Some("1") => Ok(Some(1)),
            Some(value) => Err(Failure::user(format!("content type: index_base is {}, not 0 or 1", quote(value.as_bytes()))).into()),
        }
    }
}

fn unquote(value: &str) -> &str {
    value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value).trim()
}

#[cfg(test)]
mod tests;
