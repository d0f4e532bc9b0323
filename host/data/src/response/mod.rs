//! Answers: named tensors to JSON, JSON Lines, CSV, RecordIO-protobuf or NPY.

mod negotiate;

use algohost_kernels::{DType, Element, Tensor, bf16, f16, with_element};
use anyhow::Result;

use super::content_type::Format;
use super::fault::kernel;
use super::{npy, recordio};
use algohost_failure::{Code, Failure};

pub use negotiate::negotiate;

/// Writes an answer. The first axis of every output are the rows; an output without axes is one row.
///
/// - JSON: `{"predictions":[{"score":0.98,"predicted_label":1.0}, …]}`, one object per row. An output with one column is a number, a wider
///   one an array. NaN and infinities are `null`.
/// - JSON Lines: such an object per line.
/// - CSV: a line per row with the columns of all outputs, ended by `\n`. NaN is an empty cell.
/// - RecordIO-protobuf: a record per row, each output's numbers as float32 under its name in the `label` map.
/// - NPY: the first output alone, in C order.
///
/// In text, floats are written with the fewest digits that read back as the same number (float16 and bfloat16 as the float32 of that value),
/// integers without a fraction, booleans as `true` and `false` in JSON and as 1 and 0 in CSV.
///
/// # Errors
/// Bad operation when the outputs differ in rows, or there is none for NPY; not acceptable for a format that is not written.
pub fn encode(format: Format, outputs: &[(String, Tensor)]) -> Result<Vec<u8>> {
    match format {
        Format::Json => json(&columns_of(outputs)?, &Frame { begin: b"{\"predictions\":[", between: b",", after: b"", end: b"]}" }),
        Format::JsonLines => json(&columns_of(outputs)?, &Frame { begin: b"", between: b"", after: b"\n", end: b"" }),
        Format::Csv => csv(&columns_of(outputs)?),
        Format::RecordIo => Ok(recordio::encode(&columns_of(outputs)?)),
        Format::Npy => match outputs.first() {
            Some((_, tensor)) => npy::encode(tensor),
            None => Err(Failure::new(Code::BadOperation, "answer: there are no outputs").into()),
        },
        Format::Libsvm | Format::Npz | Format::Parquet => {
            Err(Failure::new(Code::NotAcceptable, format!("answer: {} cannot be written", format.media_type())).into())
        }
    }
}

/// The columns of one output, row by row.
pub(super) struct Columns<'a> {
    name: &'a str,
    dtype: DType,
    /// Whether the row is one value by itself.
    is_single: bool,
    rows: usize,
    row_bytes: usize,
    bytes: Vec<u8>,
}

fn columns_of(outputs: &[(String, Tensor)]) -> Result<Vec<Columns<'_>>> {
    let mut all = Vec::with_capacity(outputs.len());
    for (name, tensor) in outputs {
        let rows = tensor.shape().first().copied().unwrap_or(1);
        let columns: usize = tensor.shape().iter().skip(1).product();
        let bytes = tensor.to_bytes().map_err(kernel)?;
        all.push(Columns { name, dtype: tensor.dtype(), is_single: columns == 1, rows, row_bytes: columns * tensor.dtype().size(), bytes });
    }
    if let Some(other) = all.iter().find(|output| output.rows != all[0].rows) {
        let what = format!("answer: output {:?} has {} rows, output {:?} has {}", all[0].name, all[0].rows, other.name, other.rows);
        return Err(Failure::new(Code::BadOperation, what).into());
    }
    Ok(all)
}

impl Columns<'_> {
    pub(super) fn name(&self) -> &str {
        self.name
    }

    pub(super) fn dtype(&self) -> DType {
        self.dtype
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// The elements of a row, one after the other.
    pub(super) fn row(&self, row: usize) -> &[u8] {
        &self.bytes[row * self.row_bytes..][..self.row_bytes]
    }
}

/// A number in JSON's form.
trait Written: Element {
    fn write(self, to: &mut Vec<u8>) -> Result<(), serde_json::Error>;
}

macro_rules! written {
    ($($t:ty),*) => {$(
        impl Written for $t {
            #[inline]
            fn write(self, to: &mut Vec<u8>) -> Result<(), serde_json::Error> {
                serde_json::to_writer(to, &self)
            }
        }
    )*};
}
written!(f32, f64, i8, i16, i32, i64, u8, u16, u32, u64);

macro_rules! written_as_f32 {
    ($($t:ty),*) => {$(
        impl Written for $t {
            #[inline]
            fn write(self, to: &mut Vec<u8>) -> Result<(), serde_json::Error> {
                self.to_f32().write(to)
            }
        }
    )*};
}
written_as_f32!(f16, bf16);

/// What stands around the objects of the rows, between two of them, and after each.
struct Frame {
    begin: &'static [u8],
    between: &'static [u8],
    after: &'static [u8],
    end: &'static [u8],
}

fn json(outputs: &[Columns<'_>], frame: &Frame) -> Result<Vec<u8>> {
    let rows = outputs.first().map_or(0, |output| output.rows);
    let mut keys = Vec::with_capacity(outputs.len());
    for (index, output) in outputs.iter().enumerate() {
        let mut key = vec![if index == 0 { b'{' } else { b',' }];
        serde_json::to_writer(&mut key, output.name)?;
        key.push(b':');
        keys.push(key);
    }
    let row_bytes: usize = outputs.iter().zip(&keys).map(|(output, key)| key.len() + 12 * output.row_bytes / output.dtype.size() + 4).sum();
    let mut body = Vec::with_capacity(rows * row_bytes + 32);
    body.extend_from_slice(frame.begin);
    for row in 0..rows {
        if row > 0 {
            body.extend_from_slice(frame.between);
        }
        for (output, key) in outputs.iter().zip(&keys) {
            body.extend_from_slice(key);
            if output.is_single {
                json_values(output.dtype, output.row(row), &mut body)?;
            } else {
                body.push(b'[');
                json_values(output.dtype, output.row(row), &mut body)?;
                body.push(b']');
            }
        }
        body.push(b'}');
        body.extend_from_slice(frame.after);
    }
    body.extend_from_slice(frame.end);
    Ok(body)
}

fn json_values(dtype: DType, bytes: &[u8], body: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    if dtype == DType::Boolean {
        let words = bytes.iter().map(|&byte| if byte == 0 { "false" } else { "true" }).collect::<Vec<_>>();
        body.extend_from_slice(words.join(",").as_bytes());
        return Ok(());
    }
    with_element!(dtype, T => values::<T>(bytes, body, |value, body| value.write(body)))
}

fn csv(outputs: &[Columns<'_>]) -> Result<Vec<u8>> {
    let rows = outputs.first().map_or(0, |output| output.rows);
    let row_bytes: usize = outputs.iter().map(|output| 12 * output.row_bytes / output.dtype.size()).sum();
    let mut body = Vec::with_capacity(rows * row_bytes);
    for row in 0..rows {
        for (index, output) in outputs.iter().enumerate() {
            if index > 0 {
                body.push(b',');
            }
            with_element!(output.dtype, T => values::<T>(output.row(row), &mut body, csv_value))?;
        }
        body.push(b'\n');
    }
    Ok(body)
}

#[inline]
fn csv_value<T: Written>(value: T, body: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    let wide = value.to_f64();
    if wide.is_finite() {
        return value.write(body);
    }
    if !wide.is_nan() {
        body.extend_from_slice(if wide > 0.0 { b"inf" } else { b"-inf" });
    }
    Ok(())
}

/// Writes the elements with commas between them.
#[inline]
fn values<T: Written>(
    bytes: &[u8],
    body: &mut Vec<u8>,
    write: impl Fn(T, &mut Vec<u8>) -> Result<(), serde_json::Error>,
) -> Result<(), serde_json::Error> {
    for (index, element) in bytes.chunks_exact(size_of::<T>()).enumerate() {
        if index > 0 {
            body.push(b',');
        }
        write(bytemuck::pod_read_unaligned(element), body)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
