//! A CSV channel whose rows are decoded the first time they are read, without being counted before.
//!
//! Its tensors are as large as a sample of the text lets expect. Each thread decodes a piece into room of its own, which stays in its
//! processor's cache, and copies the rows to where they belong when the pieces before it say where that is.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use algohost_kernels::Context;
use anyhow::{Context as _, Result};

use super::super::batch::{Batch, Layout, Number, Piece, Rows, each};
use super::super::fault::kernel;
use super::super::files::Excerpt;
use super::super::reader::Position;
use super::lines::read_lines;
use super::{Csv, KEPT, LineFormat as _, Text};

/// Places that are looked at for the length of a row, and bytes at each.
const SAMPLES: usize = 32;
const SAMPLE: u64 = 16 << 10;

/// One in so many rows is added to what is expected.
const SPARE: usize = 32;

/// How often somebody who waits looks whether the job is to end.
const LOOK: Duration = Duration::from_millis(20);

/// Room that a thread uses for every piece.
struct Room<T> {
    text: Excerpt,
    cells: Vec<T>,
}

impl<T> Default for Room<T> {
    fn default() -> Room<T> {
        Room { text: Excerpt::default(), cells: Vec::new() }
    }
}

impl Text<Csv> {
    /// All rows of the channel; moves the position to its end. None where that is better done by counting them first: not from the first row
    /// on, of a small channel, of files that are not plain, and where there turned out to be more rows than expected, which are counted
    /// then. `subject` is the channel, for errors.
    pub(in super::super) fn read_once<T: Number>(
        &mut self,
        context: &Context,
        subject: &str,
        layout: Layout,
        position: &mut Position,
    ) -> Result<Option<Batch>> {
        let ranges = self.ranges(Position::START);
        if *position != Position::START || self.index.is_some() || ranges.len() <= KEPT || !self.files.iter().all(|file| file.is_plain()) {
            return Ok(None);
        }
        let Ok(batch) = Batch::unfilled::<T>(context, subject, layout, self.expected_rows()?) else {
            // Perhaps there is room for what there is, but not for more.
            return Ok(None);
        };
        let pieces = batch.write(layout, |rows: Rows<'_, T>| self.decode_once(context, layout, rows))?;
        let placed = pieces.iter().all(|(_, placed)| *placed);
        let pieces: Vec<Piece> = pieces.into_iter().map(|(piece, _)| piece).filter(|piece| piece.rows > 0).collect();
        let count = pieces.iter().map(|piece| piece.rows).sum();
        self.index = Some(pieces);
        if !placed {
            return Ok(None);
        }
        *position = self.end();
        batch.part(0, count).map(Some)
    }

    /// As many rows as the channel should have, and some.
    fn expected_rows(&self) -> Result<usize> {
        let (mut bytes, mut rows, mut text) = (0, 0, Excerpt::default());
        let ranges = self.ranges(Position::START);
        for (file, range) in ranges.iter().step_by(ranges.len().div_ceil(SAMPLES)) {
            let some = range.start..range.end.min(range.start + SAMPLE);
            let read = self.files[*file].open().and_then(|source| read_lines(&source, some, self.format.end(), &mut text));
            read.with_context(|| self.unreadable(*file))?;
            bytes += text.len();
            rows += self.format.count(&text);
        }
        let all: u64 = ranges.iter().map(|(_, range)| range.end - range.start).sum();
        let expected = (all as f64 * rows as f64 / bytes.max(1) as f64) as usize;
        Ok(expected + expected / SPARE + 1)
    }

    /// Decodes all pieces into the rows; of each piece, what it is and whether its rows were written.
    fn decode_once<T: Number>(&self, context: &Context, layout: Layout, rows: Rows<'_, T>) -> Result<Vec<(Piece, bool)>> {
        let ranges = self.ranges(Position::START);
        let bytes = ranges.iter().map(|(_, range)| (range.end - range.start) as usize).sum();
        let places = Places::new(rows);
        let work: Vec<_> = ranges.into_iter().enumerate().collect();
        each(context, bytes, work, |room: &mut Room<T>, (number, (file, range))| {
            let turn = Turn { places: &places, number, passed: false };
            let read = self.files[file].open().and_then(|source| read_lines(&source, range, self.format.end(), &mut room.text));
            let offset = read.with_context(|| self.unreadable(file))?;
            let text = &room.text;
            let needed = self.format.most_rows(text.len()) * self.format.cells();
            room.cells.resize(needed.max(room.cells.len()), T::MISSING);
            let mut decoded = Rows::in_cells(layout, &mut room.cells);
            let count = self.format.decode_all(text, &mut decoded).map_err(|fault| self.explain(file, offset, fault))?;
            let piece = Piece { file, offset, bytes: text.len(), rows: count, ..Piece::default() };
            let place = turn.take(context, count)?;
            Ok((piece, place.map(|mut place| place.copy_from(&decoded)).is_some()))
        })
    }
}

/// The rows that no piece has taken yet.
struct Places<'a, T> {
    next: Mutex<Next<'a, T>>,
    passed: Condvar,
}

struct Next<'a, T> {
    /// The piece whose turn it is.
    number: usize,
    /// None once a piece failed or found too little.
    rest: Option<Rows<'a, T>>,
}

impl<'a, T> Places<'a, T> {
    fn new(rows: Rows<'a, T>) -> Places<'a, T> {
        Places { next: Mutex::new(Next { number: 0, rest: Some(rows) }), passed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Next<'a, T>> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A piece's turn to take its place. Who does not come so far says so to those that wait.
struct Turn<'p, 'a, T> {
    places: &'p Places<'a, T>,
    number: usize,
    passed: bool,
}

impl<'a, T> Turn<'_, 'a, T> {
    /// The next `count` rows, when the pieces before have theirs; none when there are not so many, or a piece before failed.
    fn take(mut self, context: &Context, count: usize) -> Result<Option<Rows<'a, T>>> {
        let mut next = self.places.lock();
        while next.number < self.number && next.rest.is_some() {
            // A piece before may never begin, when the job is to end.
            context.check("read").map_err(kernel)?;
            next = self.places.passed.wait_timeout(next, LOOK).unwrap_or_else(PoisonError::into_inner).0;
        }
        let (own, rest) = match next.rest.take() {
            Some(rest) if rest.count() >= count => {
                let (own, rest) = rest.split_at(count);
                (Some(own), Some(rest))
            }
            _ => (None, None),
        };
        (next.number, next.rest) = (self.number + 1, rest);
        self.passed = true;
        self.places.passed.notify_all();
        Ok(own)
    }
}

impl<T> Drop for Turn<'_, '_, T> {
    fn drop(&mut self) {
        if !self.passed {
            self.places.lock().rest = None;
            self.places.passed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use algohost_kernels::{Budget, Cancel, Context, Pool, Tensor};

    use super::super::PIECE;
    use crate::testing::{Channel, context, failure, values, wrong_input};
    use crate::{Batch, IndexBase, Options, Reader};
    use algohost_failure::Code;

    const OPTIONS: &str = r#"{"weight": true}"#;

    /// A label, a weight and two features that tell the number of the row.
    fn row(number: usize, zeros: usize) -> String {
        format!("{},{},{number},0.{:0zeros$}5\n", number % 3, number % 7 + 1, 0)
    }

    fn rows() -> Vec<String> {
        (0..300_000).map(|number| row(number, 2 + number % 5)).collect()
    }

    fn open(channel: &Channel, context: &Context) -> Reader {
        Reader::open(context, &channel.source, Options::from_json(OPTIONS).unwrap(), &mut IndexBase::default()).unwrap()
    }

    fn require_rows_of(batch: &Batch, zeros: impl Fn(usize) -> usize) {
        let column = |tensor: &Tensor| values(tensor);
        let (features, labels) = (column(&batch.features), column(batch.labels.as_ref().unwrap()));
        let weights = column(batch.weights.as_ref().unwrap());
        for (number, ((features, label), weight)) in features.chunks_exact(2).zip(labels).zip(weights).enumerate() {
            assert_eq!((label, weight), ((number % 3) as f64, (number % 7 + 1) as f64));
            assert_eq!(features, [number as f64, f64::from(format!("0.{:0width$}5", 0, width = zeros(number)).parse::<f32>().unwrap())]);
        }
    }

    #[test]
    fn a_large_channel_is_read_once_and_as_it_is_read_again() {
        let rows = rows();
        let (head, tail) = (rows[..123_456].concat(), rows[123_456..].concat());
        let channel = Channel::new("csv", &[("a.csv", head.as_bytes()), ("b.csv", tail.as_bytes())]);
        for threads in [1, 3] {
            let mut reader = open(&channel, &context(threads));
            // Whoever reads row by row does not read once.
            assert!(reader.rows().is_none() && reader.next(1).unwrap().is_some() && reader.rows().is_none());
            reader.rewind();
            for _ in 0..2 {
                let batch = reader.read_all().unwrap();
                assert_eq!((batch.features.shape()[0], reader.rows()), (300_000, Some(300_000)));
                require_rows_of(&batch, |number| 2 + number % 5);
                assert!(reader.next(1).unwrap().is_none() && reader.read_all().is_err());
                reader.rewind();
            }
        }
    }

    #[test]
    fn more_rows_than_expected_and_no_room_for_some_more_are_no_harm() {
        // Where the text is looked at, its rows are long.
        let (mut text, mut zeros) = (String::new(), Vec::new());
        while text.len() < 20 * PIECE {
            let long = text.len() % PIECE < 20_000 || text.len() % PIECE > PIECE - 200;
            zeros.push(if long { 100 } else { 1 });
            text.push_str(&row(zeros.len() - 1, zeros[zeros.len() - 1]));
        }
        let channel = Channel::new("csv", &[("a.csv", text.as_bytes())]);
        let batch = open(&channel, &context(2)).read_all().unwrap();
        assert_eq!(batch.features.shape()[0], zeros.len());
        require_rows_of(&batch, |number| zeros[number]);

        let text = rows().concat();
        let channel = Channel::new("csv", &[("a.csv", text.as_bytes())]);
        let exactly = 300_000 * 4 * 4 + 3 * 64;
        let tight = Context::new(Budget::new(exactly), Cancel::default(), Pool::new(2).unwrap());
        require_rows_of(&open(&channel, &tight).read_all().unwrap(), |number| 2 + number % 5);
        let too_tight = Context::new(Budget::new(exactly / 2), Cancel::default(), Pool::new(2).unwrap());
        assert_eq!(failure(open(&channel, &too_tight).read_all()).code, Code::LimitExceeded);
    }

    #[test]
    fn the_first_error_of_a_large_channel_is_told_and_nobody_waits_for_who_never_comes() {
        let mut rows = rows();
        rows[200_000] = "1,2,x,4\n".into();
        rows[290_000] = "y\n".into();
        let text = rows.concat();
        let channel = Channel::new("csv", &[("a.csv", text.as_bytes())]);
        for _ in 0..5 {
            let read = open(&channel, &context(3)).read_all();
            assert_eq!(wrong_input(read), "train/a.csv:200001: column 3 is 'x', not a number");
        }
        let context = context(3);
        let mut reader = open(&channel, &context);
        context.cancel().cancel();
        assert_eq!(failure(reader.read_all()).code, Code::Interrupted);
    }
}
