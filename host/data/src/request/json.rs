//! The platform's JSON inference documents, decoded straight into rows.

use std::fmt;

use algohost_kernels::{Context, Tensor};
use anyhow::Result;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::super::fault::quote;
use super::RowForm;
use super::table::{Sparse, Table};
use algohost_failure::Failure;

/// Decodes a document: rows of features.
///
/// # Errors
/// Invalid input, naming row and column; limit exceeded beyond the budget.
pub(super) fn decode_body(context: &Context, form: RowForm, body: &[u8]) -> Result<Tensor> {
    let mut table = Table::new(context, form, body.len());
    table.read(body, Place::Document).map_err(|what| wrong(&what, FORMS))?;
    table.into_tensor("the document has no instances", FORMS)
}

/// Decodes lines, each an instance: rows of features. Blank lines are none.
///
/// # Errors
/// As [`decode_body`]; what is no JSON is told with its line.
pub(super) fn decode_lines(context: &Context, form: RowForm, body: &[u8]) -> Result<Tensor> {
    let mut table = Table::new(context, form, body.len());
    for (number, line) in body.split(|&byte| byte == b'\n').enumerate().filter(|(_, line)| !line.trim_ascii().is_empty()) {
        let rows_before = table.rows;
        let read = table.read(line, Place::Instance);
        let read = if table.rows > rows_before + 1 { Err("more than one instance".to_owned()) } else { read };
        read.map_err(|what| wrong(&format!("line {}: {what}", number + 1), LINE_FORMS))?;
    }
    table.into_tensor("the body has no rows", LINE_FORMS)
}

fn wrong(what: &str, forms: &str) -> Failure {
    Failure::user(format!("request: {what}")).help(forms)
}

impl Table<'_> {
    /// Reads one document.
    fn read(&mut self, text: &[u8], place: Place) -> Result<(), String> {
        let mut source = serde_json::Deserializer::from_slice(text);
        let read = Node { table: self, place }.deserialize(&mut source).and_then(|()| source.end());
        read.map_err(|error| self.fault.take().unwrap_or_else(|| syntax(&error)))
    }
}

const LINE_FORMS: &str = "wanted in each line is {\"features\": [1.5, 2]} or [1.5, 2]";
const FORMS: &str = "wanted is {\"instances\": [{\"features\": [1.5, 2]}]}, {\"instances\": [[1.5, 2]]} or [[1.5, 2]]";

/// What the parser says, with the place first.
fn syntax(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
    format!("line {}, column {}: no JSON: {what}", error.line(), error.column())
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
    /// Numbers that do not end a row by themselves: they may be those of a sparse one.
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
    Shape,
    #[serde(other)]
    Other,
}

/// Reads one value.
struct Node<'t, 'c> {
    table: &'t mut Table<'c>,
    place: Place,
}

impl Node<'_, '_> {
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

impl Node<'_, '_> {
    /// Reads `{"values": […]}`, which with `keys` are those of a sparse row.
    fn features<'de, A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let row = self.table.rows + 1;
        let (mut has_values, mut sparse) = (false, Sparse::default());
        while let Some(key) = entries.next_key::<Key>()? {
            match key {
                Key::Values if has_values => return self.table.refuse(format!("row {row}: its features are given twice")),
                Key::Values => {
                    has_values = true;
                    entries.next_value_seed(Node { table: self.table, place: Place::Values })?;
                }
                Key::Keys => sparse.keys = Some(self.table.numbers("keys", entries.next_value())?),
                Key::Shape => sparse.shape = Some(self.table.numbers("shape", entries.next_value())?),
                _ => drop(entries.next_value::<IgnoredAny>()?),
            }
        }
        if !has_values {
            return self.table.refuse(format!("row {row}: an object without values"));
        }
        self.table.end_features(&sparse)
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_, '_> {
    type Value = ();

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_, '_> {
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
            Place::Instance | Place::Features => Place::Cell,
            Place::Values => Place::Values,
            Place::Element if self.table.column() == 1 => Place::Cell,
            Place::Element | Place::Data | Place::Cell => return self.refuse("an array"),
        };
        if place == Place::Values {
            while elements.next_element_seed(Node { table: self.table, place: Place::Cell })?.is_some() {}
            return Ok(());
        }
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
        if self.place == Place::Features {
            return self.features(entries);
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
        self.table.refuse(format!("row {}: an object without features", self.table.rows + 1))
    }
}
