//! RecordIO's frames: a magic number, flags and a length, the payload, and zeros up to a multiple of four bytes.
//!
//! After MXNet's `recordio` and the developer guide's page about the formats for training. A record is usually one frame. MXNet cuts a
//! payload where it holds the magic number itself; the parts are joined with that number between them.

use std::io::{self, Read};

use super::reading::read_full;
use algohost_failure::Failure;

/// Bytes before a payload.
pub(super) const HEADER: usize = 8;

/// Which part of a record a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Whole,
    First,
    Middle,
    Last,
}

/// A frame's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) part: Part,
    /// Of the payload.
    pub(super) length: usize,
}

impl Frame {
    /// What every frame begins with.
    pub(super) const MAGIC: [u8; 4] = 0xCED7_230A_u32.to_le_bytes();

    /// The header that a text begins with; none when the text is shorter.
    pub(super) fn parse(text: &[u8]) -> Result<Option<Frame>, String> {
        let head = &text[..text.len().min(4)];
        if !Frame::MAGIC.starts_with(head) {
            let found: String = head.iter().map(|byte| format!("{byte:02x}")).collect();
            return Err(format!("no RecordIO frame: begins with the bytes {found}, not the magic number 0a23d7ce"));
        }
        let Some(word) = text.get(4..HEADER).and_then(|bytes| bytes.first_chunk::<4>()) else {
            return Ok(None);
        };
        let word = u32::from_le_bytes(*word);
        let part = match word >> 29 {
            0 => Part::Whole,
            1 => Part::First,
            2 => Part::Middle,
            3 => Part::Last,
            flag => return Err(format!("the frame has the continuation flag {flag}; 0 to 3 are known")),
        };
        Ok(Some(Frame { part, length: (word & ((1 << 29) - 1)) as usize }))
    }
}

/// Bytes after a payload of `length` bytes.
pub(super) fn padding(length: usize) -> usize {
    length.next_multiple_of(4) - length
}

/// Reads the next record's payload, its parts joined; none at the end. `most` is the longest that is read.
///
/// # Errors
/// Of the source; a failure (invalid input) that says what is wrong, without the place.
pub(super) fn next_payload(source: &mut impl Read, most: u64) -> io::Result<Option<Vec<u8>>> {
    let mut payload = Vec::new();
    loop {
        let mut head = [0; HEADER];
        let length = read_full(source, &mut head)?;
        if length == 0 && payload.is_empty() {
            return Ok(None);
        }
        let frame = Frame::parse(&head[..length]).map_err(wrong)?;
        let frame = frame.ok_or_else(|| wrong("the data ends within a frame's header".to_owned()))?;
        if frame.part != Part::Whole && (frame.part == Part::First) != payload.is_empty() {
            return Err(wrong("a record begins with a later part of one, or before the one before it is whole".to_owned()));
        }
        if matches!(frame.part, Part::Middle | Part::Last) {
            payload.extend_from_slice(&Frame::MAGIC);
        }
        if payload.len() as u64 + frame.length as u64 > most {
            return Err(wrong(format!("a record is longer than {most} bytes, the longest possible")));
        }
        // What is promised is not allocated before it comes.
        let before = payload.len();
        source.take(frame.length as u64).read_to_end(&mut payload)?;
        let missing = frame.length - (payload.len() - before);
        if missing > 0 {
            return Err(wrong(format!("the data ends within a frame of {} bytes; {missing} are missing", frame.length)));
        }
        // The last frame may lack its padding.
        read_full(source, &mut [0; 3][..padding(frame.length)])?;
        if matches!(frame.part, Part::Whole | Part::Last) {
            return Ok(Some(payload));
        }
    }
}

fn wrong(what: String) -> io::Error {
    io::Error::other(Failure::user(what))
}
