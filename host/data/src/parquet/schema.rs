//! The columns of a Parquet file, which have to be numbers, one in each row.

use super::super::fault::quote;
use super::thrift::{Fault, Field, Thrift};

/// How values lie in pages: the format's `Type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Physical {
    Boolean = 0,
    Int32 = 1,
    Int64 = 2,
    Float32 = 4,
    Float64 = 5,
    Fixed = 7,
}

/// What the stored values mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// What they are, with a sign.
    Number,
    /// Whole numbers without a sign.
    Unsigned,
    /// Half-precision floats.
    Float16,
    /// Whole numbers, divided by so many powers of ten.
    Decimal(u32),
}

/// A column of numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) physical: Physical,
    pub(super) meaning: Meaning,
    /// Bytes of a fixed-length value.
    pub(super) length: usize,
    /// Whether values may be missing.
    pub(super) optional: bool,
}

impl Column {
    pub(super) fn quoted(&self) -> String {
        quote(self.name.as_bytes())
    }
}

/// Most columns, labels included.
const MOST: usize = 1 << 20;

/// Longest value of a fixed length that is read: a decimal of 38 digits.
const LONGEST: usize = 16;

/// Reads the schema, a tree whose nodes are listed in depth-first order.
#[derive(Default)]
pub(super) struct Columns {
    begun: bool,
    columns: Vec<Column>,
    /// What is wrong with the first column that cannot be read.
    refused: Option<String>,
}

/// A node of the schema as it is written.
#[derive(Default)]
struct Node {
    name: String,
    physical: Option<i32>,
    length: i32,
    repetition: i32,
    children: u64,
    converted: Option<i32>,
    scale: i32,
    logical: Option<Logical>,
}

/// What a node's `LogicalType` is.
struct Logical {
    id: i16,
    /// Of a decimal.
    scale: i32,
    /// Of an integer.
    signed: bool,
}

impl Columns {
    /// Reads the next node.
    pub(super) fn read(&mut self, thrift: &mut Thrift<'_>) -> Result<(), Fault> {
        let node = Node::read(thrift)?;
        if !self.begun {
            self.begun = true;
        } else if self.refused.is_none() {
            match node.column() {
                Ok(column) => self.columns.push(column),
                Err(what) => self.refused = Some(format!("column {} is {what}", quote(node.name.as_bytes()))),
            }
        }
        if self.columns.len() > MOST { Err(Fault::Wrong(format!("it has more than {MOST} columns"))) } else { Ok(()) }
    }

    /// All columns, or why they cannot be read.
    pub(super) fn finish(self) -> Result<Vec<Column>, String> {
        match self.refused {
            Some(what) => Err(what),
            None => Ok(self.columns),
        }
    }
}

impl Node {
    fn read(thrift: &mut Thrift<'_>) -> Result<Node, Fault> {
        let mut node = Node::default();
        thrift.fields(|thrift, field| {
            match field.id {
                1 => node.physical = Some(thrift.integer32(field)?),
                2 => node.length = thrift.integer32(field)?,
                3 => node.repetition = thrift.integer32(field)?,
                4 => node.name = thrift.text(field)?,
                5 => node.children = thrift.count(field)?,
                6 => node.converted = Some(thrift.integer32(field)?),
                7 => node.scale = thrift.integer32(field)?,
                10 => node.logical = Some(Logical::read(thrift, field)?),
                _ => thrift.skip(field)?,
            }
            Ok(())
        })?;
        Ok(node)
    }

    /// The column that the node is, or what it is instead.
    fn column(&self) -> Result<Column, String> {
        if self.children > 0 || self.physical.is_none() {
            return Err("nested (a list, a map or a struct); columns of plain numbers are wanted".to_owned());
        }
        if self.repetition == 2 {
            return Err("a list; columns of plain numbers are wanted".to_owned());
        }
        let physical = match self.physical {
            Some(0) => Some(Physical::Boolean),
            Some(1) => Some(Physical::Int32),
            Some(2) => Some(Physical::Int64),
            Some(4) => Some(Physical::Float32),
            Some(5) => Some(Physical::Float64),
            Some(7) => Some(Physical::Fixed),
            _ => None,
        };
        let length = usize::try_from(self.length).unwrap_or(0);
        let typed = physical.zip(physical.and_then(|physical| self.meaning(physical, length)));
        let (physical, meaning) = typed.ok_or_else(|| format!("{}, not a number", self.kind()))?;
        Ok(Column { name: self.name.clone(), physical, meaning, length, optional: self.repetition != 0 })
    }

    /// What the values mean; none if they are not numbers.
    fn meaning(&self, physical: Physical, length: usize) -> Option<Meaning> {
        let decimal = |scale: i32| u32::try_from(scale).ok().map(Meaning::Decimal);
        let meaning = match (&self.logical, self.converted) {
            (Some(Logical { id: 5, scale, .. }), _) => decimal(*scale)?,
            (Some(Logical { id: 10, signed, .. }), _) => {
                if *signed {
                    Meaning::Number
                } else {
                    Meaning::Unsigned
                }
            }
            (Some(Logical { id: 15, .. }), _) => Meaning::Float16,
            // A column without any value.
            (Some(Logical { id: 11, .. }), _) => Meaning::Number,
            (Some(_), _) => return None,
            (None, Some(5)) => decimal(self.scale)?,
            (None, Some(11..=14)) => Meaning::Unsigned,
            (None, Some(15..=18) | None) => Meaning::Number,
            (None, Some(_)) => return None,
        };
        let fits = match (physical, meaning) {
            (Physical::Boolean | Physical::Float32 | Physical::Float64, meaning) => meaning == Meaning::Number,
            (Physical::Int32 | Physical::Int64, meaning) => meaning != Meaning::Float16,
            (Physical::Fixed, Meaning::Float16) => length == 2,
            (Physical::Fixed, Meaning::Decimal(_)) => (1..=LONGEST).contains(&length),
            (Physical::Fixed, _) => false,
        };
        fits.then_some(meaning)
    }

    /// What a column of no numbers is, in words and in the format's.
    fn kind(&self) -> String {
        const LOGICAL: [&str; 18] = [
            "text (STRING)",
            "nested (MAP)",
            "nested (LIST)",
            "text (ENUM)",
            "a decimal of another kind than INT32, INT64 or up to 16 bytes",
            "a date (DATE)",
            "a time of day (TIME)",
            "a point in time (TIMESTAMP)",
            "of a reserved type",
            "an integer of another kind than INT32 or INT64",
            "without values (UNKNOWN)",
            "text (JSON)",
            "bytes (BSON)",
            "a UUID",
            "a FLOAT16 of another length than 2",
            "nested (VARIANT)",
            "a shape (GEOMETRY)",
            "a shape (GEOGRAPHY)",
        ];
        let logical = self.logical.as_ref().and_then(|logical| LOGICAL.get(usize::try_from(logical.id).ok()?.checked_sub(1)?));
        if let Some(name) = logical {
            return (*name).to_owned();
        }
        let name = match (self.converted, self.physical) {
            (Some(0), _) => "text (UTF8)",
            (Some(4), _) => "text (ENUM)",
            (Some(6), _) => "a date (DATE)",
            (Some(7 | 8), _) => "a time of day (TIME)",
            (Some(9 | 10), _) | (_, Some(3)) => "a point in time (TIMESTAMP)",
            (Some(5), _) => "a decimal of another kind than INT32, INT64 or up to 16 bytes",
            (_, Some(6 | 7)) => "bytes (BYTE_ARRAY)",
            _ => "of an unknown type",
        };
        name.to_owned()
    }
}

impl Logical {
    fn read(thrift: &mut Thrift<'_>, field: Field) -> Result<Logical, Fault> {
        let mut logical = Logical { id: 0, scale: 0, signed: true };
        thrift.inner(field, |thrift, kind| {
            logical.id = kind.id;
            match kind.id {
                5 => thrift.inner(kind, |thrift, field| {
                    if field.id == 1 {
                        logical.scale = thrift.integer32(field)?;
                        return Ok(());
                    }
                    thrift.skip(field)
                }),
                10 => thrift.inner(kind, |thrift, field| {
                    if field.id == 2 {
                        logical.signed = thrift.boolean(field)?;
                        return Ok(());
                    }
                    thrift.skip(field)
                }),
                _ => thrift.skip(kind),
            }
        })?;
        Ok(logical)
    }
}
