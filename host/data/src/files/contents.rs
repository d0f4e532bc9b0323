//! The contents of RecordIO records, one after the other.

use std::io::{self, BufRead, Read};

use super::super::framing::{Frame, HEADER, Part, padding};
use super::super::reading::read_full;
use super::pipe::Joint;
use algohost_failure::Failure;

/// Takes the contents of records out of their frames.
pub(super) struct Contents<R> {
    source: R,
    joint: Joint,
    /// Bytes of the present frame's payload that are left, and of what follows it.
    left: usize,
    padding: usize,
    /// What comes between this record's contents and the next one's.
    between: &'static [u8],
    at: u64,
    last: u8,
}

impl<R: BufRead> Contents<R> {
    pub(super) fn new(source: R, joint: Joint) -> Contents<R> {
        Contents { source, joint, left: 0, padding: 0, between: &[], at: 0, last: b'\n' }
    }

    /// Begins the next frame; false at the end.
    fn begin(&mut self) -> io::Result<bool> {
        self.skip_padding()?;
        let mut head = [0; HEADER];
        let length = read_full(&mut self.source, &mut head)?;
        if length == 0 {
            return Ok(false);
        }
        let Some(frame) = Frame::parse(&head[..length]).map_err(|what| self.wrong(&what))? else {
            return Err(self.wrong("the data ends within a frame's header"));
        };
        self.at += HEADER as u64;
        (self.left, self.padding) = (frame.length, padding(frame.length));
        // MXNet cuts a payload where it holds the magic number itself.
        self.between = match (frame.part, self.joint) {
            (Part::First | Part::Middle, _) => &Frame::MAGIC,
            (Part::Whole | Part::Last, Joint::Line) => b"\n",
            (Part::Whole | Part::Last, Joint::Nothing) => &[],
        };
        Ok(true)
    }

    /// The last frame may lack its padding.
    fn skip_padding(&mut self) -> io::Result<()> {
        let mut zeros = [0; 3];
        let length = read_full(&mut self.source, &mut zeros[..self.padding])?;
        (self.at, self.padding) = (self.at + length as u64, 0);
        Ok(())
    }

    fn wrong(&self, what: &str) -> io::Error {
        let help = "the job says RecordWrapperType RecordIO: each object comes in a frame";
        io::Error::other(Failure::user(format!("record at byte {} of the pipe: {what}", self.at)).help(help))
    }
}

impl<R: BufRead> Read for Contents<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if self.left > 0 {
                let wanted = self.left.min(buffer.len());
                let length = self.source.read(&mut buffer[..wanted])?;
                if length == 0 {
                    return Err(self.wrong(&format!("the data ends within a frame; {} bytes are missing", self.left)));
                }
                (self.left, self.at, self.last) = (self.left - length, self.at + length as u64, buffer[length - 1]);
                return Ok(length);
            }
            let between = std::mem::take(&mut self.between);
            if !between.is_empty() && (between != b"\n" || self.last != b'\n') {
                let length = between.len().min(buffer.len());
                buffer[..length].copy_from_slice(&between[..length]);
                (self.between, self.last) = (if between == b"\n" { &[] } else { &between[length..] }, between[length - 1]);
                return Ok(length);
            }
            if !self.begin()? {
                return Ok(0);
            }
        }
    }
}
