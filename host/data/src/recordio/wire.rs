//! Protocol Buffers' wire format: fields one after the other, each a number, a type and a content.

/// How a field's content is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wire {
    Varint = 0,
    Eight = 1,
    /// A length, and so many bytes: a message, text, or packed numbers.
    Message = 2,
    Four = 5,
}

/// A field of a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field<'a> {
    pub(super) number: u32,
    pub(super) wire: Wire,
    /// Without the length.
    pub(super) content: &'a [u8],
}

impl<'a> Field<'a> {
    /// The content of a field that is a message or text.
    pub(super) fn message(&self) -> Result<&'a [u8], String> {
        match self.wire {
            Wire::Message => Ok(self.content),
            wire => Err(format!("field {} has the wire type {}, not 2", self.number, wire as u8)),
        }
    }
}

/// The fields of a message. Nothing comes after the first error.
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(super) fn new(message: &'a [u8]) -> Fields<'a> {
        Fields { rest: message }
    }

    #[inline]
    fn read(&mut self) -> Result<Field<'a>, String> {
        let tag = self.varint().ok_or("a field's number is cut off or too long")?;
        let number = u32::try_from(tag >> 3).ok().filter(|number| *number > 0);
        let number = number.ok_or_else(|| format!("there is no field number {}", tag >> 3))?;
        let (wire, length) = match tag & 7 {
            0 => (Wire::Varint, varint(self.rest).map(|(_, length)| length)),
            1 => (Wire::Eight, Some(8)),
            2 => (Wire::Message, self.varint().map(|length| usize::try_from(length).unwrap_or(usize::MAX))),
            5 => (Wire::Four, Some(4)),
            other => return Err(format!("field {number} has the unknown wire type {other}")),
        };
        let length = length.ok_or_else(|| format!("field {number} is cut off"))?;
        let Some((content, rest)) = self.rest.split_at_checked(length) else {
            return Err(format!("field {number} is {length} bytes long, {} are left", self.rest.len()));
        };
        self.rest = rest;
        Ok(Field { number, wire, content })
    }

    fn varint(&mut self) -> Option<u64> {
        let (value, length) = varint(self.rest)?;
        self.rest = &self.rest[length..];
        Some(value)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, String>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let read = self.read();
        if read.is_err() {
            self.rest = &[];
        }
        Some(read)
    }
}

/// The number that bytes begin with, seven bits in each, and its length.
#[inline]
pub(super) fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    // Most are lengths and numbers of fields, in one byte.
    if let Some(&byte) = bytes.first().filter(|&&byte| byte < 0x80) {
        return Some((u64::from(byte), 1));
    }
    let mut value = 0;
    for (index, &byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7F) << (7 * index);
        if byte < 0x80 {
            return Some((value, index + 1));
        }
    }
    None
}

/// Number of integers in a field, packed or single, each of which can be read. `name` is for errors.
pub(super) fn count_varints(field: &Field<'_>, name: &str) -> Result<usize, String> {
    if !matches!(field.wire, Wire::Varint | Wire::Message) {
        return Err(format!("the field of {name} has the wire type {}", field.wire as u8));
    }
    let (mut rest, mut count) = (field.content, 0);
    while let Some((_, length)) = varint(rest) {
        rest = &rest[length..];
        count += 1;
    }
    if rest.is_empty() { Ok(count) } else { Err(format!("one of the {name} is cut off or longer than 64 bits")) }
}
