//! Bytes that come only from front to back. A thread of their own reads ahead, and the last few megabytes stay, because those who decode
//! do not ask for their pieces strictly in order.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::time::Duration;

use algohost_kernels::{Cancel, Charge};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::super::reading::read_full;
use algohost_failure::{Code, Failure};

/// Bytes read at a time.
pub(super) const BLOCK: usize = 256 << 10;

/// Blocks read ahead: 1 MiB.
const AHEAD: usize = 4;

/// Fewest blocks that stay: 4 MiB.
pub(super) const KEPT: usize = 16;

/// How often a wait for bytes looks whether it is to end.
const LOOK: Duration = Duration::from_millis(50);

/// Opens what is to be read, on the thread that will read it.
pub(super) type Opener = Box<dyn FnOnce() -> io::Result<Box<dyn Read>> + Send>;

/// What is being read.
pub(super) struct Stream {
    incoming: Receiver<io::Result<Vec<u8>>>,
    /// Blocks to be filled again.
    emptied: Sender<Vec<u8>>,
    cancel: Cancel,
    /// The last blocks, one after the other.
    blocks: VecDeque<Vec<u8>>,
    /// What those are charged for, where all stay.
    charges: Vec<Charge>,
    /// Where the first of them begins, and where the last one ends.
    start: u64,
    arrived: u64,
    ended: bool,
    /// Why nothing more comes, where that is not the end.
    failed: Option<Failure>,
    most: usize,
}

impl Stream {
    /// Begins to read; at least `most` blocks stay.
    ///
    /// # Errors
    /// When the system does not start the thread.
    pub(super) fn new(open: Opener, cancel: &Cancel, most: usize) -> io::Result<Stream> {
        let (blocks, incoming) = bounded(AHEAD);
        let (emptied, empty) = bounded(AHEAD);
        std::thread::Builder::new().name("read-ahead".to_owned()).spawn(move || feed(open, &blocks, &empty))?;
        let (blocks, cancel, most) = (VecDeque::new(), cancel.clone(), most.max(KEPT));
        Ok(Stream { incoming, emptied, cancel, blocks, charges: Vec::new(), start: 0, arrived: 0, ended: false, failed: None, most })
    }

    /// Where the bytes that are still at hand begin.
    pub(super) fn start(&self) -> u64 {
        self.start
    }

    /// Where the bytes end, once they did.
    pub(super) fn end(&self) -> Option<u64> {
        self.ended.then_some(self.arrived)
    }

    /// Reads from `offset`, which is not before [`Stream::start`], until the buffer is full or the bytes end; answers the number of bytes
    /// read.
    pub(super) fn read_up_to(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        // Who finds that this is not enough asks for more from the same place.
        self.most = self.most.max(buffer.len() / BLOCK + KEPT);
        let mut length = 0;
        loop {
            length += self.copy(offset + length as u64, &mut buffer[length..]);
            if length == buffer.len() || !self.advance()? {
                return Ok(length);
            }
        }
    }

    /// Reads on to the end and keeps everything; `charge` is asked for each block.
    pub(super) fn keep_all(&mut self, mut charge: impl FnMut(usize) -> io::Result<Charge>) -> io::Result<()> {
        self.most = usize::MAX;
        for block in &self.blocks {
            self.charges.push(charge(block.len())?);
        }
        while self.advance()? {
            self.charges.push(charge(self.blocks.back().map_or(0, Vec::len))?);
        }
        Ok(())
    }

    /// Takes another block; false at the end.
    fn advance(&mut self) -> io::Result<bool> {
        if self.ended {
            return Ok(false);
        }
        if let Some(failure) = &self.failed {
            return Err(io::Error::other(failure.clone()));
        }
        let Some(block) = self.receive()? else {
            self.ended = true;
            return Ok(false);
        };
        if self.blocks.len() >= self.most
            && let Some(oldest) = self.blocks.pop_front()
        {
            self.start += oldest.len() as u64;
            let _ = self.emptied.try_send(oldest);
        }
        self.arrived += block.len() as u64;
        self.blocks.push_back(block);
        Ok(true)
    }

    /// The next block; none at the end.
    fn receive(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            match self.incoming.recv_timeout(LOOK) {
                Ok(Ok(block)) => return Ok(Some(block)),
                Ok(Err(error)) => {
                    // The thread is gone. Whoever asks again is told the same, and not that the bytes end here.
                    let inside = error.get_ref().and_then(|inside| inside.downcast_ref::<Failure>());
                    self.failed = Some(inside.cloned().unwrap_or_else(|| Failure::new(Code::Io, error.to_string())));
                    return Err(error);
                }
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
                Err(RecvTimeoutError::Timeout) if self.cancel.is_cancelled() => {
                    return Err(io::Error::other(Failure::new(Code::Interrupted, "read: interrupted while waiting for data")));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Copies what is at hand from `offset` on; answers the number of bytes.
    fn copy(&self, offset: u64, buffer: &mut [u8]) -> usize {
        let (mut at, mut copied) = (self.start, 0);
        for block in &self.blocks {
            let wanted = offset + copied as u64;
            let skip = wanted.checked_sub(at).and_then(|skip| usize::try_from(skip).ok());
            if let Some(rest) = skip.and_then(|skip| block.get(skip..)) {
                let length = rest.len().min(buffer.len() - copied);
                buffer[copied..copied + length].copy_from_slice(&rest[..length]);
                copied += length;
            }
            at += block.len() as u64;
        }
        copied
    }
}

/// Reads to the end, or until nobody listens.
fn feed(open: Opener, blocks: &Sender<io::Result<Vec<u8>>>, empty: &Receiver<Vec<u8>>) {
    let mut source = match open() {
        Ok(source) => source,
        Err(error) => {
            let _ = blocks.send(Err(error));
            return;
        }
    };
    loop {
        let mut block = empty.try_recv().unwrap_or_default();
        block.resize(BLOCK, 0);
        let filled = read_full(&mut source, &mut block);
        let last = !matches!(filled, Ok(BLOCK));
        let block = filled.map(|length| {
            block.truncate(length);
            block
        });
        if matches!(&block, Ok(block) if block.is_empty()) || blocks.send(block).is_err() || last {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes in pieces of a length that fits nothing, and then the end or an error.
    struct Source {
        left: usize,
        fails: bool,
    }

    impl Read for Source {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.left == 0 && self.fails {
                return Err(io::Error::other("the line went dead"));
            }
            let length = self.left.min(buffer.len()).min(70_001);
            for byte in &mut buffer[..length] {
                *byte = (self.left % 251) as u8;
                self.left -= 1;
            }
            Ok(length)
        }
    }

    const LENGTH: usize = 8 << 20;

    fn stream(fails: bool) -> Stream {
        Stream::new(Box::new(move || Ok(Box::new(Source { left: LENGTH, fails }))), &Cancel::default(), 0).unwrap()
    }

    fn wanted(offset: usize, length: usize) -> Vec<u8> {
        (offset..offset + length).map(|at| ((LENGTH - at) % 251) as u8).collect()
    }

    #[test]
    fn the_last_megabytes_can_be_read_again_and_the_end_is_known_once_it_was_seen() {
        let mut stream = stream(false);
        let mut buffer = vec![0; 300_000];
        for offset in [0, 5 << 20, 3 << 20, 0x46_0000] {
            assert_eq!(stream.read_up_to(offset as u64, &mut buffer).unwrap(), buffer.len());
            assert!(buffer == wanted(offset, buffer.len()), "{offset}");
        }
        assert!(stream.start() > 0 && stream.end().is_none());
        assert_eq!(stream.read_up_to(LENGTH as u64 - 7, &mut buffer).unwrap(), 7);
        assert_eq!((stream.end(), stream.read_up_to(LENGTH as u64 + 9, &mut buffer).unwrap()), (Some(LENGTH as u64), 0));
    }

    #[test]
    fn who_asks_for_more_than_stays_can_ask_for_yet_more_from_there() {
        let mut stream = stream(false);
        for length in [1 << 20, 5 << 20, LENGTH] {
            let mut buffer = vec![0; length];
            assert_eq!(stream.read_up_to(0, &mut buffer).unwrap(), length);
            assert!(buffer == wanted(0, length));
        }
    }

    #[test]
    fn an_error_is_no_end_however_often_it_is_asked() {
        let mut stream = stream(true);
        let mut buffer = vec![0; LENGTH + 1];
        for _ in 0..3 {
            assert!(stream.read_up_to(0, &mut buffer).unwrap_err().to_string().contains("the line went dead"));
        }
        assert_eq!(stream.end(), None);
    }

    #[test]
    fn a_wait_can_be_cancelled_and_begun_anew() {
        let (sender, receiver) = bounded::<()>(1);
        let cancel = Cancel::default();
        let opener: Opener = Box::new(move || {
            let _ = receiver.recv();
            Ok(Box::new(Source { left: 100, fails: false }))
        });
        let mut stream = Stream::new(opener, &cancel, 0).unwrap();
        cancel.cancel();
        assert!(stream.read_up_to(0, &mut [0; 10]).unwrap_err().to_string().contains("interrupted"));
        cancel.reset();
        sender.send(()).unwrap();
        assert_eq!(stream.read_up_to(0, &mut [0; 10]).unwrap(), 10);
    }
}
