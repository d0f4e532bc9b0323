//! Amazon's event stream encoding, in which the platform's runtime client reads answers part by part.
//!
//! A message is its length and the length of its headers, a checksum of the two, headers, payload, and a checksum of everything before.
//! Numbers are big-endian; after the specification of `application/vnd.amazon.eventstream`.

use flate2::Crc;

/// The media type of a stream.
pub(super) const MEDIA_TYPE: &str = "application/vnd.amazon.eventstream";

/// The type of a header that is text.
const TEXT: u8 = 7;

/// Bytes around headers and payload.
const AROUND: usize = 16;

/// Appends a part of an answer.
pub(super) fn payload_part(to: &mut Vec<u8>, part: &[u8]) {
    let headers = [(":message-type", "event"), (":event-type", "PayloadPart"), (":content-type", "application/octet-stream")];
    message(to, &headers, part);
}

/// Appends what tells that the rest of an answer will not come; the stream ends with it.
pub(super) fn broken(to: &mut Vec<u8>, code: &str, what: &str) {
    let headers = [(":message-type", "exception"), (":exception-type", "ModelStreamError"), (":content-type", "application/json")];
    message(to, &headers, serde_json::json!({"ErrorCode": code, "Message": what}).to_string().as_bytes());
}

fn message(to: &mut Vec<u8>, headers: &[(&str, &str)], payload: &[u8]) {
    let start = to.len();
    let header_bytes: usize = headers.iter().map(|(name, value)| 4 + name.len() + value.len()).sum();
    to.extend(((AROUND + header_bytes + payload.len()) as u32).to_be_bytes());
    to.extend((header_bytes as u32).to_be_bytes());
    let prelude = checksum(&to[start..]);
    to.extend(prelude.to_be_bytes());
    for (name, value) in headers {
        to.push(name.len() as u8);
        to.extend_from_slice(name.as_bytes());
        to.push(TEXT);
        to.extend((value.len() as u16).to_be_bytes());
        to.extend_from_slice(value.as_bytes());
    }
    to.extend_from_slice(payload);
    let whole = checksum(&to[start..]);
    to.extend(whole.to_be_bytes());
}

fn checksum(bytes: &[u8]) -> u32 {
    let mut checksum = Crc::new();
    checksum.update(bytes);
    checksum.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the specification's test vectors.
    #[test]
    fn messages_are_those_of_the_specification() {
        let mut empty = Vec::new();
        message(&mut empty, &[], b"");
        assert_eq!(empty, [0, 0, 0, 0x10, 0, 0, 0, 0, 0x05, 0xC2, 0x48, 0xEB, 0x7D, 0x98, 0xC8, 0xFF]);
        let mut payload = Vec::new();
        message(&mut payload, &[], b"{'foo':'bar'}");
        assert_eq!(payload[..12], [0, 0, 0, 0x1D, 0, 0, 0, 0, 0xFD, 0x52, 0x8C, 0x5A]);
        assert_eq!(payload[25..], [0xC3, 0x65, 0x39, 0x36]);
    }
}
