//! The values of a column in a row group, from the first to the last.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use ::parquet::basic::{Repetition, Type as PhysicalType};
use ::parquet::column::reader::ColumnReaderImpl;
use ::parquet::data_type::{BoolType, DataType, DoubleType, FixedLenByteArrayType, FloatType, Int32Type, Int64Type};
use ::parquet::errors::{ParquetError, Result};
use ::parquet::schema::types::{ColumnDescriptor, ColumnPath, Type};
use algohost_kernels::{Context, f16};

use super::super::batch::Number;
use super::super::files::Source;
use super::footer::Chunk;
use super::pages::Pages;
use super::schema::{Column, Meaning, Physical};
use algohost_failure::Failure;

/// Reads values in their order.
pub(super) struct Values {
    meaning: Meaning,
    typed: Typed,
}

enum Typed {
    Boolean(Stored<BoolType>),
    Int32(Stored<Int32Type>),
    Int64(Stored<Int64Type>),
    Float32(Stored<FloatType>),
    Float64(Stored<DoubleType>),
    Fixed(Stored<FixedLenByteArrayType>),
}

/// Values as they are stored.
struct Stored<D: DataType> {
    reader: ColumnReaderImpl<D>,
    optional: bool,
    /// Room for those that are there.
    values: Vec<D::T>,
    /// Room for 1 where a value is there, 0 where it is missing.
    levels: Vec<i16>,
}

impl Values {
    /// The values of a chunk that has so many rows.
    ///
    /// # Errors
    /// The end of a sentence about the column.
    pub(super) fn new(
        context: &Context,
        file: &Arc<Source>,
        column: &Column,
        chunk: &Chunk,
        rows: u64,
    ) -> std::result::Result<Values, Failure> {
        let pages = Pages::new(context, file, column, chunk, rows).map_err(Failure::user)?;
        let typed = match column.physical {
            Physical::Boolean => Typed::Boolean(Stored::new(column, PhysicalType::BOOLEAN, pages)?),
            Physical::Int32 => Typed::Int32(Stored::new(column, PhysicalType::INT32, pages)?),
            Physical::Int64 => Typed::Int64(Stored::new(column, PhysicalType::INT64, pages)?),
            Physical::Float32 => Typed::Float32(Stored::new(column, PhysicalType::FLOAT, pages)?),
            Physical::Float64 => Typed::Float64(Stored::new(column, PhysicalType::DOUBLE, pages)?),
            Physical::Fixed => Typed::Fixed(Stored::new(column, PhysicalType::FIXED_LEN_BYTE_ARRAY, pages)?),
        };
        Ok(Values { meaning: column.meaning, typed })
    }

    /// Reads as many values as there is room for: whole numbers beyond 2⁵³ are rounded, booleans become 0 and 1, what is missing NaN.
    ///
    /// # Errors
    /// A failure whose first line is the end of a sentence about the column. No more can be read then.
    pub(super) fn read<T: Number>(&mut self, room: &mut [T]) -> std::result::Result<(), Failure> {
        let meaning = self.meaning;
        let scale = if let Meaning::Decimal(scale) = meaning { 10_f64.powi(scale.min(400) as i32) } else { 1.0 };
        let wanted = room.len();
        let read = guarded(|| match (&mut self.typed, meaning) {
            (Typed::Boolean(stored), _) => stored.read(room, |value| T::from_f64(f64::from(u8::from(*value)))),
            (Typed::Float32(stored), _) => stored.read(room, |value| T::from_f64(f64::from(*value))),
            (Typed::Float64(stored), _) => stored.read(room, |value| T::from_f64(*value)),
            (Typed::Int32(stored), Meaning::Unsigned) => stored.read(room, |value| T::from_f64(f64::from(*value as u32))),
            (Typed::Int32(stored), Meaning::Decimal(_)) => stored.read(room, |value| T::from_f64(f64::from(*value) / scale)),
            (Typed::Int32(stored), _) => stored.read(room, |value| T::from_f64(f64::from(*value))),
            (Typed::Int64(stored), Meaning::Unsigned) => stored.read(room, |value| T::from_f64(*value as u64 as f64)),
            (Typed::Int64(stored), Meaning::Decimal(_)) => stored.read(room, |value| T::from_f64(*value as f64 / scale)),
            (Typed::Int64(stored), _) => stored.read(room, |value| T::from_f64(*value as f64)),
            (Typed::Fixed(stored), Meaning::Float16) => stored.read(room, |value| match value.data() {
                &[low, high] => T::from_f64(f16::from_le_bytes([low, high]).to_f64()),
                _ => T::MISSING,
            }),
            (Typed::Fixed(stored), _) => stored.read(room, |value| T::from_f64(decimal(value.data()) / scale)),
        })?;
        if read < wanted { Err(Failure::user("its pages have fewer values than the row group has rows")) } else { Ok(()) }
    }

    /// Goes over values.
    ///
    /// # Errors
    /// As [`Values::read`].
    pub(super) fn skip(&mut self, count: usize) -> std::result::Result<(), Failure> {
        let skipped = guarded(|| match &mut self.typed {
            Typed::Boolean(stored) => stored.reader.skip_records(count),
            Typed::Int32(stored) => stored.reader.skip_records(count),
            Typed::Int64(stored) => stored.reader.skip_records(count),
            Typed::Float32(stored) => stored.reader.skip_records(count),
            Typed::Float64(stored) => stored.reader.skip_records(count),
            Typed::Fixed(stored) => stored.reader.skip_records(count),
        })?;
        if skipped < count { Err(Failure::user("its pages have fewer values than the row group has rows")) } else { Ok(()) }
    }
}

impl<D: DataType> Stored<D> {
    fn new(column: &Column, physical: PhysicalType, pages: Pages) -> std::result::Result<Stored<D>, Failure> {
        let repetition = if column.optional { Repetition::OPTIONAL } else { Repetition::REQUIRED };
        let builder = Type::primitive_type_builder(&column.name, physical).with_repetition(repetition);
        let described = builder.with_length(i32::try_from(column.length).unwrap_or(0)).build();
        let described = described.map_err(failure)?;
        let levels = i16::from(column.optional);
        let descriptor = ColumnDescriptor::new(Arc::new(described), levels, 0, ColumnPath::new(vec![column.name.clone()]));
        let reader = ColumnReaderImpl::new(Arc::new(descriptor), Box::new(pages));
        Ok(Stored { reader, optional: column.optional, values: Vec::new(), levels: Vec::new() })
    }

    /// Reads values until the room is full or there are no more; answers how many.
    fn read<T: Number>(&mut self, room: &mut [T], convert: impl Fn(&D::T) -> T) -> Result<usize> {
        self.values.clear();
        self.levels.clear();
        let levels = self.optional.then_some(&mut self.levels);
        let (records, values, _) = self.reader.read_records(room.len(), levels, None, &mut self.values)?;
        if values == records {
            for (slot, value) in room.iter_mut().zip(&self.values) {
                *slot = convert(value);
            }
            return Ok(records);
        }
        let mut values = self.values.iter();
        for (slot, &level) in room.iter_mut().zip(&self.levels) {
            *slot = if level == 0 { T::MISSING } else { values.next().map_or(T::MISSING, &convert) };
        }
        Ok(records)
    }
}

/// Runs the crate's decoders, which panic on some broken pages (a count of more than 64 bits, a byte stream that is too short) instead of
/// answering with an error. Whoever calls does not use them again.
fn guarded<R>(work: impl FnOnce() -> Result<R>) -> std::result::Result<R, Failure> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(failure),
        Err(_) => Err(Failure::user("a page of it is broken")),
    }
}

/// The crate's errors, and failures that came through it.
fn failure(error: ParquetError) -> Failure {
    let what = match error {
        ParquetError::External(error) => match error.downcast::<Failure>() {
            Ok(failure) => return *failure,
            Err(error) => error.to_string(),
        },
        ParquetError::General(what) | ParquetError::NYI(what) | ParquetError::EOF(what) => what,
        error => error.to_string(),
    };
    Failure::user(format!("a page of it is broken: {what}"))
}

/// A whole number with the high byte first.
fn decimal(bytes: &[u8]) -> f64 {
    let sign = if bytes.first().is_some_and(|&first| first >= 0x80) { -1_i128 } else { 0 };
    bytes.iter().fold(sign, |number, &byte| number << 8 | i128::from(byte)) as f64
}

#[cfg(test)]
mod tests {
    use super::decimal;

    #[test]
    fn decimals_have_a_sign() {
        assert_eq!(decimal(&[0x04, 0xD2]), 1234.0);
        assert_eq!(decimal(&[0xFB, 0x2E]), -1234.0);
        assert_eq!(decimal(&[0x80]), -128.0);
        assert_eq!(decimal(&[0xFF; 16]), -1.0);
        assert_eq!(decimal(&[]), 0.0);
    }
}
