//! What a guest may ask about rows and their order.

use std::num::NonZeroUsize;

use serde_json::Value;

use super::options::unexpected;
use algohost_failure::Failure;

/// Which rows, and in which order.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Selection {
    /// This host's share of the rows alone.
    pub shard_by_rank: bool,
    /// One part of the rows alone.
    pub split: Option<Split>,
    /// Another order with every epoch.
    pub shuffle: Option<Shuffle>,
}

/// A division of the rows in two by chance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Split {
    /// The chance of a row to be for validation, between 0 and 1.
    pub validation_fraction: f64,
    /// Other seeds divide otherwise.
    pub seed: u32,
    /// The part that is wanted.
    pub part: Part,
}

/// A part of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// To train on.
    Train,
    /// To validate with.
    Validation,
}

/// An order by chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shuffle {
    /// Other seeds give other orders.
    pub seed: u32,
    /// Rows that are in memory together and trade places; none: all of them.
    pub rows: Option<NonZeroUsize>,
}

/// The options as a guest writes them, one by one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wishes {
    shard_by_rank: bool,
    validation_fraction: Option<f64>,
    split_seed: Option<u32>,
    part: Option<Part>,
    shuffle_seed: Option<u32>,
    shuffle_rows: Option<NonZeroUsize>,
}

impl Wishes {
    /// The options' names.
    pub(crate) const NAMES: &str = "shard_by_rank, validation_fraction, split_seed, part, shuffle_seed, shuffle_rows";

    /// Takes an option; false for one that is none of these.
    ///
    /// # Errors
    /// Invalid input for a value that it cannot have.
    pub(crate) fn take(&mut self, name: &str, value: &Value) -> Result<bool, Failure> {
        let wrong = |wanted: &str| unexpected(name, value, wanted);
        let seed = || value.as_u64().and_then(|seed| u32::try_from(seed).ok()).ok_or_else(|| wrong("a whole number from 0 to 4294967295"));
        match name {
            "shard_by_rank" => self.shard_by_rank = value.as_bool().ok_or_else(|| wrong("true or false"))?,
            "validation_fraction" => {
                let fraction = value.as_f64().filter(|fraction| (0.0..1.0).contains(fraction) && *fraction > 0.0);
                self.validation_fraction = Some(fraction.ok_or_else(|| wrong("a number between 0 and 1"))?);
            }
            "split_seed" => self.split_seed = Some(seed()?),
            "part" => {
                self.part = Some(match value.as_str() {
                    Some("train") => Part::Train,
                    Some("validation") => Part::Validation,
                    _ => return Err(wrong("\"train\" or \"validation\"")),
                });
            }
            "shuffle_seed" => self.shuffle_seed = Some(seed()?),
            "shuffle_rows" => {
                let rows = value.as_u64().and_then(|rows| NonZeroUsize::new(usize::try_from(rows).ok()?));
                self.shuffle_rows = Some(rows.ok_or_else(|| wrong("a whole number of at least 1"))?);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// What all of them say together.
    ///
    /// # Errors
    /// Invalid input for an option without the one that it belongs to.
    pub(crate) fn selection(self) -> Result<Selection, Failure> {
        let lacks = |given: &str, lacking: &str| Failure::user(format!("channel option {given} is given without {lacking}"));
        let split = match (self.validation_fraction, self.part) {
            (Some(validation_fraction), Some(part)) => Some(Split { validation_fraction, seed: self.split_seed.unwrap_or(0), part }),
            (Some(_), None) => return Err(lacks("validation_fraction", "part, \"train\" or \"validation\"")),
            (None, Some(_)) => return Err(lacks("part", "validation_fraction")),
            (None, None) if self.split_seed.is_some() => return Err(lacks("split_seed", "validation_fraction")),
            (None, None) => None,
        };
        let shuffle = match (self.shuffle_seed, self.shuffle_rows) {
            (Some(seed), rows) => Some(Shuffle { seed, rows }),
            (None, Some(_)) => return Err(lacks("shuffle_rows", "shuffle_seed")),
            (None, None) => None,
        };
        Ok(Selection { shard_by_rank: self.shard_by_rank, split, shuffle })
    }
}
