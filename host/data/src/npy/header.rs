//! The header of an NPY file: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>.

use super::super::fault::quote;

/// How an element is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Kind {
    Bool,
    Int8,
    Int16,
    Int32,
    Int64,
    UInt8,
    UInt16,
    UInt32,
    UInt64,
    Float16,
    Float32,
    Float64,
}

impl Kind {
    /// Bytes of one element.
    pub(in super::super) fn size(self) -> usize {
        match self {
            Kind::Bool | Kind::Int8 | Kind::UInt8 => 1,
            Kind::Int16 | Kind::UInt16 | Kind::Float16 => 2,
            Kind::Int32 | Kind::UInt32 | Kind::Float32 => 4,
            Kind::Int64 | Kind::UInt64 | Kind::Float64 => 8,
        }
    }
}

/// What an NPY file holds, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Header {
    pub(in super::super) kind: Kind,
    pub(in super::super) big_endian: bool,
    pub(in super::super) fortran_order: bool,
    /// One or two lengths.
    pub(in super::super) shape: Vec<usize>,
    /// The byte at which the elements begin.
    pub(in super::super) data_at: usize,
}

/// The most bytes of a header that are looked at; NumPy's own are 128 for plain arrays.
pub(in super::super) const MOST: usize = 64 << 10;

impl Header {
    /// Reads the header that `start` begins with. `size` is the size of the whole file, which the elements must fill to the last byte.
    /// Errors are the end of a sentence about the file.
    pub(in super::super) fn parse(start: &[u8], size: u64) -> Result<Header, String> {
        let (text, data_at) = header_text(start)?;
        let mut header = Dictionary { text, at: 0 }.read()?;
        header.data_at = data_at;
        if !matches!(header.shape.len(), 1 | 2) {
            return Err(format!("the array has {} axes; 1 or 2 are wanted", header.shape.len()));
        }
        let count = header.shape.iter().try_fold(1_u64, |count, &length| count.checked_mul(length as u64));
        let wanted =
            count.and_then(|count| count.checked_mul(header.kind.size() as u64)).and_then(|bytes| bytes.checked_add(data_at as u64));
        if wanted != Some(size) {
            let shape: Vec<_> = header.shape.iter().map(usize::to_string).collect();
            let wanted = wanted.map_or("more than can be counted".to_owned(), |wanted| wanted.to_string());
            return Err(format!("{size} bytes long; its header, with shape ({}), wants {wanted}", shape.join(", ")));
        }
        Ok(header)
    }

    /// The byte at which the elements of an array of any type begin, whose header `start` begins with.
    pub(in super::super) fn elements_at(start: &[u8]) -> Result<usize, String> {
        header_text(start).map(|(_, data_at)| data_at)
    }

    /// Rows and columns. An array with one axis is a column.
    pub(in super::super) fn rows_and_columns(&self) -> (usize, usize) {
        match self.shape[..] {
            [rows, columns] => (rows, columns),
            [rows] => (rows, 1),
            _ => (0, 0),
        }
    }
}

/// The text between the fixed beginning and the elements, and where the elements begin.
fn header_text(start: &[u8]) -> Result<(&[u8], usize), String> {
    let Some(rest) = start.strip_prefix(b"\x93NUMPY") else {
        return Err("not an NPY file: it does not begin with \\x93NUMPY".to_owned());
    };
    let (length, begin) = match *rest {
        [1, 0, a, b, ..] => (u32::from(u16::from_le_bytes([a, b])), 10),
        [2 | 3, 0, a, b, c, d, ..] => (u32::from_le_bytes([a, b, c, d]), 12),
        [major, minor, ..] if !matches!((major, minor), (1..=3, 0)) => {
            return Err(format!("NPY version {major}.{minor}; 1.0, 2.0 and 3.0 are supported"));
        }
        _ => return Err("the NPY header is cut off".to_owned()),
    };
    let end = begin + length as usize;
    match start.get(begin..end) {
        Some(text) => Ok((text, end)),
        None if end > MOST => Err(format!("an NPY header of {length} bytes; at most {} are supported", MOST - begin)),
        None => Err("the NPY header is cut off".to_owned()),
    }
}

/// Reads the header's text, a Python dictionary with exactly the keys `descr`, `fortran_order` and `shape`.
struct Dictionary<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Dictionary<'a> {
    fn read(mut self) -> Result<Header, String> {
        let (mut descr, mut order, mut shape) = (None, None, None);
        self.expect(b'{')?;
        while !self.take(b'}') {
            let key = self.string()?;
            self.expect(b':')?;
            let first_time = match key {
                b"descr" => descr.replace(self.descr()?).is_none(),
                b"fortran_order" => order.replace(self.boolean()?).is_none(),
                b"shape" => shape.replace(self.tuple()?).is_none(),
                _ => return Err(format!("the NPY header has the unknown key {}", quote(key))),
            };
            if !first_time {
                return Err(format!("the NPY header has the key {} twice", quote(key)));
            }
            if !self.take(b',') {
                self.expect(b'}')?;
                break;
            }
        }
        self.skip_blanks();
        if self.at < self.text.len() {
            return Err(self.unexpected("the end of the header"));
        }
        match (descr, order, shape) {
            (Some((kind, big_endian)), Some(fortran_order), Some(shape)) => {
                Ok(Header { kind, big_endian, fortran_order, shape, data_at: 0 })
            }
            _ => Err("the NPY header lacks one of descr, fortran_order, shape".to_owned()),
        }
    }

    fn skip_blanks(&mut self) {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        self.skip_blanks();
        let found = self.text.get(self.at) == Some(&byte);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8) -> Result<(), String> {
        if self.take(byte) { Ok(()) } else { Err(self.unexpected(&format!("'{}'", byte as char))) }
    }

    fn unexpected(&self, wanted: &str) -> String {
        let found = match self.text[self.at..].trim_ascii_end() {
            [] => "its end".to_owned(),
            found => quote(found),
        };
        format!("the NPY header is wrong at character {}: {found} instead of {wanted}", self.at + 1)
    }

    fn string(&mut self) -> Result<&'a [u8], String> {
        self.skip_blanks();
        let (Some(&mark @ (b'\'' | b'"')), text) = (self.text.get(self.at), self.text) else {
            return Err(self.unexpected("a string"));
        };
        let begin = self.at + 1;
        let Some(length) = text[begin..].iter().position(|&byte| byte == mark) else {
            return Err(self.unexpected("a string"));
        };
        self.at = begin + length + 1;
        Ok(&text[begin..begin + length])
    }

    fn boolean(&mut self) -> Result<bool, String> {
        self.skip_blanks();
        for (word, value) in [("True", true), ("False", false)] {
            if self.text[self.at..].starts_with(word.as_bytes()) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.unexpected("True or False"))
    }

    fn tuple(&mut self) -> Result<Vec<usize>, String> {
        let mut lengths = Vec::new();
        self.expect(b'(')?;
        while !self.take(b')') {
            self.skip_blanks();
            let digits = self.text[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            let text = std::str::from_utf8(&self.text[self.at..self.at + digits]).unwrap_or_default();
            let Ok(length) = text.parse() else {
                return Err(self.unexpected("a length"));
            };
            self.at += digits;
            lengths.push(length);
            if !self.take(b',') {
                self.expect(b')')?;
                break;
            }
        }
        Ok(lengths)
    }

    /// The element type: how it is stored, and whether with the high byte first.
    fn descr(&mut self) -> Result<(Kind, bool), String> {
        self.skip_blanks();
        if self.text.get(self.at) == Some(&b'[') {
            return Err("an array of records (a structured dtype); save plain numbers".to_owned());
        }
        let descr = self.string()?;
        let (order, name) = descr.split_at(descr.len().min(1));
        let kind = match name {
            b"b1" | b"?" => Kind::Bool,
            b"i1" => Kind::Int8,
            b"i2" => Kind::Int16,
            b"i4" => Kind::Int32,
            b"i8" => Kind::Int64,
            b"u1" => Kind::UInt8,
            b"u2" => Kind::UInt16,
            b"u4" => Kind::UInt32,
            b"u8" => Kind::UInt64,
            b"f2" => Kind::Float16,
            b"f4" => Kind::Float32,
            b"f8" => Kind::Float64,
            [b'O', ..] => {
                return Err("an array of Python objects, which can run any program when it is read; save plain numbers".to_owned());
            }
            _ => return Err(format!("dtype {} is not supported; save booleans, integers or floats of at most 64 bits", quote(descr))),
        };
        match order {
            b"<" | b"|" | b"=" => Ok((kind, false)),
            b">" => Ok((kind, true)),
            _ => Err(format!("dtype {} is not supported; its byte order is none of < > |", quote(descr))),
        }
    }
}
