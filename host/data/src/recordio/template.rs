//! Records that are like the one before in all but their values. Most are: a writer makes them all in the same way.

use std::ops::Range;

use super::super::batch::Number;
use super::record::{Kind, Record, Tensor};

/// The bytes of a record that was read, frame included, and where its numbers lie in them.
#[derive(Default)]
pub(super) struct Template {
    bytes: Vec<u8>,
    features: Run,
    labels: Run,
}

/// Numbers that lie one after the other.
#[derive(Clone, Default)]
struct Run {
    place: Range<usize>,
    kind: Kind,
}

impl Template {
    /// Becomes that of a record with dense features that is `text`, or was joined of parts in it; of none where its numbers are not in one
    /// run, or not of a fixed size.
    pub(super) fn learn(&mut self, text: &[u8], record: &Record<'_>) {
        self.bytes.clear();
        let Some(features) = record.features.as_ref().and_then(|tensor| Run::of(text, tensor)) else { return };
        let without = || Some(Run { place: features.place.end..features.place.end, kind: Kind::default() });
        let Some(labels) = record.labels.as_ref().map_or_else(without, |tensor| Run::of(text, tensor)) else { return };
        self.bytes.extend_from_slice(text);
        (self.features, self.labels) = (features, labels);
    }

    /// Writes the numbers of the record that `text` begins with, as far as there are slots, and answers its length; none if the record is
    /// another one but for them.
    #[inline]
    pub(super) fn read<T: Number>(&self, text: &[u8], labels: &mut [T], features: &mut [T]) -> Option<usize> {
        let record = text.get(..self.bytes.len()).filter(|record| !record.is_empty())?;
        let (first, second) = if self.features.place.start < self.labels.place.start {
            (&self.features.place, &self.labels.place)
        } else {
            (&self.labels.place, &self.features.place)
        };
        let same = |from: usize, to: usize| record[from..to] == self.bytes[from..to];
        if !(same(0, first.start) && same(first.end, second.start) && same(second.end, record.len())) {
            return None;
        }
        self.features.kind.copy(&record[self.features.place.clone()], features);
        self.labels.kind.copy(&record[self.labels.place.clone()], labels);
        Some(record.len())
    }
}

impl Run {
    fn of(text: &[u8], tensor: &Tensor<'_>) -> Option<Run> {
        // Integers are of any length.
        let run = tensor.only_run().filter(|_| tensor.kind != Kind::Int32)?;
        // Of a record in several frames, the numbers lie elsewhere.
        let start = run.as_ptr().addr().checked_sub(text.as_ptr().addr()).filter(|start| start + run.len() <= text.len())?;
        Some(Run { place: start..start + run.len(), kind: tensor.kind })
    }
}
