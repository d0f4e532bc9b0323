//! JSON Lines: one record a line, in the platform's forms.
//!
//! - `[label, feature, …]`: the same cells as in CSV;
//! - `{"features": [1, 2], "label": 0, "weight": 1}`, where features may be `{"values": [1, 2]}` or, sparse,
//!   `{"keys": [0, 7], "shape": [10], "values": [1, 2]}`, and label an array or `{"values": [0, 1]}`;
//! - `{"data": {"features": {"values": [1, 2]}, "label": …}}`.
//!
//! `null` and `NaN` are missing values. What else a record holds is not looked at. The first row decides how wide rows are, how many labels
//! they have, whether they have weights, and whether the channel is sparse.

mod cursor;

use algohost_kernels::Csr;

use super::super::batch::{Layout, Number, Rows};
use super::super::fault::{Fault, Wrong, plural, quote};
use super::super::reader::{Options, layout};
use super::super::sparse::{SparseRows, in_order};
use super::csv::has_cells;
use super::lines::split;
use super::{LineFormat, fault};
use cursor::Cursor;

/// How rows are written, as the first one says.
#[derive(Clone, Debug)]
pub(in super::super) struct JsonLines {
    end: u8,
    layout: Layout,
    sparse: bool,
    /// Labels that rows have are not looked at.
    without_labels: bool,
}

/// The parts of a record, where they lie in its line.
#[derive(Clone, Copy, Debug, Default)]
struct Record<'a> {
    /// All cells, when the record is an array.
    cells: Option<&'a [u8]>,
    values: Option<&'a [u8]>,
    keys: Option<&'a [u8]>,
    shape: Option<&'a [u8]>,
    label: Option<&'a [u8]>,
    weight: Option<&'a [u8]>,
}

impl<'a> Record<'a> {
    fn parse(line: &'a [u8]) -> Result<Record<'a>, Wrong> {
        let (mut cursor, mut record) = (Cursor::new(line), Record::default());
        match cursor.peek() {
            Some(b'[') => record.cells = Some(cursor.value()?),
            Some(b'{') => {
                let object = cursor.value()?;
                record.read(object, true)?;
                if record.values.is_none() {
                    return Err(Wrong::Row("the record has no features with numbers".to_owned()));
                }
            }
            _ => return Err(Wrong::Row(format!("{} is neither an array nor an object", quote(line.trim_ascii())))),
        }
        cursor.end()?;
        Ok(record)
    }

    fn read(&mut self, object: &'a [u8], may_hold_data: bool) -> Result<(), Wrong> {
        Cursor::new(object).object(|key, value| match key {
            b"features" if value.first() == Some(&b'{') => Cursor::new(value).object(|key, value| {
                match key {
                    b"values" => self.values = Some(value),
                    b"keys" => self.keys = Some(value),
                    b"shape" => self.shape = Some(value),
                    _ => {}
                }
                Ok(())
            }),
            b"features" => {
                (self.values, self.keys, self.shape) = (Some(value), None, None);
                Ok(())
            }
            b"data" if may_hold_data && value.first() == Some(&b'{') => self.read(value, false),
            b"label" | b"labels" if value.first() == Some(&b'{') => Cursor::new(value).object(|key, value| {
                self.label = if key == b"values" { Some(value) } else { self.label };
                Ok(())
            }),
            b"label" | b"labels" => {
                self.label = Some(value);
                Ok(())
            }
            b"weight" => {
                self.weight = Some(value);
                Ok(())
            }
            _ => Ok(()),
        })
    }

    /// Number of labels.
    fn labels(&self) -> Result<usize, Wrong> {
        self.label.map_or(Ok(0), |label| read_labels(label, |_, _: f64| ()))
    }

    /// The product of the shape's lengths.
    fn width(&self) -> Result<Option<u64>, Wrong> {
        let Some(shape) = self.shape else { return Ok(None) };
        let mut width = 1_u64;
        Cursor::new(shape).whole_numbers(|_, length| width = width.saturating_mul(length))?;
        Ok(Some(width))
    }
}

/// One label or an array of them.
fn read_labels<T: Number>(label: &[u8], mut put: impl FnMut(usize, T)) -> Result<usize, Wrong> {
    if label.first() == Some(&b'[') {
        return Cursor::new(label).numbers(put);
    }
    put(0, read_number(label, "label")?);
    Ok(1)
}

fn read_number<T: Number>(text: &[u8], name: &str) -> Result<T, Wrong> {
    Cursor::new(text).number(0).map_err(|_| Wrong::Row(format!("the {name} is {}, not a number", quote(text))))
}

impl JsonLines {
    /// Rows of a channel whose first one was not looked at yet.
    pub(super) fn new(end: u8) -> JsonLines {
        JsonLines { end, layout: Layout::features(0), sparse: false, without_labels: false }
    }

    /// The same rows, as the first line says. `labels` is the number of labels where that is not up to it.
    pub(super) fn with_first(self, channel: &str, line: &[u8], labels: Option<usize>, options: &Options) -> Result<JsonLines, Problem> {
        let record = Record::parse(line)?;
        if let Some(cells) = record.cells {
            let cells = Cursor::new(cells).numbers(|_, _: f64| ())?;
            let layout = layout(channel, cells, labels.unwrap_or(1), options).map_err(Problem::Channel)?;
            return Ok(JsonLines { layout, ..self });
        }
        let values = Cursor::new(record.values.unwrap_or_default()).numbers(|_, _: f64| ())?;
        let (width, sparse) = (record.width()?, record.keys.is_some());
        let width = match (sparse, width) {
            (true, width) => width.or(options.columns.map(|columns| columns as u64)).ok_or_else(|| {
                Wrong::Row("sparse features (with keys) have no shape, so that it is not known how wide rows are".to_owned())
            })?,
            (false, _) => values as u64,
        };
        if width > Csr::MOST_COLUMNS as u64 {
            return Err(Wrong::Row(format!("the shape says {width} features; at most {} are possible", Csr::MOST_COLUMNS)).into());
        }
        let found = record.labels()?;
        let labels = labels.unwrap_or(found);
        let options = Options { weight: options.weight || record.weight.is_some(), ..options.clone() };
        let cells = (width as usize).saturating_add(labels).saturating_add(usize::from(options.weight));
        let layout = layout(channel, cells, labels, &options).map_err(Problem::Channel)?;
        Ok(JsonLines { layout, sparse, without_labels: labels == 0 && found > 0, ..self })
    }

    pub(in super::super) fn layout(&self) -> Layout {
        self.layout
    }

    pub(in super::super) fn is_sparse(&self) -> bool {
        self.sparse
    }

    fn read_labels<T: Number>(&self, record: &Record<'_>, slots: &mut [T]) -> Result<(), Wrong> {
        if self.without_labels {
            return Ok(());
        }
        let wanted = slots.len();
        let mut put = |index: usize, value| {
            if let Some(slot) = slots.get_mut(index) {
                *slot = value;
            }
        };
        let found = record.label.map_or(Ok(0), |label| read_labels(label, &mut put))?;
        if found == wanted { Ok(()) } else { Err(Wrong::Row(format!("{}, {wanted} wanted", plural(found, "label")))) }
    }

    fn read_weight<T: Number>(&self, record: &Record<'_>, slots: &mut [T]) -> Result<(), Wrong> {
        match record.weight {
            Some(_) if !self.layout.weight => Err(Wrong::Row("a weight, but the first row has none".to_owned())),
            Some(weight) => {
                slots.fill(read_number(weight, "weight")?);
                Ok(())
            }
            None => {
                slots.fill(T::from_f64(1.0));
                Ok(())
            }
        }
    }

    /// Reads an array: labels, weight and features.
    fn read_cells<T: Number>(&self, cells: &[u8], [labels, weights, features]: [&mut [T]; 3]) -> Result<(), Wrong> {
        let wanted = labels.len() + weights.len() + features.len();
        let mut slots = labels.iter_mut().chain(weights).chain(features);
        let found = Cursor::new(cells).numbers(|_, value| {
            if let Some(slot) = slots.next() {
                *slot = value;
            }
        })?;
        if found == wanted { Ok(()) } else { Err(Wrong::Columns { found, wanted }) }
    }

    /// Reads features of which all are written.
    fn read_values<T: Number>(&self, record: &Record<'_>, slots: &mut [T]) -> Result<(), Wrong> {
        let wanted = slots.len();
        let found = Cursor::new(record.values.unwrap_or_default()).numbers(|index, value| {
            if let Some(slot) = slots.get_mut(index) {
                *slot = value;
            }
        })?;
        if found == wanted { Ok(()) } else { Err(Wrong::Row(format!("{}, the first row has {wanted}", plural(found, "feature")))) }
    }

    /// Reads columns and values of features that are written with keys.
    fn read_elements<T: Number>(&self, record: &Record<'_>, keys: &[u8], elements: &mut Vec<(usize, T)>) -> Result<(), Wrong> {
        elements.clear();
        let columns = self.layout.features;
        if let Some(width) = record.width()?.filter(|&width| width != columns as u64) {
            return Err(Wrong::Row(format!("the shape says {width} features, the first row has {columns}")));
        }
        let found = Cursor::new(keys).whole_numbers(|_, key| elements.push((usize::try_from(key).unwrap_or(usize::MAX), T::MISSING)))?;
        let values = Cursor::new(record.values.unwrap_or_default()).numbers(|index, value| {
            if let Some((_, slot)) = elements.get_mut(index) {
                *slot = value;
            }
        })?;
        if found != values {
            return Err(Wrong::Row(format!("{found} keys of {}", plural(values, "value"))));
        }
        in_order(elements, columns).map_err(Wrong::Row)
    }

    fn decode_line<T: Number>(&self, line: &[u8], parts: [&mut [T]; 3], elements: &mut Vec<(usize, T)>) -> Result<(), Wrong> {
        let record = Record::parse(line)?;
        if let Some(cells) = record.cells {
            return self.read_cells(cells, parts);
        }
        let [labels, weights, features] = parts;
        self.read_labels(&record, labels)?;
        self.read_weight(&record, weights)?;
        let Some(keys) = record.keys else {
            return self.read_values(&record, features);
        };
        self.read_elements(&record, keys, elements)?;
        features.fill(T::from_f64(0.0));
        elements.iter().for_each(|&(column, value)| features[column] = value);
        Ok(())
    }

    /// Decodes whole lines that are exactly as many rows with exactly as many elements.
    pub(super) fn decode_sparse<T: Number>(&self, text: &[u8], rows: &mut SparseRows<'_, T>) -> Result<(), Fault> {
        let mut elements = Vec::new();
        for line in split(text, self.end).filter(|line| has_cells(line)) {
            let [labels, weights] = rows.begin_row().ok_or_else(|| fault(text, line, Wrong::Changed))?;
            self.decode_sparse_line(line, [labels, weights], &mut elements, rows).map_err(|wrong| fault(text, line, wrong))?;
        }
        if rows.end() { Ok(()) } else { Err(Fault { at: text.len(), wrong: Wrong::Changed }) }
    }

    fn decode_sparse_line<T: Number>(
        &self,
        line: &[u8],
        [labels, weights]: [&mut [T]; 2],
        elements: &mut Vec<(usize, T)>,
        rows: &mut SparseRows<'_, T>,
    ) -> Result<(), Wrong> {
        let record = Record::parse(line)?;
        let Some(keys) = record.keys.filter(|_| record.cells.is_none()) else {
            // All of its features are elements; none would have to be kept, were there as many as columns.
            let mut features = vec![T::MISSING; record.count(self.layout)?];
            self.decode_line(line, [labels, weights, &mut features], elements)?;
            if features.len() != self.layout.features {
                return Err(Wrong::Row(format!("{}, the first row has {}", plural(features.len(), "feature"), self.layout.features)));
            }
            features.iter().enumerate().for_each(|(column, &value)| rows.put(column, value));
            return Ok(());
        };
        self.read_labels(&record, labels)?;
        self.read_weight(&record, weights)?;
        self.read_elements(&record, keys, elements)?;
        elements.iter().for_each(|&(column, value)| rows.put(column, value));
        Ok(())
    }
}

impl Record<'_> {
    /// Number of features that are written.
    fn count(&self, layout: Layout) -> Result<usize, Wrong> {
        let others = if self.cells.is_some() { layout.labels + usize::from(layout.weight) } else { 0 };
        let written = Cursor::new(self.cells.or(self.values).unwrap_or_default()).numbers(|_, _: f64| ())?;
        Ok(written.saturating_sub(others))
    }
}

/// What keeps a channel from being opened at its first row.
pub(super) enum Problem {
    Row(Wrong),
    Channel(anyhow::Error),
}

impl From<Wrong> for Problem {
    fn from(wrong: Wrong) -> Problem {
        Problem::Row(wrong)
    }
}

impl LineFormat for JsonLines {
    fn end(&self) -> u8 {
        self.end
    }

    fn is_row(&self, line: &[u8]) -> bool {
        has_cells(line)
    }

    fn items(&self, text: &[u8]) -> usize {
        if !self.sparse {
            return 0;
        }
        let of_line = |line: &[u8]| Record::parse(line).and_then(|record| record.count(self.layout)).unwrap_or(0);
        split(text, self.end).filter(|line| has_cells(line)).map(of_line).sum()
    }

    fn decode<T: Number>(&self, text: &[u8], rows: &mut Rows<'_, T>) -> Result<(), Fault> {
        let mut lines = split(text, self.end).filter(|line| has_cells(line));
        let mut elements = Vec::new();
        for row in 0..rows.count() {
            let Some(line) = lines.next() else {
                return Err(Fault { at: text.len(), wrong: Wrong::Changed });
            };
            self.decode_line(line, rows.row(row), &mut elements).map_err(|wrong| fault(text, line, wrong))?;
        }
        match lines.next() {
            Some(line) => Err(fault(text, line, Wrong::Changed)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
