//! Records to rows.

use algohost_kernels::Csr;

use super::super::batch::{Number, Rows};
use super::super::fault::plural;
use super::super::sparse::{SparseRows, in_order};
use super::Fault;
use super::frame::{End, end_of_record, payload};
use super::record::{Record, Tensor};
use super::template::Template;

/// What the first record says about all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) sparse: bool,
    pub(super) labels: usize,
    /// Labels that records have are not looked at.
    without_labels: bool,
    pub(super) columns: usize,
}

impl Shape {
    /// Of a channel with this first record. `labels` and `columns` are what is wanted of it.
    pub(super) fn of(first: &Record<'_>, labels: Option<usize>, columns: Option<usize>) -> Result<Shape, String> {
        let features = first.features.ok_or(NO_FEATURES)?;
        let sparse = features.keys > 0 || (features.values == 0 && features.width.is_some());
        let found = match (sparse, features.width) {
            (false, Some(width)) if width != features.values as u64 => return Err(wrong_width(&features, width)),
            (false, _) => features.values as u64,
            (true, Some(width)) => width,
            (true, None) => columns.ok_or("sparse features (with keys) have no shape, so that it is not known how wide rows are")? as u64,
        };
        if let Some(wanted) = columns.filter(|&wanted| wanted as u64 != found) {
            return Err(format!("{found} features, {wanted} are wanted; all channels of a job have the same features, in the same order"));
        }
        if found == 0 {
            return Err("the features have no values".to_owned());
        }
        let columns = usize::try_from(found).ok().filter(|&columns| !sparse || columns <= Csr::MOST_COLUMNS);
        let columns = columns.ok_or_else(|| format!("the shape says {found} features; at most {} are possible", Csr::MOST_COLUMNS))?;
        let found = first.labels.map_or(0, |labels| labels.values);
        let labels = labels.unwrap_or(found);
        Ok(Shape { sparse, labels, without_labels: labels == 0 && found > 0, columns })
    }

    /// Decodes whole frames that are exactly as many records.
    pub(super) fn decode<T: Number>(&self, text: &[u8], rows: &mut Rows<'_, T>) -> Result<(), Fault> {
        let (mut at, mut joined, mut elements, mut template) = (0, Vec::new(), Vec::new(), Template::default());
        for row in 0..rows.count() {
            let [labels, _, features] = rows.row(row);
            if let Some(length) = template.read(&text[at..], labels, features) {
                at += length;
                continue;
            }
            at = read_record(text, at, &mut joined, |bytes, record| {
                let tensor = self.features(record)?;
                self.read_labels(record, labels)?;
                if self.is_dense(&tensor) {
                    tensor.copy_to(features);
                    template.learn(bytes, record);
                } else {
                    features.fill(T::from_f64(0.0));
                    self.read_elements(&tensor, &mut elements)?;
                    elements.iter().for_each(|&(column, value)| features[column] = value);
                }
                Ok(())
            })?;
        }
        if at == text.len() { Ok(()) } else { Err(Fault { at, what: CHANGED.to_owned() }) }
    }

    /// Decodes whole frames that are exactly as many records with exactly as many values.
    pub(super) fn decode_sparse<T: Number>(&self, text: &[u8], rows: &mut SparseRows<'_, T>) -> Result<(), Fault> {
        let mut elements = Vec::new();
        for_each_record(text, |record| {
            let [labels, _] = rows.begin_row().ok_or(CHANGED)?;
            let tensor = self.features(record)?;
            self.read_labels(record, labels)?;
            if self.is_dense(&tensor) {
                tensor.for_each_value(|column, value| rows.put(column, T::from_f64(value)));
            } else {
                self.read_elements(&tensor, &mut elements)?;
                elements.iter().for_each(|&(column, value)| rows.put(column, value));
            }
            Ok(())
        })?;
        if rows.end() { Ok(()) } else { Err(Fault { at: 0, what: CHANGED.to_owned() }) }
    }

    fn is_dense(&self, tensor: &Tensor<'_>) -> bool {
        tensor.keys == 0 && tensor.values == self.columns
    }

    fn read_labels<T: Number>(&self, record: &Record<'_>, slots: &mut [T]) -> Result<(), String> {
        let found = record.labels.map_or(0, |labels| labels.values);
        if self.without_labels {
            return Ok(());
        }
        if record.labels.is_some_and(|labels| labels.keys > 0) {
            return Err("the label is sparse (with keys)".to_owned());
        }
        if found != slots.len() {
            return Err(format!("{}, {} wanted", plural(found, "label"), slots.len()));
        }
        if let Some(labels) = record.labels {
            labels.copy_to(slots);
        }
        Ok(())
    }

    /// The features, which have as many columns as they should.
    fn features<'a>(&self, record: &Record<'a>) -> Result<Tensor<'a>, String> {
        let tensor = record.features.ok_or(NO_FEATURES)?;
        let width = tensor.width.unwrap_or(self.columns as u64);
        let is_sparse = tensor.keys > 0 || (tensor.values == 0 && (tensor.width.is_some() || self.sparse));
        if !is_sparse && tensor.width.is_some_and(|width| width != tensor.values as u64) {
            return Err(wrong_width(&tensor, width));
        }
        let found = if is_sparse { width } else { tensor.values as u64 };
        if found == self.columns as u64 { Ok(tensor) } else { Err(format!("{found} features, the first record has {}", self.columns)) }
    }

    /// Column and value of each element of a sparse tensor, in the order of the columns.
    fn read_elements<T: Number>(&self, tensor: &Tensor<'_>, elements: &mut Vec<(usize, T)>) -> Result<(), String> {
        elements.clear();
        tensor.for_each_key(|key| elements.push((usize::try_from(key).unwrap_or(usize::MAX), T::MISSING)));
        tensor.for_each_value(|index, value| {
            if let Some((_, slot)) = elements.get_mut(index) {
                *slot = T::from_f64(value);
            }
        });
        in_order(elements, self.columns)
    }
}

const NO_FEATURES: &str = "no tensor of features under the key 'values'";
const CHANGED: &str = "the file changed while it was being read";

fn wrong_width(tensor: &Tensor<'_>, width: u64) -> String {
    format!("{} of features without keys, of which the shape says {width}", plural(tensor.values, "value"))
}

/// Number of values of all features in whole frames.
pub(super) fn count_items(text: &[u8]) -> Result<usize, Fault> {
    let mut items = 0;
    for_each_record(text, |record| {
        items += record.features.map_or(0, |features| features.values);
        Ok(())
    })?;
    Ok(items)
}

/// Calls `work` with each record of whole frames.
fn for_each_record(text: &[u8], mut work: impl FnMut(&Record<'_>) -> Result<(), String>) -> Result<(), Fault> {
    let (mut at, mut joined) = (0, Vec::new());
    while at < text.len() {
        at = read_record(text, at, &mut joined, |_, record| work(record))?;
    }
    Ok(())
}

/// Calls `work` with the bytes of the record that begins at `at` and what it says; answers where it ends. Parts are joined in `joined`.
fn read_record(
    text: &[u8],
    at: usize,
    joined: &mut Vec<u8>,
    work: impl FnOnce(&[u8], &Record<'_>) -> Result<(), String>,
) -> Result<usize, Fault> {
    let End::At(end) = end_of_record(text, at)? else {
        return Err(Fault { at, what: CHANGED.to_owned() });
    };
    let bytes = &text[at..end];
    let read = payload(bytes, joined).and_then(Record::parse).and_then(|record| work(bytes, &record));
    read.map_err(|what| Fault { at, what })?;
    Ok(end)
}
