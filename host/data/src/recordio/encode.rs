//! Answers as records: one for each row, its numbers under their outputs' names in the `label` map.

use algohost_kernels::{Element, with_element};

use super::super::framing::{Frame, padding};
use super::super::response::Columns;

/// Protocol Buffers' field numbers, each with the wire type of what has a length.
const LABEL: u8 = 2 << 3 | 2;
const KEY: u8 = 1 << 3 | 2;
const VALUE: u8 = 2 << 3 | 2;
const FLOAT32_TENSOR: u8 = 2 << 3 | 2;
const VALUES: u8 = 1 << 3 | 2;

/// The rows of all outputs, which are equally many. Whatever the dtype, numbers are written as float32, as the platform's own algorithms do.
pub(in super::super) fn encode(outputs: &[Columns<'_>]) -> Vec<u8> {
    let rows = outputs.first().map_or(0, |output| output.rows());
    let (mut body, mut record, mut entry) = (Vec::new(), Vec::new(), Vec::new());
    for row in 0..rows {
        record.clear();
        for output in outputs {
            entry.clear();
            field(&mut entry, KEY, output.name().as_bytes());
            let numbers = with_element!(output.dtype(), T => as_float32::<T>(output.row(row)));
            let tensor = in_field(VALUES, &numbers);
            field(&mut entry, VALUE, &in_field(FLOAT32_TENSOR, &tensor));
            field(&mut record, LABEL, &entry);
        }
        body.extend_from_slice(&Frame::MAGIC);
        body.extend_from_slice(&(record.len() as u32).to_le_bytes());
        body.extend_from_slice(&record);
        body.extend_from_slice(&[0; 3][..padding(record.len())]);
    }
    body
}

fn as_float32<T: Element>(bytes: &[u8]) -> Vec<u8> {
    let elements = bytes.chunks_exact(size_of::<T>()).map(bytemuck::pod_read_unaligned::<T>);
    elements.flat_map(|element| (element.to_f64() as f32).to_le_bytes()).collect()
}

fn in_field(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(content.len() + 6);
    field(&mut bytes, tag, content);
    bytes
}

fn field(to: &mut Vec<u8>, tag: u8, content: &[u8]) {
    to.push(tag);
    let mut length = content.len();
    while length >= 0x80 {
        to.push(length as u8 | 0x80);
        length >>= 7;
    }
    to.push(length as u8);
    to.extend_from_slice(content);
}
