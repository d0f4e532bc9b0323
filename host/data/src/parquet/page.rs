//! A page's header: the `PageHeader` before its bytes.

use super::schema::Physical;
use super::thrift::{Fault, Field, Thrift};

/// Encodings by their numbers in the format.
pub(super) const PLAIN: i32 = 0;
pub(super) const PLAIN_DICTIONARY: i32 = 2;
pub(super) const RLE: i32 = 3;
pub(super) const DELTA_BINARY_PACKED: i32 = 5;
pub(super) const RLE_DICTIONARY: i32 = 8;
pub(super) const BYTE_STREAM_SPLIT: i32 = 9;

/// What stands before a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// Its own length.
    pub(super) length: usize,
    pub(super) kind: Kind,
    /// Bytes of the page as it lies in the file, and when it is unpacked.
    pub(super) packed: usize,
    pub(super) unpacked: usize,
    pub(super) checksum: Option<u32>,
}

/// What a page holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Levels and values, packed together.
    Data {
        values: u32,
        encoding: i32,
        levels: i32,
    },
    /// Levels and, packed on their own, values.
    DataV2 {
        values: u32,
        missing: u32,
        encoding: i32,
        level_bytes: u32,
        repetition_bytes: u32,
        packed: bool,
    },
    Dictionary {
        values: u32,
        encoding: i32,
    },
    /// Something that is not needed.
    Other,
}

impl Header {
    /// Reads the header that a text begins with.
    pub(super) fn read(text: &[u8]) -> Result<Header, Fault> {
        let mut thrift = Thrift::new(text);
        let (mut kind, mut number) = (None, None);
        let mut header = Header { length: 0, kind: Kind::Other, packed: 0, unpacked: 0, checksum: None };
        thrift.fields(|thrift, field| {
            match field.id {
                1 => number = Some(thrift.integer32(field)?),
                2 => header.unpacked = small(thrift.integer(field)?)? as usize,
                3 => header.packed = small(thrift.integer(field)?)? as usize,
                4 => header.checksum = Some(thrift.integer32(field)? as u32),
                5 | 7 | 8 => kind = Some(Kind::read(thrift, field)?),
                _ => thrift.skip(field)?,
            }
            Ok(())
        })?;
        header.length = thrift.at();
        header.kind = match (number, kind) {
            (Some(0), Some(kind @ Kind::Data { .. })) => kind,
            (Some(2), Some(kind @ Kind::Dictionary { .. })) => kind,
            (Some(3), Some(kind @ Kind::DataV2 { .. })) => kind,
            (Some(0 | 2 | 3) | None, _) => return Err(Fault::Wrong("it does not say what the page holds".to_owned())),
            (Some(_), _) => Kind::Other,
        };
        Ok(header)
    }
}

impl Kind {
    /// Reads one of the structs that say what a page holds. Which one it is says the field.
    fn read(thrift: &mut Thrift<'_>, field: Field) -> Result<Kind, Fault> {
        let mut numbers = [None; 8];
        thrift.inner(field, |thrift, inner| {
            let value = thrift.number(inner)?;
            if let Some(slot) = usize::try_from(inner.id).ok().and_then(|id| numbers.get_mut(id)) {
                *slot = value;
            }
            Ok(())
        })?;
        let count = |id: usize| small(numbers[id].unwrap_or(0));
        let encoding = |id: usize| numbers[id].and_then(|number| i32::try_from(number).ok()).unwrap_or(-1);
        Ok(match field.id {
            5 => Kind::Data { values: count(1)?, encoding: encoding(2), levels: encoding(3) },
            7 => Kind::Dictionary { values: count(1)?, encoding: encoding(2) },
            _ => Kind::DataV2 {
                values: count(1)?,
                missing: count(2)?,
                encoding: encoding(4),
                level_bytes: count(5)?,
                repetition_bytes: count(6)?,
                packed: numbers[7] != Some(0),
            },
        })
    }
}

/// A number that the format gives 31 bits.
fn small(value: i64) -> Result<u32, Fault> {
    match i32::try_from(value) {
        Ok(small @ 0..) => Ok(small as u32),
        _ => Err(Fault::Wrong(format!("it has the number {value}; 0 to {} are possible", i32::MAX))),
    }
}

/// Whether values that lie so can be in this encoding, as far as it is supported.
pub(super) fn is_encoding_of(physical: Physical, encoding: i32) -> bool {
    match encoding {
        PLAIN => true,
        RLE => physical == Physical::Boolean,
        PLAIN_DICTIONARY | RLE_DICTIONARY => physical != Physical::Boolean,
        DELTA_BINARY_PACKED => matches!(physical, Physical::Int32 | Physical::Int64),
        BYTE_STREAM_SPLIT => physical != Physical::Boolean,
        _ => false,
    }
}

/// An encoding's name in the format.
pub(super) fn encoding_name(encoding: i32) -> String {
    const NAMES: [&str; 10] = [
        "PLAIN",
        "GROUP_VAR_INT",
        "PLAIN_DICTIONARY",
        "RLE",
        "BIT_PACKED",
        "DELTA_BINARY_PACKED",
        "DELTA_LENGTH_BYTE_ARRAY",
        "DELTA_BYTE_ARRAY",
        "RLE_DICTIONARY",
        "BYTE_STREAM_SPLIT",
    ];
    let name = usize::try_from(encoding).ok().and_then(|encoding| NAMES.get(encoding));
    name.map_or_else(|| format!("encoding {encoding}"), |name| (*name).to_owned())
}
