//! The platform's JSON inference documents, decoded straight into rows.

use std::fmt;

use algohost_kernels::{Context, DType, Tensor};
use anyhow::Result;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::super::fault::{allocation, plural, quote};
use crate::failure::Failure;

/// Decodes a document: rows of features.
///
/// # Errors
/// Invalid input, naming row and column; limit exceeded beyond the budget.
pub(super) fn decode_body(context: &Context, body: &[u8]) -> Result<Tensor> {
    let mut table = Table { values: Vec::with_capacity(body.len() / 8), ..Table::default() };
    let mut source = serde_json::Deserializer::from_slice(body);
    let read = Node { table: &mut table, place: Place::Document }.deserialize(&mut source).and_then(|()| source.end());
    if let Err(error) = read {
        let what = table.fault.unwrap_or_else(|| syntax(&error));
        return Err(Failure::user(format!("request: {what}")).help(FORMS).into());
    }
    let (rows, columns) = (table.rows, table.columns);
    if rows == 0 {
        return Err(Failure::user("request: the document has no instances").help(FORMS).into());
    }
    let bytes = bytemuck::cast_slice(&table.values);
    Tensor::from_bytes(context, &[rows, columns], DType::Float32, bytes).map_err(|error| allocation("request", rows, columns, error))
}

const FORMS: &str = "wanted is {\"instances\": [{\"features\": [1.5, 2]}]}, {\"instances\": [[1.5, 2]]} or [[1.5, 2]]";

/// What the parser says, with the place first.
fn syntax(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
    format!("line {}, column {}: no JSON: {what}", error.line(), error.column())
}

/// The rows read so far; those of the row that is being read are at the end of `values`.
#[derive(Default)]
struct Table {
    values: Vec<f32>,
    rows: usize,
    columns: usize,
    /// What is wrong, in our words rather than the parser's.
    fault: Option<String>,
}

impl Table {
    /// Column, from 1, of the cell that comes next.
    fn column(&self) -> usize {
        self.values.len() - self.rows * self.columns + 1
    }

    fn end_row<E: Error>(&mut self) -> Result<(), E> {
        let found = self.column() - 1;
        if self.rows == 0 {
            self.columns = found;
        }
        if found == 0 {
            return self.refuse(format!("row {} has no columns", self.rows + 1));
        }
        if found != self.columns {
            return self.refuse(format!("row {}: {}, the rows before have {}", self.rows + 1, plural(found, "column"), self.columns));
        }
        self.rows += 1;
        Ok(())
    }

    fn refuse<T, E: Error>(&mut self, what: String) -> Result<T, E> {
        self.fault = Some(what);
        Err(E::custom(""))
    }
}

/// Where in the document a value stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Document,
    /// An element of a document that is an array: a cell of the only row, or an instance.
    Element,
    Instances,
    Instance,
    Data,
    Features,
    Values,
    Cell,
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Key {
    Instances,
    Data,
    Features,
    Values,
    Keys,
    #[serde(other)]
    Other,
}

/// Reads one value.
struct Node<'t> {
    table: &'t mut Table,
    place: Place,
}

impl Node<'_> {
    fn refuse<E: Error>(self, found: &str) -> Result<(), E> {
        let row = self.table.rows + 1;
        let column = self.table.column();
        self.table.refuse(match self.place {
            Place::Document => format!("the document is {found}, not an array or an object"),
            Place::Element if column > 1 => format!("row {row}, column {column} is {found}, not a number"),
            Place::Cell => format!("row {row}, column {column} is {found}, not a number"),
            Place::Instances => format!("instances is {found}, not an array"),
            Place::Element | Place::Instance => format!("row {row} is {found}, not an array or an object with features"),
            Place::Data => format!("row {row}: data is {found}, not an object with features"),
            Place::Features => format!("row {row}: features is {found}, not an array or an object with values"),
            Place::Values => format!("row {row}: values is {found}, not an array"),
        })
    }

    #[inline]
    fn number<E: Error>(self, value: f32, written: impl fmt::Display) -> Result<(), E> {
        if matches!(self.place, Place::Cell | Place::Element) {
            self.table.values.push(value);
            return Ok(());
        }
        self.refuse(&written.to_string())
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = ();

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("instances")
    }

    #[inline]
    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.number(value as f32, value)
    }

    #[inline]
    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.number(value as f32, value)
    }

    #[inline]
    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.number(value as f32, value)
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.number(f32::NAN, "null")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.refuse(if value { "true" } else { "false" })
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.refuse(&quote(value.as_bytes()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let place = match self.place {
            Place::Document => Place::Element,
            Place::Instances => Place::Instance,
            Place::Instance | Place::Features | Place::Values => Place::Cell,
            Place::Element if self.table.column() == 1 => Place::Cell,
            Place::Element | Place::Data | Place::Cell => return self.refuse("an array"),
        };
        let rows_before = self.table.rows;
        while elements.next_element_seed(Node { table: self.table, place })?.is_some() {}
        let has_cells = self.table.column() > 1;
        match place {
            // Numbers after arrays would leave a row half full, and nothing but a number can come after a number.
            Place::Element if has_cells && rows_before < self.table.rows => {
                self.table.refuse(format!("row {} is a number, not an array or an object with features", self.table.rows + 1))
            }
            Place::Element if has_cells => self.table.end_row(),
            Place::Cell => self.table.end_row(),
            _ => Ok(()),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let half_a_row = self.table.column() > 1;
        if half_a_row || matches!(self.place, Place::Instances | Place::Values | Place::Cell) {
            return self.refuse("an object");
        }
        let rows_before = self.table.rows;
        let mut has_instances = false;
        while let Some(key) = entries.next_key::<Key>()? {
            let place = match (self.place, key) {
                (Place::Document, Key::Instances) if !has_instances && self.table.rows == rows_before => {
                    has_instances = true;
                    Place::Instances
                }
                (Place::Document | Place::Element | Place::Instance, Key::Features) => Place::Features,
                (Place::Document | Place::Element | Place::Instance, Key::Data) => Place::Data,
                (Place::Data, Key::Features) => Place::Features,
                (Place::Features, Key::Values) => Place::Values,
                (Place::Features, Key::Keys) => {
                    return self.table.refuse(format!("row {}: sparse features (keys) are not supported", self.table.rows + 1));
                }
                (Place::Document, Key::Instances) => return self.table.refuse("instances are given twice".to_owned()),
                _ => {
                    entries.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            if place != Place::Instances && (has_instances || self.table.rows > rows_before) {
                return self.table.refuse(format!("row {}: its features are given twice", self.table.rows));
            }
            entries.next_value_seed(Node { table: self.table, place })?;
        }
        if has_instances || self.table.rows > rows_before {
            return Ok(());
        }
        let name = if self.place == Place::Features { "values" } else { "features" };
        self.table.refuse(format!("row {}: an object without {name}", self.table.rows + 1))
    }
}
