//! Sparse rows in lines: `label[:weight] index:value index:value … # comment`.
//!
//! Indices ascend within a row. They begin at 0 or at 1, which is decided for all channels of a job together ([`IndexBase`]) and depends on
//! whether index 0 occurs. Therefore a channel is looked through once when it is opened, which also finds its width (the largest index),
//! unless the `columns` option fixes it. Decoded densely, what is not written is 0; decoded sparsely, exactly what is written is stored.
//!
//! [`IndexBase`]: super::super::reader::IndexBase

mod body;

use std::ops::Range;

use algohost_kernels::Csr;

use super::super::batch::{Layout, Number, Rows};
use super::super::fault::{Fault, Wrong, quote};
use super::super::sparse::SparseRows;
use super::lines::split;
use super::{LineFormat, fault, number};
pub(in super::super) use body::decode_libsvm_body;

/// The largest index that is read: one column more would have no int32 position, whether indices begin at 0 or at 1.
const LARGEST_INDEX: u64 = Csr::MOST_COLUMNS as u64 - 1;

/// How rows are written, and what the channel's look-through found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Libsvm {
    end: u8,
    /// Whether rows begin with a label.
    labelled: bool,
    /// The index of the first column.
    base: u64,
    columns: usize,
}

/// What a piece of a channel says about the whole of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Extent {
    /// Whether index 0 occurs.
    pub(super) has_zero: bool,
    /// One more than the largest index; 0 without any.
    end: u64,
    has_weights: bool,
}

impl Extent {
    /// What two pieces say together.
    pub(super) fn and(self, other: Extent) -> Extent {
        Extent {
            has_zero: self.has_zero || other.has_zero,
            end: self.end.max(other.end),
            has_weights: self.has_weights || other.has_weights,
        }
    }
}

/// Whether a line is neither blank nor a comment.
pub(super) fn has_items(line: &[u8]) -> bool {
    line.trim_ascii_start().first().is_some_and(|&byte| byte != b'#')
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// Walks along one line.
struct Walk<'a> {
    line: &'a [u8],
    at: usize,
}

impl<'a> Walk<'a> {
    fn new(line: &'a [u8]) -> Walk<'a> {
        Walk { line, at: 0 }
    }

    /// Moves to the next item; false when there is none.
    fn next(&mut self) -> bool {
        while self.line.get(self.at).copied().is_some_and(is_blank) {
            self.at += 1;
        }
        self.line.get(self.at).is_some_and(|&byte| byte != b'#')
    }

    /// The rest of the item, up to a blank or a comment.
    fn item(&self) -> &'a [u8] {
        let rest = &self.line[self.at..];
        &rest[..rest.iter().position(|&byte| is_blank(byte) || byte == b'#').unwrap_or(rest.len())]
    }

    fn pass(&mut self, byte: u8) -> bool {
        let found = self.line.get(self.at) == Some(&byte);
        self.at += usize::from(found);
        found
    }

    fn index(&mut self) -> Option<u64> {
        let (mut index, start) = (0_u64, self.at);
        while let Some(digit @ b'0'..=b'9') = self.line.get(self.at) {
            index = index.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?;
            self.at += 1;
        }
        (self.at > start).then_some(index)
    }

    fn number<T: Number>(&mut self) -> Option<T> {
        let (value, length) = number::prefix(&self.line[self.at..])?;
        self.at += length;
        Some(value)
    }

    /// Whether the item ends here.
    fn is_at_border(&self) -> bool {
        self.line.get(self.at).is_none_or(|&byte| is_blank(byte) || byte == b'#')
    }

    /// `label` or `label:weight`.
    fn label<T: Number>(&mut self) -> Result<(T, Option<T>), Wrong> {
        self.next();
        let item = self.item();
        let mut read = || {
            let label = self.number()?;
            let weight = if self.pass(b':') { Some(self.number()?) } else { None };
            self.is_at_border().then_some((label, weight))
        };
        read().ok_or_else(|| Wrong::Row(format!("label {} is not a number, or a number, a colon and a weight", quote(item))))
    }

    /// `index:`, with an index that is larger than the last one.
    fn next_index(&mut self, last: Option<u64>) -> Result<u64, Wrong> {
        let item = self.item();
        let index = self.index().filter(|_| self.pass(b':'));
        match (index, last) {
            (Some(index), Some(last)) if index <= last => {
                Err(Wrong::Row(format!("index {index} comes after {last}; indices must ascend within a row")))
            }
            (Some(index), _) if index <= LARGEST_INDEX => Ok(index),
            (Some(index), _) => Err(Wrong::Row(format!("index {index} is beyond {LARGEST_INDEX}, the largest possible"))),
            _ if item.starts_with(b"qid:") => Err(Wrong::Row("query ids (qid) are not supported; remove them".to_owned())),
            _ => Err(Wrong::Row(format!("{} is not index:value", quote(item)))),
        }
    }

    fn value<T: Number>(&mut self, index: u64) -> Result<T, Wrong> {
        let item = self.item();
        let value = self.number().filter(|_| self.is_at_border());
        value.ok_or_else(|| Wrong::Row(format!("value {} of index {index} is not a number", quote(item))))
    }
}

/// The place of the blank behind the item that begins at `at`, or of the line's end.
#[inline(always)]
fn end_of_item(text: &[u8], at: usize, end: usize) -> usize {
    let rest = &text[at.min(end)..end];
    // Most items are shorter than 16 bytes.
    if let Some(head) = rest.first_chunk::<16>() {
        let blanks = u128::from_le_bytes(*head) ^ u128::from_le_bytes([b' '; 16]);
        let low = u128::from_le_bytes([0x01; 16]);
        let zero = blanks.wrapping_sub(low) & !blanks & (low << 7);
        if zero != 0 {
            return at + zero.trailing_zeros() as usize / 8;
        }
    }
    rest.iter().position(|&byte| byte == b' ').map_or(end, |length| at + length)
}

impl Libsvm {
    /// Rows in a channel that was not looked through yet.
    pub(super) fn new(end: u8, labelled: bool) -> Libsvm {
        Libsvm { end, labelled, base: 1, columns: 0 }
    }

    /// The same rows, with what the look-through found and where indices begin. `columns` fixes the width.
    pub(super) fn with_extent(self, extent: Extent, base: u64, columns: Option<usize>) -> Libsvm {
        let found = usize::try_from(extent.end.saturating_sub(base)).unwrap_or(usize::MAX);
        Libsvm { base, columns: columns.unwrap_or(found), ..self }
    }

    /// What the cells of a decoded row are.
    pub(super) fn layout(&self, extent: Extent, weight: bool) -> Layout {
        Layout { labels: usize::from(self.labelled), weight: weight || extent.has_weights, features: self.columns }
    }

    /// Looks through whole lines: the number of rows, and what they say about the channel.
    pub(super) fn look(&self, text: &[u8]) -> Result<(usize, Extent), Fault> {
        let (mut rows, mut extent) = (0, Extent::default());
        for line in split(text, self.end).filter(|line| has_items(line)) {
            rows += 1;
            if !self.glance_at(line, &mut extent) {
                self.look_at(line, &mut extent).map_err(|wrong| fault(text, line, wrong))?;
            }
        }
        Ok((rows, extent))
    }

    /// Looks at the ends of a line: indices ascend, so the first and the last one say it, and what is wrong in between is told when it is
    /// decoded. False when that is not enough to go by.
    fn glance_at(&self, line: &[u8], extent: &mut Extent) -> bool {
        let line = line.trim_ascii();
        let (label, rest) = match (self.labelled, line.iter().position(|&byte| byte == b' ')) {
            (true, Some(blank)) => line.split_at(blank),
            (true, None) => (line, &[][..]),
            (false, _) => (&[][..], line),
        };
        let last = &rest[rest.iter().rposition(|&byte| byte == b' ').map_or(0, |blank| blank + 1)..];
        let index = |item: &[u8]| {
            let mut walk = Walk::new(item);
            walk.index().filter(|&index| index <= LARGEST_INDEX && walk.pass(b':'))
        };
        let (Some(first), Some(last)) = (index(rest.trim_ascii_start()), index(last)) else { return false };
        // Other blanks, and comments.
        let odd = line.iter().fold(false, |odd, &byte| odd | (byte < b' ') | (byte == b'#'));
        if odd || label.contains(&b':') {
            return false;
        }
        extent.has_zero |= first == 0;
        extent.end = extent.end.max(last + 1);
        true
    }

    /// Whether index 0 is written in whole lines, of which nothing else matters.
    pub(super) fn has_zero(&self, text: &[u8]) -> bool {
        split(text, self.end).filter(|line| has_items(line)).any(|line| {
            let mut walk = Walk::new(line);
            if self.labelled && walk.next() {
                walk.at += walk.item().len();
            }
            // Indices ascend: the first one says it.
            walk.next() && walk.next_index(None) == Ok(0)
        })
    }

    fn look_at(&self, line: &[u8], extent: &mut Extent) -> Result<(), Wrong> {
        let mut walk = Walk::new(line);
        if self.labelled {
            extent.has_weights |= walk.label::<f32>()?.1.is_some();
        }
        let mut last = None;
        while walk.next() {
            let index = walk.next_index(last)?;
            extent.has_zero |= index == 0;
            last = Some(index);
            walk.at += walk.item().len();
        }
        extent.end = extent.end.max(last.map_or(0, |last| last + 1));
        Ok(())
    }

    /// As [`Libsvm::decode_row`], for a row of plain items: short labels and indices, single blanks, no weight, no comment. False for any
    /// other, of which some elements may have been put.
    #[inline]
    fn decode_plain<T: Number>(
        &self,
        text: &[u8],
        line: Range<usize>,
        [labels, weights]: [&mut [T]; 2],
        mut put: impl FnMut(usize, T),
    ) -> bool {
        let (mut at, end) = (line.start, line.end);
        if self.labelled {
            let border = end_of_item(text, at, end);
            let Some(label) = number::short(text, at, border) else { return false };
            labels.fill(label);
            at = border + 1;
        }
        weights.fill(T::from_f64(1.0));
        let mut next = self.base;
        while at < end {
            let border = end_of_item(text, at, end);
            let (mut index, start) = (0, at);
            while let Some(digit @ b'0'..=b'9') = text.get(at) {
                index = index * 10 + u64::from(digit - b'0');
                at += 1;
            }
            let plain = at > start && at - start < 10 && text.get(at) == Some(&b':') && index >= next;
            let column = index.wrapping_sub(self.base) as usize;
            if !(plain && column < self.columns) {
                return false;
            }
            let Some(value) = number::short(text, at + 1, border) else { return false };
            put(column, value);
            (next, at) = (index + 1, border + 1);
        }
        true
    }

    /// Calls `put` with column and value of each element.
    fn decode_row<T: Number>(&self, line: &[u8], [labels, weights]: [&mut [T]; 2], mut put: impl FnMut(usize, T)) -> Result<(), Wrong> {
        let mut walk = Walk::new(line);
        if self.labelled {
            let (label, weight) = walk.label()?;
            labels.fill(label);
            weights.fill(weight.unwrap_or(T::from_f64(1.0)));
        } else {
            weights.fill(T::from_f64(1.0));
        }
        let mut last = None;
        while walk.next() {
            let index = walk.next_index(last)?;
            last = Some(index);
            let value = walk.value(index)?;
            let column = index.checked_sub(self.base).and_then(|column| usize::try_from(column).ok());
            match column.filter(|&column| column < self.columns) {
                Some(column) => put(column, value),
                None if index < self.base => {
                    return Err(Wrong::Row("index 0 occurs, but index_base says that indices begin at 1".to_owned()));
                }
                None => {
                    // The width comes from the last indices of rows, which are the largest where they ascend.
                    self.look_at(line, &mut Extent::default())?;
                    return Err(Wrong::Row(format!("index {index} is beyond the {} columns of a row", self.columns)));
                }
            }
        }
        Ok(())
    }
}

impl Libsvm {
    /// Decodes whole lines that are exactly as many rows with exactly as many elements.
    pub(super) fn decode_sparse<T: Number>(&self, text: &[u8], rows: &mut SparseRows<'_, T>) -> Result<(), Fault> {
        let changed = |at| Fault { at, wrong: Wrong::Changed };
        for line in split(text, self.end).filter(|line| has_items(line)) {
            let [labels, weights] = rows.begin_row().ok_or_else(|| fault(text, line, Wrong::Changed))?;
            self.decode_row(line, [labels, weights], |column, value| rows.put(column, value)).map_err(|wrong| fault(text, line, wrong))?;
        }
        if rows.end() { Ok(()) } else { Err(changed(text.len())) }
    }
}

impl LineFormat for Libsvm {
    fn end(&self) -> u8 {
        self.end
    }

    fn is_row(&self, line: &[u8]) -> bool {
        has_items(line)
    }

    fn items(&self, text: &[u8]) -> usize {
        let colons = text.iter().filter(|&&byte| byte == b':').count();
        let is_weighted = |line: &[u8]| line.iter().find(|&&byte| byte == b':' || byte == b' ') == Some(&b':');
        let others = text.contains(&b'#') || (self.labelled && split(text, self.end).any(is_weighted));
        if !others {
            return colons;
        }
        let of_line = |line: &[u8]| {
            let written = &line[..line.iter().position(|&byte| byte == b'#').unwrap_or(line.len())];
            let colons = written.iter().filter(|&&byte| byte == b':').count();
            let weighted =
                self.labelled && written.trim_ascii_start().split(|&byte| is_blank(byte)).next().is_some_and(|label| label.contains(&b':'));
            colons - usize::from(weighted)
        };
        split(text, self.end).filter(|line| has_items(line)).map(of_line).sum()
    }

    fn decode<T: Number>(&self, text: &[u8], rows: &mut Rows<'_, T>) -> Result<(), Fault> {
        let mut lines = split(text, self.end).filter(|line| has_items(line));
        for row in 0..rows.count() {
            let Some(line) = lines.next() else {
                return Err(Fault { at: text.len(), wrong: Wrong::Changed });
            };
            let [labels, weights, features] = rows.row(row);
            features.fill(T::from_f64(0.0));
            let at = line.as_ptr() as usize - text.as_ptr() as usize;
            if self.decode_plain(text, at..at + line.trim_ascii_end().len(), [labels, weights], |column, value| features[column] = value) {
                continue;
            }
            features.fill(T::from_f64(0.0));
            self.decode_row(line, [labels, weights], |column, value| features[column] = value).map_err(|wrong| fault(text, line, wrong))?;
        }
        match lines.next() {
            Some(line) => Err(fault(text, line, Wrong::Changed)),
            None => Ok(()),
        }
    }
}
