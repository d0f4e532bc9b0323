//! The words of `algohost local`.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::PathBuf;

use anyhow::Result;
use lexopt::prelude::*;

use super::{LocalChannel, LocalJob, usage};
use crate::cli::{Command, help};

/// Reads what follows the word `local`.
///
/// # Errors
/// [`crate::failure::Code::Usage`] naming the word that is not understood.
pub(in crate::cli) fn parse(parser: &mut lexopt::Parser) -> Result<Command> {
    let mut job = LocalJob::default();
    while let Some(word) = parser.next()? {
        match word {
            Long("component") => job.component = Some(parser.value()?.into()),
            Long("hp") => hyperparameter(&mut job, &parser.value()?.string()?)?,
            Long("channel") => channel(&mut job, &parser.value()?)?,
            Long("out") => job.out = Some(parser.value()?.into()),
            Long("keep") => job.keep = true,
            Short('h') | Long("help") => return Ok(Command::Print(help::LOCAL.into())),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Command::Local(job))
}

/// `NAME=VALUE`.
fn hyperparameter(job: &mut LocalJob, text: &str) -> Result<()> {
    let Some((name, value)) = text.split_once('=').filter(|(name, _)| !name.is_empty()) else {
        return Err(usage(format!("--hp '{text}' is no NAME=VALUE")));
    };
    if job.hyperparameters.iter().any(|(known, _)| known == name) {
        return Err(usage(format!("--hp {name} is given twice")));
    }
    job.hyperparameters.push((name.to_owned(), value.to_owned()));
    Ok(())
}

/// `NAME=PATH[,PATH...][;CONTENT-TYPE]`. A channel that is named again gets more files.
fn channel(job: &mut LocalJob, text: &OsStr) -> Result<()> {
    let wrong = || usage(format!("--channel '{}' is no NAME=PATH[,PATH...][;CONTENT-TYPE]", text.to_string_lossy()));
    let bytes = text.as_bytes();
    let equals = bytes.iter().position(|&byte| byte == b'=').ok_or_else(wrong)?;
    let name = std::str::from_utf8(&bytes[..equals]).map_err(|_| wrong())?;
    let rest = &bytes[equals + 1..];
    let (paths, content_type) = match rest.iter().position(|&byte| byte == b';') {
        Some(at) => (&rest[..at], Some(std::str::from_utf8(&rest[at + 1..]).map_err(|_| wrong())?.trim())),
        None => (rest, None),
    };
    let sources = sources(paths);
    if name.is_empty() || sources.iter().any(|source| source.as_os_str().is_empty()) || content_type == Some("") {
        return Err(wrong());
    }
    let at = job.channels.iter().position(|channel| channel.name == name).unwrap_or_else(|| {
        job.channels.push(LocalChannel { name: name.to_owned(), ..LocalChannel::default() });
        job.channels.len() - 1
    });
    let channel = &mut job.channels[at];
    channel.sources.extend(sources);
    if let Some(said) = content_type {
        match &channel.content_type {
            Some(before) if before != said => {
                return Err(usage(format!("--channel {name} has two content types: '{before}' and '{said}'")));
            }
            _ => channel.content_type = Some(said.to_owned()),
        }
    }
    Ok(())
}

/// One path, when there is such a file or folder, or several that are parted by commas.
fn sources(bytes: &[u8]) -> Vec<PathBuf> {
    let path = |bytes: &[u8]| PathBuf::from(OsString::from_vec(bytes.to_vec()));
    let whole = path(bytes);
    if whole.exists() { vec![whole] } else { bytes.split(|&byte| byte == b',').map(path).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<LocalJob> {
        match parse(&mut lexopt::Parser::from_args(words))? {
            Command::Local(job) => Ok(job),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn channels_take_several_paths_and_one_content_type() {
        let job = read(&["--channel", "train=a.csv,b/c.csv;text/csv;label_size=0", "--channel", "train=d", "--channel=x=e"]).unwrap();
        let train = LocalChannel {
            name: "train".into(),
            sources: ["a.csv", "b/c.csv", "d"].map(PathBuf::from).to_vec(),
            content_type: Some("text/csv;label_size=0".into()),
        };
        assert_eq!(job.channels, [train, LocalChannel { name: "x".into(), sources: vec!["e".into()], content_type: None }]);
    }

    #[test]
    fn a_value_may_hold_what_parts_words() {
        let job = read(&["--hp", "formula=a=b;c,d", "--hp", "empty="]).unwrap();
        assert_eq!(job.hyperparameters, [("formula".into(), "a=b;c,d".into()), ("empty".into(), String::new())]);
    }

    #[test]
    fn what_is_no_pair_is_told() {
        for (words, wanted) in [
            (["--hp", "k"], "--hp 'k' is no NAME=VALUE"),
            (["--hp", "=3"], "--hp '=3' is no NAME=VALUE"),
            (["--channel", "train"], "--channel 'train' is no NAME=PATH[,PATH...][;CONTENT-TYPE]"),
            (["--channel", "train="], "--channel 'train=' is no NAME=PATH[,PATH...][;CONTENT-TYPE]"),
            (["--channel", "train=a,"], "--channel 'train=a,' is no NAME=PATH[,PATH...][;CONTENT-TYPE]"),
            (["--channel", "=a"], "--channel '=a' is no NAME=PATH[,PATH...][;CONTENT-TYPE]"),
            (["--channel", "train=a;"], "--channel 'train=a;' is no NAME=PATH[,PATH...][;CONTENT-TYPE]"),
        ] {
            assert_eq!(read(&words).unwrap_err().to_string(), wanted);
        }
        let twice = read(&["--hp", "k=1", "--hp", "k=2"]).unwrap_err().to_string();
        assert_eq!(twice, "--hp k is given twice");
        let types = read(&["--channel", "t=a;text/csv", "--channel", "t=b;text/libsvm"]).unwrap_err().to_string();
        assert_eq!(types, "--channel t has two content types: 'text/csv' and 'text/libsvm'");
    }
}
