//! Thrift's compact protocol, as far as Parquet uses it: structs that are walked over field by field, without copies.
//!
//! After <https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md>. What a text claims is never taken for granted:
//! no length is believed beyond the bytes that are there, and nesting that is skipped ends after 32 levels.

use super::super::fault::quote;

/// Deepest nesting of what is skipped; Parquet's own is 6.
const DEEPEST: usize = 32;

/// Why a text could not be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It ends too early.
    CutOff,
    /// Something else, as the end of a sentence.
    Wrong(String),
}

impl Fault {
    /// The end of a sentence about the text.
    pub(super) fn told(self) -> String {
        match self {
            Fault::CutOff => "it is cut off".to_owned(),
            Fault::Wrong(what) => what,
        }
    }
}

/// The beginning of a field: its number, and what kind of value follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) id: i16,
    kind: u8,
}

const TRUE: u8 = 1;
const FALSE: u8 = 2;
const BYTE: u8 = 3;
const DOUBLE: u8 = 7;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const SET: u8 = 10;
const MAP: u8 = 11;
const STRUCT: u8 = 12;
const UUID: u8 = 13;

/// A place in a text.
pub(super) struct Thrift<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Thrift<'a> {
    pub(super) fn new(text: &'a [u8]) -> Thrift<'a> {
        Thrift { text, at: 0 }
    }

    /// Bytes read so far.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    fn byte(&mut self) -> Result<u8, Fault> {
        let byte = *self.text.get(self.at).ok_or(Fault::CutOff)?;
        self.at += 1;
        Ok(byte)
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Fault> {
        let bytes = self.text.get(self.at..).and_then(|rest| rest.get(..count)).ok_or(Fault::CutOff)?;
        self.at += count;
        Ok(bytes)
    }

    fn varint(&mut self) -> Result<u64, Fault> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Fault::Wrong("it has a number of more than 64 bits".to_owned()))
    }

    fn zigzag(&mut self) -> Result<i64, Fault> {
        let value = self.varint()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// Calls `work` with each field of a struct. It reads the field's value, or skips it.
    pub(super) fn fields(&mut self, mut work: impl FnMut(&mut Thrift<'a>, Field) -> Result<(), Fault>) -> Result<(), Fault> {
        let mut last = 0;
        while let Some(field) = self.field(last)? {
            last = field.id;
            work(self, field)?;
        }
        Ok(())
    }

    /// The next field of a struct; none at its end. `last` is the number of the one before.
    fn field(&mut self, last: i16) -> Result<Option<Field>, Fault> {
        let head = self.byte()?;
        let (kind, step) = (head & 0x0F, i16::from(head >> 4));
        if kind == 0 {
            return Ok(None);
        }
        let id = if step == 0 { self.zigzag()? } else { i64::from(last) + i64::from(step) };
        let id = i16::try_from(id).map_err(|_| Fault::Wrong(format!("it has a field numbered {id}")))?;
        Ok(Some(Field { id, kind }))
    }

    /// A whole number of any size.
    pub(super) fn integer(&mut self, field: Field) -> Result<i64, Fault> {
        match field.kind {
            BYTE => Ok(i64::from(self.byte()? as i8)),
            4..=6 => self.zigzag(),
            _ => Err(wrong_kind(field, "a whole number")),
        }
    }

    /// A whole number of at most 32 bits.
    pub(super) fn integer32(&mut self, field: Field) -> Result<i32, Fault> {
        let value = self.integer(field)?;
        i32::try_from(value).map_err(|_| Fault::Wrong(format!("its field {} is {value}, beyond 32 bits", field.id)))
    }

    /// A number of things or bytes, which is not negative.
    pub(super) fn count(&mut self, field: Field) -> Result<u64, Fault> {
        let value = self.integer(field)?;
        u64::try_from(value).map_err(|_| Fault::Wrong(format!("its field {} is {value}, which cannot be negative", field.id)))
    }

    pub(super) fn boolean(&self, field: Field) -> Result<bool, Fault> {
        match field.kind {
            TRUE => Ok(true),
            FALSE => Ok(false),
            _ => Err(wrong_kind(field, "true or false")),
        }
    }

    /// A whole number, or 1 for true and 0 for false; none for anything else, which is gone over.
    pub(super) fn number(&mut self, field: Field) -> Result<Option<i64>, Fault> {
        match field.kind {
            TRUE | FALSE => Ok(Some(i64::from(field.kind == TRUE))),
            BYTE..=6 => self.integer(field).map(Some),
            _ => self.skip(field).map(|()| None),
        }
    }

    pub(super) fn text(&mut self, field: Field) -> Result<String, Fault> {
        if field.kind != BINARY {
            return Err(wrong_kind(field, "text"));
        }
        let bytes = self.binary()?;
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Err(Fault::Wrong(format!("it has the name {}, which is no UTF-8", quote(bytes)))),
        }
    }

    fn binary(&mut self) -> Result<&'a [u8], Fault> {
        let length = self.varint()?;
        self.take(usize::try_from(length).unwrap_or(usize::MAX))
    }

    /// Calls [`Thrift::fields`] for a struct in a field.
    pub(super) fn inner(&mut self, field: Field, work: impl FnMut(&mut Thrift<'a>, Field) -> Result<(), Fault>) -> Result<(), Fault> {
        if field.kind == STRUCT { self.fields(work) } else { Err(wrong_kind(field, "a struct")) }
    }

    /// Calls `work` at the beginning of each struct of a list.
    pub(super) fn structs(&mut self, field: Field, mut work: impl FnMut(&mut Thrift<'a>) -> Result<(), Fault>) -> Result<(), Fault> {
        if field.kind != LIST {
            return Err(wrong_kind(field, "a list"));
        }
        let (kind, count) = self.list()?;
        if kind != STRUCT && count > 0 {
            return Err(wrong_kind(field, "a list of structs"));
        }
        (0..count).try_for_each(|_| work(self))
    }

    /// The kind of a list's elements and their number, which does not exceed the bytes that are left.
    fn list(&mut self) -> Result<(u8, usize), Fault> {
        let head = self.byte()?;
        let count = if head >> 4 == 15 { self.varint()? } else { u64::from(head >> 4) };
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        if count > self.text.len() - self.at { Err(Fault::CutOff) } else { Ok((head & 0x0F, count)) }
    }

    /// Goes over a value.
    pub(super) fn skip(&mut self, field: Field) -> Result<(), Fault> {
        match field.kind {
            TRUE | FALSE => Ok(()),
            kind => self.skip_value(kind, DEEPEST),
        }
    }

    /// Goes over a value that is not a field's truth value, which needs no byte there.
    fn skip_value(&mut self, kind: u8, deepest: usize) -> Result<(), Fault> {
        let Some(deepest) = deepest.checked_sub(1) else {
            return Err(Fault::Wrong(format!("it is nested deeper than {DEEPEST} levels")));
        };
        match kind {
            TRUE | FALSE | BYTE => self.byte().map(drop),
            4..=6 => self.varint().map(drop),
            DOUBLE => self.take(8).map(drop),
            BINARY => self.binary().map(drop),
            LIST | SET => {
                let (kind, count) = self.list()?;
                (0..count).try_for_each(|_| self.skip_value(kind, deepest))
            }
            MAP => {
                let count = self.varint()?;
                let kinds = if count > 0 { self.byte()? } else { 0 };
                (0..count).try_for_each(|_| {
                    self.skip_value(kinds >> 4, deepest)?;
                    self.skip_value(kinds & 0x0F, deepest)
                })
            }
            STRUCT => {
                while let Some(field) = self.field(0)? {
                    if !matches!(field.kind, TRUE | FALSE) {
                        self.skip_value(field.kind, deepest)?;
                    }
                }
                Ok(())
            }
            UUID => self.take(16).map(drop),
            _ => Err(Fault::Wrong(format!("it has a value of the unknown kind {kind}"))),
        }
    }
}

fn wrong_kind(field: Field, wanted: &str) -> Fault {
    Fault::Wrong(format!("its field {} is not {wanted}", field.id))
}

#[cfg(test)]
mod tests {
    use super::{Fault, Thrift};

    /// The numbers of the fields of a struct, all of them skipped.
    fn skipped(text: &[u8]) -> Result<(Vec<i16>, usize), Fault> {
        let (mut thrift, mut ids) = (Thrift::new(text), Vec::new());
        thrift.fields(|thrift, field| {
            ids.push(field.id);
            thrift.skip(field)
        })?;
        Ok((ids, thrift.at()))
    }

    #[test]
    fn every_kind_of_value_is_skipped() {
        let text = [
            &[0x11, 0x22, 0x13, 0xFF, 0x15, 0x80, 0x01, 0x17, 0, 0, 0, 0, 0, 0, 0, 0, 0x18, 2, b'a', b'b'][..],
            &[0x19, 0x25, 1, 2, 0x1B, 1, 0x85, 1, b'x', 3, 0x1C, 0x11, 0x16, 4, 0x00, 0x1D],
            &[0; 16],
            &[0x05, 0xD0, 0x0F, 7, 0x00, 0xEE],
        ]
        .concat();
        let (ids, length) = skipped(&text).unwrap();
        assert_eq!(ids, [1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 1000]);
        assert_eq!(length, text.len() - 1);
        for cut in 0..length {
            assert_eq!(skipped(&text[..cut]), Err(Fault::CutOff), "{cut}");
        }
    }

    #[test]
    fn claims_are_not_believed() {
        let wrong = |text: &[u8]| skipped(text).unwrap_err().told();
        assert_eq!(wrong(&[0x19, 0xF5, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 1]), "it is cut off");
        assert_eq!(wrong(&[0x18, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]), "it is cut off");
        assert_eq!(wrong(&[0x1B, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x55]), "it is cut off");
        assert_eq!(wrong(&[[0x1C; 40].as_slice(), &[0; 41]].concat()), "it is nested deeper than 32 levels");
        assert_eq!(wrong(&[0x15, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1]), "it has a number of more than 64 bits");
        assert_eq!(wrong(&[0x05, 0xFF, 0xFF, 0x7F, 0]), "it has a field numbered -1048576");
        assert_eq!(wrong(&[0x1E, 0]), "it has a value of the unknown kind 14");
    }
}
