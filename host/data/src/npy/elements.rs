//! Stored elements of any numeric type to the wanted type.

use algohost_kernels::{Element, f16};
use bytemuck::Pod;

use super::super::batch::{Number, Rows};
use super::header::{Header, Kind};

/// Stored elements of some rows. Steps are in elements.
pub(super) struct Source<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) header: &'a Header,
    pub(super) row_step: usize,
    pub(super) column_step: usize,
}

/// Whether the bytes of the stored elements are those of `T` in memory.
pub(super) fn is_stored_as<T: Number>(header: &Header) -> bool {
    let kind = match header.kind {
        Kind::Float32 => Some(algohost_kernels::DType::Float32),
        Kind::Float64 => Some(algohost_kernels::DType::Float64),
        _ => None,
    };
    kind == Some(T::DTYPE) && header.big_endian == cfg!(target_endian = "big")
}

/// Converts the elements into the rows: integers beyond 2⁵³ are rounded, booleans become 0 and 1.
pub(super) fn store<T: Number>(source: &Source<'_>, rows: &mut Rows<'_, T>) {
    match source.header.kind {
        Kind::Bool => convert(source, rows, |[byte]: [u8; 1]| T::from_f64(f64::from(u8::from(byte != 0)))),
        Kind::Int8 => convert(source, rows, |bytes| cast(i8::from_le_bytes(bytes))),
        Kind::Int16 => convert(source, rows, |bytes| cast(i16::from_le_bytes(bytes))),
        Kind::Int32 => convert(source, rows, |bytes| cast(i32::from_le_bytes(bytes))),
        Kind::Int64 => convert(source, rows, |bytes| cast(i64::from_le_bytes(bytes))),
        Kind::UInt8 => convert(source, rows, |bytes| cast(u8::from_le_bytes(bytes))),
        Kind::UInt16 => convert(source, rows, |bytes| cast(u16::from_le_bytes(bytes))),
        Kind::UInt32 => convert(source, rows, |bytes| cast(u32::from_le_bytes(bytes))),
        Kind::UInt64 => convert(source, rows, |bytes| cast(u64::from_le_bytes(bytes))),
        Kind::Float16 => convert(source, rows, |bytes| cast(f16::from_le_bytes(bytes))),
        Kind::Float32 => convert(source, rows, |bytes| cast(f32::from_le_bytes(bytes))),
        Kind::Float64 => convert(source, rows, |bytes| cast(f64::from_le_bytes(bytes))),
    }
}

#[inline(always)]
fn cast<S: Element, T: Number>(value: S) -> T {
    T::from_f64(value.to_f64())
}

/// `load` makes an element of little-endian bytes.
#[inline(always)]
fn convert<T: Number, const SIZE: usize>(source: &Source<'_>, rows: &mut Rows<'_, T>, load: impl Fn([u8; SIZE]) -> T)
where
    [u8; SIZE]: Pod,
{
    let elements: &[[u8; SIZE]] = bytemuck::cast_slice(&source.bytes[..source.bytes.len() / SIZE * SIZE]);
    let big_endian = source.header.big_endian;
    for row in 0..rows.count() {
        let mut at = row * source.row_step;
        for slot in rows.row(row).into_iter().flatten() {
            let mut bytes = elements[at];
            if big_endian {
                bytes.reverse();
            }
            *slot = load(bytes);
            at += source.column_step;
        }
    }
}
