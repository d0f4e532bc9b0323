//! Lines: where they end, the first one, and the whole lines in a range of a file.

use std::io;
use std::ops::Range;

use super::super::files::{Excerpt, Source};
use super::cursor::Cursor;

/// Bytes read at a time when the length of a line is not known.
const BLOCK: usize = 64 << 10;

/// The lines of a text, without the bytes that end them; found 64 bytes at a time.
pub(super) fn split(text: &[u8], end: u8) -> impl Iterator<Item = &[u8]> {
    // An end alone is no line.
    let text = if text == [end] { &[] } else { text };
    let mut cursor = Cursor::new(end, end, text);
    std::iter::from_fn(move || {
        let start = cursor.at;
        if start >= text.len() {
            return None;
        }
        let border = cursor.next_border();
        cursor.at = border + 1;
        Some(&text[start..border])
    })
}

/// The text without a byte order mark.
pub(super) fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text)
}

/// The first line of an input that is not blank, and what its lines end with.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FirstRow {
    /// Which file it is in.
    pub(super) file: usize,
    /// `\n`, or `\r` where the first line ends with it alone.
    pub(super) end: u8,
    /// The line.
    pub(super) line: Vec<u8>,
}

/// Finds the first row in a text. `whole` says that nothing follows the text; otherwise a line must have its end to count.
pub(super) fn first_row(text: &[u8], whole: bool, is_row: impl Fn(&[u8]) -> bool) -> Option<FirstRow> {
    let text = without_mark(text);
    let first_end = Cursor::new(b'\n', b'\r', text).next_border();
    let end = match text.get(first_end).map(|&end| (end, text.get(first_end + 1))) {
        Some((b'\r', None)) if !whole => return None,
        Some((b'\r', Some(&next))) if next != b'\n' => b'\r',
        _ => b'\n',
    };
    let mut rest = text;
    while !rest.is_empty() {
        let at = Some(Cursor::new(end, end, rest).next_border()).filter(|&at| at < rest.len());
        if at.is_none() && !whole {
            return None;
        }
        let line = &rest[..at.unwrap_or(rest.len())];
        if is_row(line) {
            return Some(FirstRow { file: 0, end, line: line.to_vec() });
        }
        rest = at.map_or(&[], |at| &rest[at + 1..]);
    }
    None
}

/// Finds the first row of a file.
pub(super) fn first_row_of_file(file: &Source, is_row: impl Fn(&[u8]) -> bool) -> io::Result<Option<FirstRow>> {
    let mut text = vec![0; BLOCK];
    loop {
        let length = file.read_up_to(0, &mut text)?;
        let whole = length < text.len();
        let first = first_row(&text[..length], whole, &is_row);
        if whole || first.is_some() {
            return Ok(first);
        }
        text.resize(text.len() * 4, 0);
    }
}

/// Reads the lines that begin in `range`, whole, into `text`. Answers the byte of the file at which the first of them begins. A byte order
/// mark belongs to no line.
pub(super) fn read_lines(file: &Source, range: Range<u64>, end: u8, text: &mut Excerpt) -> io::Result<u64> {
    // One byte earlier, because a line begins behind an end.
    let from = range.start.saturating_sub(1);
    text.read(file, from, (range.end - from) as usize)?;
    let length = text.len();
    let before = if range.start == 0 {
        length - without_mark(text).len()
    } else {
        text.iter().position(|&byte| byte == end).map_or(length, |at| at + 1)
    };
    text.skip(before);
    // Most lines are short, and what is read behind the last one is read again.
    let mut more = 512;
    while !text.is_empty() && text.last() != Some(&end) {
        more = (more * 2).min(BLOCK);
        let length = text.len();
        if text.read_on(file, from + (before + length) as u64, more)? == 0 {
            break;
        }
        if let Some(at) = text[length..].iter().position(|&byte| byte == end) {
            text.truncate(length + at + 1);
        }
    }
    Ok(from + before as u64)
}

/// How many lines end before byte `before` of a file.
pub(super) fn count_ends(file: &Source, before: u64, end: u8) -> io::Result<u64> {
    let mut buffer = vec![0; BLOCK];
    let (mut at, mut ends) = (0, 0);
    while at < before {
        let wanted = (before - at).min(BLOCK as u64) as usize;
        let length = file.read_up_to(at, &mut buffer[..wanted])?;
        if length == 0 {
            break;
        }
        ends += buffer[..length].iter().filter(|&&byte| byte == end).count() as u64;
        at += length as u64;
    }
    Ok(ends)
}
