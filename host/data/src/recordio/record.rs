//! The `Record` message (proto2, `aialgs.data`), read where it lies.
//!
//! `Record{1: map<string, Value> features, 2: map<string, Value> label, …}`,
//! `Value{oneof: 2: Float32Tensor, 3: Float64Tensor, 7: Int32Tensor, 9: Bytes}`, a tensor `{1: values, 2: keys, 3: shape}`. Fields come in
//! any order, repeated numbers packed or one by one or both, and unknown fields are skipped. Nothing is copied.

use super::super::batch::Number;
use super::wire::{Field, Fields, Wire, count_varints, varint};

/// What a tensor's values are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    #[default]
    Float32,
    Float64,
    Int32,
}

/// A tensor inside a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tensor<'a> {
    pub(super) kind: Kind,
    message: &'a [u8],
    /// Number of values.
    pub(super) values: usize,
    /// Number of keys; 0 when it is dense, or has no value.
    pub(super) keys: usize,
    /// The product of the shape's lengths.
    pub(super) width: Option<u64>,
}

/// What a record holds under the key `values`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Record<'a> {
    pub(super) features: Option<Tensor<'a>>,
    pub(super) labels: Option<Tensor<'a>>,
}

impl<'a> Record<'a> {
    /// Reads a message.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence.
    pub(super) fn parse(message: &'a [u8]) -> Result<Record<'a>, String> {
        let mut record = Record::default();
        for field in Fields::new(message) {
            let field = field.map_err(|what| format!("no Record message: {what}"))?;
            match field.number {
                1 => read_entry(&field, "features", &mut record.features)?,
                2 => read_entry(&field, "label", &mut record.labels)?,
                _ => {}
            }
        }
        Ok(record)
    }
}

/// Reads an entry of a map, of which only `values` matters. A later one replaces an earlier one.
fn read_entry<'a>(field: &Field<'a>, map: &str, tensor: &mut Option<Tensor<'a>>) -> Result<(), String> {
    let wrong = |what: String| format!("{map}: {what}");
    let (mut is_values, mut value) = (false, &[][..]);
    for part in Fields::new(field.message().map_err(wrong)?) {
        let part = part.map_err(wrong)?;
        match part.number {
            1 => is_values = part.message().map_err(wrong)? == b"values",
            2 => value = part.message().map_err(wrong)?,
            _ => {}
        }
    }
    if is_values {
        *tensor = read_value(value).map_err(wrong)?;
    }
    Ok(())
}

fn read_value(message: &[u8]) -> Result<Option<Tensor<'_>>, String> {
    let mut tensor = None;
    for field in Fields::new(message) {
        let field = field?;
        let kind = match field.number {
            2 => Kind::Float32,
            3 => Kind::Float64,
            7 => Kind::Int32,
            9 => return Err("'values' are bytes, not a tensor of numbers".to_owned()),
            _ => continue,
        };
        if tensor.replace(Tensor::read(kind, field.message()?)?).is_some() {
            return Err("'values' are more than one tensor".to_owned());
        }
    }
    Ok(tensor)
}

impl<'a> Tensor<'a> {
    fn read(kind: Kind, message: &'a [u8]) -> Result<Tensor<'a>, String> {
        let mut tensor = Tensor { kind, message, values: 0, keys: 0, width: None };
        for field in Fields::new(message) {
            let field = field?;
            match field.number {
                1 => tensor.values += kind.count(&field)?,
                2 => tensor.keys += count_varints(&field, "keys")?,
                3 => {
                    count_varints(&field, "shape")?;
                    for_each_varint(field.content, |length| {
                        tensor.width = Some(tensor.width.unwrap_or(1).saturating_mul(length));
                    });
                }
                _ => {}
            }
        }
        if tensor.keys > 0 && tensor.keys != tensor.values {
            return Err(format!("{} keys of {} values", tensor.keys, tensor.values));
        }
        Ok(tensor)
    }

    /// The encoded numbers of a field, run by run.
    fn runs(&self, number: u32) -> impl Iterator<Item = &'a [u8]> {
        Fields::new(self.message).map_while(Result::ok).filter(move |field| field.number == number).map(|field| field.content)
    }

    /// The encoded values, where they are all in one run.
    pub(super) fn only_run(&self) -> Option<&'a [u8]> {
        let mut runs = self.runs(1);
        runs.next().filter(|_| runs.next().is_none())
    }

    /// Calls `put` with place and value of each value.
    #[inline]
    pub(super) fn for_each_value(&self, mut put: impl FnMut(usize, f64)) {
        let mut index = 0;
        let mut next = |value| {
            put(index, value);
            index += 1;
        };
        for run in self.runs(1) {
            match self.kind {
                Kind::Float32 => run.as_chunks::<4>().0.iter().for_each(|bytes| next(f64::from(f32::from_le_bytes(*bytes)))),
                Kind::Float64 => run.as_chunks::<8>().0.iter().for_each(|bytes| next(f64::from_le_bytes(*bytes))),
                // Negative numbers are written as 64 bits, of which the lower ones are meant.
                Kind::Int32 => for_each_varint(run, |bits| next(f64::from(bits as u32 as i32))),
            }
        }
    }

    /// Writes the values into as many slots.
    #[inline]
    pub(super) fn copy_to<T: Number>(&self, mut slots: &mut [T]) {
        for run in self.runs(1) {
            let written = self.kind.copy(run, slots);
            slots = &mut slots[written..];
        }
    }

    /// Calls `put` with each key.
    pub(super) fn for_each_key(&self, mut put: impl FnMut(u64)) {
        self.runs(2).for_each(|run| for_each_varint(run, &mut put));
    }
}

/// Writes numbers into slots, as far as there are both; answers how many.
#[inline]
fn copy<const N: usize, T: Number>(numbers: &[[u8; N]], slots: &mut [T], read: impl Fn(&[u8; N]) -> f64) -> usize {
    slots.iter_mut().zip(numbers).for_each(|(slot, bytes)| *slot = T::from_f64(read(bytes)));
    slots.len().min(numbers.len())
}

impl Kind {
    /// Writes the values of a run into slots, as far as there are both; answers how many.
    #[inline]
    pub(super) fn copy<T: Number>(self, run: &[u8], slots: &mut [T]) -> usize {
        match self {
            Kind::Float32 => copy(run.as_chunks().0, slots, |bytes| f64::from(f32::from_le_bytes(*bytes))),
            Kind::Float64 => copy(run.as_chunks().0, slots, |bytes| f64::from_le_bytes(*bytes)),
            Kind::Int32 => {
                let mut rest = slots.iter_mut();
                for_each_varint(run, |bits| {
                    if let Some(slot) = rest.next() {
                        *slot = T::from_f64(f64::from(bits as u32 as i32));
                    }
                });
                let left = rest.len();
                slots.len() - left
            }
        }
    }

    /// Number of values in a field.
    fn count(self, field: &Field<'_>) -> Result<usize, String> {
        let (single, size, name) = match self {
            Kind::Float32 => (Wire::Four, 4, "float32"),
            Kind::Float64 => (Wire::Eight, 8, "float64"),
            Kind::Int32 => return count_varints(field, "values"),
        };
        let length = field.content.len();
        if field.wire != single && field.wire != Wire::Message {
            return Err(format!("the field of {name} values has the wire type {}", field.wire as u8));
        }
        if !length.is_multiple_of(size) {
            return Err(format!("{length} bytes of {name} values, which have {size} bytes each"));
        }
        Ok(length / size)
    }
}

/// Calls `put` with each number in bytes that were counted.
#[inline]
fn for_each_varint(mut bytes: &[u8], mut put: impl FnMut(u64)) {
    while let Some((value, length)) = varint(bytes) {
        put(value);
        bytes = &bytes[length..];
    }
}
