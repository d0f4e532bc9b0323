//! RecordIO's frames: a magic number, flags and a length, the payload, and zeros up to a multiple of four bytes.
//!
//! After MXNet's `recordio` and the developer guide's page about the formats for training. A record is usually one frame. MXNet cuts a
//! payload where it holds the magic number itself; the parts are joined with that number between them.

use super::Fault;

/// What every frame begins with.
const MAGIC: [u8; 4] = 0xCED7_230A_u32.to_le_bytes();

/// Bytes before a payload.
const HEADER: usize = 8;

/// Longest record, in bytes, headers of its frames included.
const LONGEST: usize = 1 << 30;

/// Which part of a record a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Whole,
    First,
    Middle,
    Last,
}

/// A frame's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Frame {
    part: Part,
    /// Of the payload.
    length: usize,
}

impl Frame {
    /// The header that a text begins with; none when the text is shorter.
    fn parse(text: &[u8]) -> Result<Option<Frame>, String> {
        let head = &text[..text.len().min(4)];
        if !MAGIC.starts_with(head) {
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

/// The end of a record, or what is missing of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The next record begins here.
    At(usize),
    /// The text is too short: at least so many bytes are needed. The other number is the payload that the last frame speaks of.
    Beyond(usize, Option<usize>),
}

/// Where the record ends that begins at `start`.
pub(super) fn end_of_record(text: &[u8], start: usize) -> Result<End, Fault> {
    let wrong = |what: String| Fault { at: start, what };
    let (mut at, mut first) = (start, true);
    loop {
        let Some(frame) = Frame::parse(&text[at.min(text.len())..]).map_err(wrong)? else {
            return Ok(End::Beyond(at + HEADER, None));
        };
        if first != matches!(frame.part, Part::Whole | Part::First) {
            let what = if first { "a record begins with a later part of one" } else { "a record begins before the one before it is whole" };
            return Err(wrong(format!("{what} (continuation flags)")));
        }
        let payload_end = at + HEADER + frame.length;
        if payload_end - start > LONGEST {
            return Err(wrong(format!("the record is longer than {LONGEST} bytes, the longest possible")));
        }
        if payload_end > text.len() {
            return Ok(End::Beyond(payload_end, Some(frame.length)));
        }
        // The last frame of a file may lack its padding.
        let end = text.len().min(payload_end + padding(frame.length));
        (at, first) = (end, false);
        if matches!(frame.part, Part::Whole | Part::Last) {
            return Ok(End::At(end));
        }
    }
}

fn padding(length: usize) -> usize {
    length.next_multiple_of(4) - length
}

/// The payload of the record that is `text`, whole. Parts are joined in `joined`.
pub(super) fn payload<'a>(text: &'a [u8], joined: &'a mut Vec<u8>) -> Result<&'a [u8], String> {
    let mut rest = text;
    joined.clear();
    while let Some(frame) = Frame::parse(rest)? {
        let part = rest.get(HEADER..HEADER + frame.length).unwrap_or_default();
        match frame.part {
            Part::Whole => return Ok(part),
            Part::First => {}
            Part::Middle | Part::Last => joined.extend_from_slice(&MAGIC),
        }
        joined.extend_from_slice(part);
        if frame.part == Part::Last {
            break;
        }
        rest = rest.get(HEADER + frame.length + padding(frame.length)..).unwrap_or_default();
    }
    Ok(joined)
}
