//! Where records end, and what they hold.

use super::super::framing::{Frame, HEADER, Part, padding};
use super::Fault;

/// Longest record, in bytes, headers of its frames included.
const LONGEST: usize = 1 << 30;

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

/// The payload of the record that is `text`, whole. Parts are joined in `joined`.
pub(super) fn payload<'a>(text: &'a [u8], joined: &'a mut Vec<u8>) -> Result<&'a [u8], String> {
    let mut rest = text;
    joined.clear();
    while let Some(frame) = Frame::parse(rest)? {
        let part = rest.get(HEADER..HEADER + frame.length).unwrap_or_default();
        match frame.part {
            Part::Whole => return Ok(part),
            Part::First => {}
            Part::Middle | Part::Last => joined.extend_from_slice(&Frame::MAGIC),
        }
        joined.extend_from_slice(part);
        if frame.part == Part::Last {
            break;
        }
        rest = rest.get(HEADER + frame.length + padding(frame.length)..).unwrap_or_default();
    }
    Ok(joined)
}
