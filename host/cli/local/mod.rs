//! `algohost local`: a training job without the platform. A base directory is made of flags, and the very job that the platform would start
//! runs in it.

mod place;
mod words;

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::contract::{Base, Settings};
use crate::failure::{Code, Failure};
use crate::process::Stop;

pub(super) use words::parse;

/// Where the base directory is made when the command line does not say.
const FOLDER: &str = "algohost-local";

/// A training job in flags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocalJob {
    /// `--component`.
    pub component: Option<PathBuf>,
    /// `--hp`: names and values as typed, in their order.
    pub hyperparameters: Vec<(String, String)>,
    /// `--channel`: in the order in which they are first named.
    pub channels: Vec<LocalChannel>,
    /// `--out`: the base directory.
    pub out: Option<PathBuf>,
    /// `--keep`: output and checkpoints of the run before stay.
    pub keep: bool,
}

/// A channel in flags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocalChannel {
    /// Its name.
    pub name: String,
    /// Files and folders whose files are its data.
    pub sources: Vec<PathBuf>,
    /// Its content type, parameters included.
    pub content_type: Option<String>,
}

/// Makes the base directory, runs the job in it, and says what it left.
///
/// # Errors
/// Whatever stands in the way of the directory, and what the job fails with.
pub(super) fn run(job: &LocalJob, mut settings: Settings, print: &mut dyn FnMut(&str)) -> Result<()> {
    let named = job.component.as_deref().or(settings.component.as_deref());
    let component = named.ok_or_else(|| usage("local needs a component: `algohost local --component FILE`"))?.to_owned();
    if !component.is_file() {
        return Err(Failure::new(Code::NotFound, format!("there is no component {}", component.display())).into());
    }
    let base = Base::new(job.out.clone().unwrap_or_else(|| FOLDER.into()));
    place::make(&base, job)?;
    settings.base = base.clone();
    let result = crate::train::run(&settings, Some(&component), &Stop::watch()?);
    print(&summary(&base, &component, result.is_ok()));
    result
}

fn usage(what: impl Into<String>) -> anyhow::Error {
    Failure::new(Code::Usage, what).help("`algohost help local` shows the options").into()
}

/// What is where after the job, and the command to go on with.
fn summary(base: &Base, component: &Path, succeeded: bool) -> String {
    let there =
        [("model", base.model()), ("metrics", base.metrics_file()), ("report", base.report_file()), ("failure", base.failure_file())];
    let mut text = String::new();
    for (what, path) in there.iter().filter(|(_, path)| path.is_file() || path.read_dir().is_ok_and(|mut entries| entries.next().is_some()))
    {
        text.push_str(&format!("{what}: {}\n", path.display()));
    }
    if succeeded {
        text.push_str(&format!("next: algohost serve --base {} --component {}\n", word(base.root()), word(component)));
    }
    text
}

/// A path as one word of a shell.
fn word(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-+,=@%:".contains(c);
    if !text.is_empty() && text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_of_a_shell() {
        for (path, wanted) in [("./a-b/c.wasm", "./a-b/c.wasm"), ("my job", "'my job'"), ("it's", r"'it'\''s'"), ("$HOME", "'$HOME'")] {
            assert_eq!(word(Path::new(path)), wanted);
        }
    }
}
