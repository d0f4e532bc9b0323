//! Where the indices of libsvm rows begin.

use std::collections::BTreeSet;

use algohost_kernels::Context;
use anyhow::Result;

use super::super::content_type::Format;
use super::super::fault::quote;
use super::super::files::{self, DataFile};
use super::super::text::has_index_zero;
use super::opening::{Origin, Source, describe};
use algohost_failure::Failure;

/// Where the indices of a job's libsvm channels begin: at 0 or at 1, in all of them alike, since the same column is to be the same feature.
///
/// A channel's content type may say it (`text/libsvm; index_base=1`). A channel that does not say goes by those that do; where none does,
/// indices begin at 0 if index 0 occurs in any of these channels, else at 1.
#[derive(Debug, Default)]
pub struct IndexBase {
    channels: Vec<Member>,
}

#[derive(Debug)]
struct Member {
    source: Source,
    /// Whether index 0 occurs, once that was looked for.
    has_zero: Option<bool>,
}

/// What was decided for a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The index of the first column: 0 or 1.
    pub base: u64,
    /// Why, as the end of a sentence.
    pub reason: String,
}

impl IndexBase {
    /// Of a job with these channels. Those in other formats do not matter.
    pub fn of(sources: impl IntoIterator<Item = Source>) -> IndexBase {
        IndexBase { channels: sources.into_iter().map(|source| Member { source, has_zero: None }).collect() }
    }

    /// Decides for a libsvm channel, of which it is known what it says and whether index 0 occurs. Others are looked through once, when
    /// they have to be. `label_size` is what the channels are read with, where that is not up to their content types.
    ///
    /// # Errors
    /// Invalid input when the channel does not say where its indices begin and others contradict each other; io when they cannot be read.
    pub(super) fn decide(
        &mut self,
        context: &Context,
        channel: &str,
        said: Option<u64>,
        has_zero: bool,
        label_size: Option<usize>,
    ) -> Result<Decision> {
        if let Some(base) = said {
            return Ok(Decision { base, reason: "as its content type says".to_owned() });
        }
        let mut bases = BTreeSet::new();
        for member in &mut self.channels {
            if member.source.channel == channel {
                member.has_zero = Some(has_zero);
            } else if let Some(base) = member.said() {
                bases.insert(base);
            }
        }
        if bases.len() > 1 {
            let what = format!("channel {}: other channels differ in index_base", quote(channel.as_bytes()));
            return Err(Failure::user(what).help("add index_base=0 or index_base=1 to this channel's content type, too").into());
        }
        if let Some(base) = bases.pop_first() {
            return Ok(Decision { base, reason: "as the content type of another channel says".to_owned() });
        }
        if has_zero {
            return Ok(Decision { base: 0, reason: "index 0 occurs".to_owned() });
        }
        for member in &mut self.channels {
            if member.has_zero(context, label_size)? {
                let reason = format!("index 0 occurs in channel {}", quote(member.source.channel.as_bytes()));
                return Ok(Decision { base: 0, reason });
            }
        }
        Ok(Decision { base: 1, reason: "index 0 occurs in no libsvm channel".to_owned() })
    }
}

impl Member {
    /// What the content type says. Whatever is wrong with the channel is told when it is opened itself.
    fn said(&self) -> Option<u64> {
        let content_type = describe(&self.source, &self.files()?).ok().filter(|(format, _)| *format == Format::Libsvm)?.1;
        content_type?.index_base().ok()?
    }

    fn files(&self) -> Option<Vec<DataFile>> {
        match &self.source.origin {
            Origin::Folder(dir) => files::list(dir).ok(),
            Origin::Pipe(_) => Some(Vec::new()),
        }
    }

    fn has_zero(&mut self, context: &Context, label_size: Option<usize>) -> Result<bool> {
        if let Some(known) = self.has_zero {
            return Ok(known);
        }
        let found = self.look_for_zero(context, label_size)?;
        self.has_zero = Some(found);
        Ok(found)
    }

    fn look_for_zero(&self, context: &Context, label_size: Option<usize>) -> Result<bool> {
        // To look for it in a pipe would use up an epoch.
        let Some(files) = self.files().filter(|_| matches!(self.source.origin, Origin::Folder(_))) else { return Ok(false) };
        let Ok((Format::Libsvm, content_type)) = describe(&self.source, &files) else { return Ok(false) };
        let said = content_type.and_then(|content_type| content_type.label_size().ok()?);
        let labelled = label_size.or(said) != Some(0);
        let files = files::unpack(context, &self.source.channel, files)?;
        has_index_zero(context, &self.source.channel, files, labelled)
    }
}
