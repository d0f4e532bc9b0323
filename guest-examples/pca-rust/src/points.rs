//! The rows of a channel, batch by batch.

use crate::algohost::ml::data::{Batch, Reader, open_channel};
use crate::algohost::ml::job;
use crate::algohost::ml::tensors::{Tensor, concat};
use crate::algohost::ml::types::Error;
use crate::invalid_input;
use crate::moments::not_finite;

/// Bytes of one batch of float32, about: some thousand rows, so that no time is lost between batches, and little memory.
const BATCH_BYTES: u32 = 32 << 20;

/// A channel that is being read.
pub(crate) struct Points {
    pub(crate) channel: &'static str,
    pub(crate) n_features: u32,
    reader: Reader,
    rows_read: u32,
}

impl Points {
    pub(crate) fn open(channel: &'static str) -> Result<Points, Error> {
        let reader = open_channel(channel)?;
        Ok(Points { channel, n_features: reader.columns(), reader, rows_read: 0 })
    }

    /// Rows in the channel, where that is known without reading it.
    pub(crate) fn count(&self) -> Option<f64> {
        self.reader.rows()
    }

    /// The next batch; none at the end, or when the job is to stop.
    pub(crate) fn next(&mut self) -> Result<Option<Tensor>, Error> {
        if self.rows_read > 0 && job::should_stop() {
            job::log(job::Level::Warn, &format!("stopped after {} rows: the model is of these alone", self.rows_read));
            return Ok(None);
        }
        let batch = self.reader.next(BATCH_BYTES / 4 / self.n_features.max(1) + 1)?;
        Ok(batch.map(|batch| self.see(batch)))
    }

    /// The next `rows` rows and some more, or all that there are.
    pub(crate) fn at_least(&mut self, rows: u32) -> Result<Tensor, Error> {
        let (mut batches, mut found) = (Vec::new(), 0);
        while found < rows
            && let Some(batch) = self.next()?
        {
            found += batch.shape()[0];
            batches.push(batch);
        }
        match batches.len() {
            1 => Ok(batches.remove(0)),
            _ => concat(&batches.iter().collect::<Vec<_>>(), 0),
        }
    }

    /// All rows from here on.
    pub(crate) fn read_all(&mut self) -> Result<Tensor, Error> {
        let batch = self.reader.read_all()?;
        Ok(self.see(batch))
    }

    /// Refuses what is missing or not a number.
    pub(crate) fn check_finite(&self, points: &Tensor) -> Result<(), Error> {
        let (channel, bad) = (self.channel, not_finite(points)?);
        if bad == 0.0 {
            return Ok(());
        }
        Err(invalid_input(format!("channel {channel}: {bad} values are missing or not finite: fill or drop them before training")))
    }

    /// Refuses finite values whose products are not.
    pub(crate) fn too_large(&self) -> Error {
        invalid_input(format!("channel {}: the products of some values overflow float32: scale the features down", self.channel))
    }

    fn see(&mut self, batch: Batch) -> Tensor {
        if self.rows_read == 0 {
            self.announce(batch.labels.is_some(), batch.weights.is_some());
        }
        self.rows_read += batch.features.shape()[0];
        if let Some(count) = self.count() {
            job::progress(f64::from(self.rows_read), count);
        }
        batch.features
    }

    fn announce(&self, labelled: bool, weighted: bool) {
        let rows = self.count().map_or_else(|| "rows".to_owned(), |count| format!("{count} rows"));
        job::log(job::Level::Info, &format!("analysing {rows} of {} features", self.n_features));
        if labelled {
            job::log(
                job::Level::Warn,
                "the first column is taken for a label and left out: content type text/csv;label_size=0 says there is none",
            );
        }
        if weighted {
            job::log(job::Level::Warn, &format!("channel {} has weights, which this algorithm does not use", self.channel));
        }
    }
}
