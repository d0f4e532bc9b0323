//! JSON, read where it lies: arrays of numbers, and objects whose values are looked at in place.

use super::super::super::batch::Number;
use super::super::super::fault::{Wrong, quote};
use super::super::number;

/// Walks over a JSON text.
pub(super) struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a [u8]) -> Cursor<'a> {
        Cursor { text, at: 0 }
    }

    /// The next byte that is not blank; none at the end.
    pub(super) fn peek(&mut self) -> Option<u8> {
        while self.text.get(self.at).is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    /// Steps over a byte, if it comes next.
    fn pass(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// What comes next is not what is wanted.
    fn unexpected<T>(&mut self, wanted: &str) -> Result<T, Wrong> {
        self.peek();
        let found = if self.at < self.text.len() { quote(&self.text[self.at..]) } else { "nothing".to_owned() };
        Err(Wrong::Row(format!("no JSON: {found} where {wanted} should be")))
    }

    /// Nothing comes any more.
    pub(super) fn end(&mut self) -> Result<(), Wrong> {
        if self.peek().is_none() { Ok(()) } else { self.unexpected("the end of the line") }
    }

    /// The bytes of a string, escapes as they are written.
    fn string(&mut self) -> Result<&'a [u8], Wrong> {
        if !self.pass(b'"') {
            return self.unexpected("a string");
        }
        let start = self.at;
        while let Some(&byte) = self.text.get(self.at) {
            self.at += 1;
            match byte {
                b'"' => return Ok(&self.text[start..self.at - 1]),
                b'\\' => self.at += 1,
                _ => {}
            }
        }
        Err(Wrong::Row(format!("no JSON: the string {} has no end", quote(&self.text[start.min(self.text.len())..]))))
    }

    /// The bytes of a value of any kind, of which only the borders are looked at.
    pub(super) fn value(&mut self) -> Result<&'a [u8], Wrong> {
        let first = self.peek();
        let start = self.at;
        match first {
            Some(b'"') => {
                self.string()?;
            }
            Some(b'[' | b'{') => self.skip_nested()?,
            _ => {
                let is_border = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b',' | b']' | b'}' | b':' | b'"');
                let rest = &self.text[start..];
                self.at += rest.iter().position(is_border).unwrap_or(rest.len());
                if self.at == start {
                    return self.unexpected("a value");
                }
            }
        }
        Ok(&self.text[start..self.at])
    }

    fn skip_nested(&mut self) -> Result<(), Wrong> {
        let (start, mut depth) = (self.at, 0_usize);
        while let Some(byte) = self.text.get(self.at) {
            match byte {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'[' | b'{' => depth += 1,
                b']' | b'}' => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return Ok(());
            }
        }
        Err(Wrong::Row(format!("no JSON: {} has no end", quote(&self.text[start..]))))
    }

    /// Calls `each` with key and value of an object's entries.
    pub(super) fn object(&mut self, mut each: impl FnMut(&'a [u8], &'a [u8]) -> Result<(), Wrong>) -> Result<(), Wrong> {
        if !self.pass(b'{') {
            return self.unexpected("an object");
        }
        if self.pass(b'}') {
            return Ok(());
        }
        loop {
            let key = self.string()?;
            if !self.pass(b':') {
                return self.unexpected("':'");
            }
            each(key, self.value()?)?;
            if self.pass(b'}') {
                return Ok(());
            }
            if !self.pass(b',') {
                return self.unexpected("',' or '}'");
            }
        }
    }

    /// Calls `put` with each element of an array, which `read` reads; answers how many there are.
    fn array<V>(
        &mut self,
        mut read: impl FnMut(&mut Cursor<'a>, usize) -> Result<V, Wrong>,
        mut put: impl FnMut(usize, V),
    ) -> Result<usize, Wrong> {
        if !self.pass(b'[') {
            return self.unexpected("an array");
        }
        if self.pass(b']') {
            return Ok(0);
        }
        let mut count = 0;
        loop {
            put(count, read(self, count)?);
            count += 1;
            if self.pass(b']') {
                return Ok(count);
            }
            if !self.pass(b',') {
                return self.unexpected("',' or ']'");
            }
        }
    }

    /// Calls `put` with place and value of each number in an array; answers how many there are. `null` is NaN.
    pub(super) fn numbers<T: Number>(&mut self, put: impl FnMut(usize, T)) -> Result<usize, Wrong> {
        self.array(Cursor::number, put)
    }

    /// The same for whole numbers.
    pub(super) fn whole_numbers(&mut self, put: impl FnMut(usize, u64)) -> Result<usize, Wrong> {
        let read = |cursor: &mut Cursor<'a>, _| {
            let value = cursor.value()?;
            let number = std::str::from_utf8(value).ok().and_then(|value| value.parse().ok());
            number.ok_or_else(|| Wrong::Row(format!("{} is not a whole number", quote(value))))
        };
        self.array(read, put)
    }

    /// A number or `null`; `index` says which one it is, for errors.
    pub(super) fn number<T: Number>(&mut self, index: usize) -> Result<T, Wrong> {
        self.peek();
        let rest = &self.text[self.at..];
        let is_end = |at: usize| rest.get(at).is_none_or(|byte| byte.is_ascii_whitespace() || matches!(byte, b',' | b']' | b'}'));
        if let Some((value, length)) = number::prefix(rest).filter(|&(_, length)| is_end(length)) {
            self.at += length;
            return Ok(value);
        }
        match self.value()? {
            b"null" => Ok(T::MISSING),
            found => Err(Wrong::Cell { column: index + 1, found: quote(found) }),
        }
    }
}
