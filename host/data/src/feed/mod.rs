//! A channel as who trains wants it: some of its rows, in another order.

mod ahead;
mod pick;

use algohost_kernels::{Context, DType, Tensor, gather, permutation};
use anyhow::Result;

use super::batch::Batch;
use super::fault::kernel;
use super::reader::{Decision, IndexBase, Options, Reader, Selection, Shuffle, Source, require_rows};
use super::sparse::SparseBatch;
use super::text::Categories;
use ahead::Ahead;
use algohost_failure::{Code, Failure};
use pick::Pick;

/// Which of the job's hosts this is, and how many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// From 0.
    pub rank: u32,
    /// At least 1.
    pub size: u32,
}

impl Share {
    /// All of a channel.
    pub const WHOLE: Share = Share { rank: 0, size: 1 };
}

/// A reader whose rows are picked and shuffled as the options say. Without such options it is the reader.
///
/// Rows are picked by their number in the channel, so that the same are picked in every epoch and whatever the size of a batch. The order is a
/// function of seed and epoch. In memory are at most a batch, what is shuffled together, and a copy of it while that is done.
pub struct Feed {
    context: Context,
    reader: Ahead,
    pick: Pick,
    shuffle: Option<Shuffle>,
    /// Rows of the channel that were read in this epoch, picked or not.
    seen: u64,
    epoch: u32,
    /// How many lots were shuffled in this epoch.
    lots: u32,
    held: Held,
    /// Rows of an epoch, once they were counted.
    rows: Option<u64>,
}

/// Shuffled rows that were not handed out yet, from a position on.
enum Held {
    Nothing,
    Dense(Batch, usize),
    Sparse(SparseBatch, usize),
}

impl Feed {
    /// Opens a channel as [`Reader::open`]; `share` is this host's, where the options ask for it.
    ///
    /// # Errors
    /// As [`Reader::open`].
    pub fn open(context: &Context, source: &Source, options: Options, share: Share, index_base: &mut IndexBase) -> Result<Feed> {
        let Selection { shard_by_rank, split, shuffle } = options.selection;
        let reader = Ahead::new(context, Reader::open(context, source, options, index_base)?);
        let pick = Pick::new(if shard_by_rank { share } else { Share::WHOLE }, split);
        Ok(Feed { context: context.clone(), reader, pick, shuffle, seen: 0, epoch: 0, lots: 0, held: Held::Nothing, rows: None })
    }

    /// The next rows, at most `max_rows` and at least one; none at the end of the epoch.
    ///
    /// # Errors
    /// As [`Reader::next`].
    pub fn next(&mut self, max_rows: usize) -> Result<Option<Batch>> {
        let Some(shuffle) = self.shuffle else { return self.next_picked(max_rows, Ahead::next) };
        require_rows("next", max_rows)?;
        if matches!(self.held, Held::Nothing) {
            let Some(lot) = self.next_lot(shuffle, Ahead::next, Ahead::read_all)? else { return Ok(None) };
            self.held = Held::Dense(self.shuffled(&lot, shuffle)?, 0);
        }
        let Held::Dense(batch, at) = &self.held else { return Err(mixed("next", "next-sparse").into()) };
        let end = batch.rows().min(at.saturating_add(max_rows));
        let some = batch.part(*at, end)?;
        self.held = if end == batch.rows() { Held::Nothing } else { Held::Dense(batch.clone(), end) };
        Ok(Some(some))
    }

    /// As [`Feed::next`], with sparse features as [`Reader::next_sparse`] gives them.
    ///
    /// # Errors
    /// As [`Reader::next`].
    pub fn next_sparse(&mut self, max_rows: usize) -> Result<Option<SparseBatch>> {
        let Some(shuffle) = self.shuffle else { return self.next_picked(max_rows, Ahead::next_sparse) };
        require_rows("next-sparse", max_rows)?;
        if matches!(self.held, Held::Nothing) {
            let Some(lot) = self.next_lot(shuffle, Ahead::next_sparse, Ahead::read_all_sparse)? else { return Ok(None) };
            self.held = Held::Sparse(self.shuffled(&lot, shuffle)?, 0);
        }
        let Held::Sparse(batch, at) = &self.held else { return Err(mixed("next-sparse", "next").into()) };
        let end = batch.rows().min(at.saturating_add(max_rows));
        let some = batch.gathered(&self.context, &positions(&self.context, *at as i32..end as i32)?)?;
        self.held = if end == batch.rows() { Held::Nothing } else { Held::Sparse(batch.clone(), end) };
        Ok(Some(some))
    }

    /// All the rows from the present position on; where they are shuffled, of an epoch that was not begun.
    ///
    /// # Errors
    /// As [`Reader::read_all`]; bad operation in the middle of a shuffled epoch.
    pub fn read_all(&mut self) -> Result<Batch> {
        self.all(Ahead::read_all)
    }

    /// As [`Feed::read_all`], with sparse features.
    ///
    /// # Errors
    /// As [`Feed::read_all`].
    pub fn read_all_sparse(&mut self) -> Result<SparseBatch> {
        self.all(Ahead::read_all_sparse)
    }

    /// Begins the next epoch at the first row.
    ///
    /// # Errors
    /// Internal when reading ahead broke off.
    pub fn rewind(&mut self) -> Result<()> {
        self.reader.rewind()?;
        (self.seen, self.lots, self.held) = (0, 0, Held::Nothing);
        self.epoch = self.epoch.wrapping_add(1);
        Ok(())
    }

    /// The channel's name.
    pub fn channel(&self) -> &str {
        self.reader.channel()
    }

    /// Number of feature columns.
    pub fn columns(&self) -> usize {
        self.reader.columns()
    }

    /// Whether rows are written sparsely, so that reading them so is what saves memory and time.
    pub fn is_sparse(&self) -> bool {
        self.reader.is_sparse()
    }

    /// Where indices begin, and why; none unless the channel is libsvm.
    pub fn index_base(&self) -> Option<&Decision> {
        self.reader.index_base()
    }

    /// The texts of the columns that are text.
    pub fn categories(&self) -> &Categories {
        self.reader.categories()
    }

    /// Rows that an epoch has here, where the number of the channel's rows is known.
    pub fn rows(&mut self) -> Option<u64> {
        if self.rows.is_none() {
            self.rows = self.reader.rows().map(|rows| self.pick.count(rows));
        }
        self.rows
    }

    fn all<B: Lot>(&mut self, read_all: impl FnOnce(&mut Ahead) -> Result<B>) -> Result<B> {
        if self.shuffle.is_some() && self.seen > 0 {
            let what = "read-all: the epoch has begun, and its rows are shuffled; rewind first, or go on with next";
            return Err(Failure::new(Code::BadOperation, what).into());
        }
        let Some(lot) = self.picked(read_all)? else {
            let what = format!("channel '{}': none of the rows falls to this part", self.reader.channel());
            return Err(Failure::user(what).help("fewer hosts, or another validation_fraction, leave some").into());
        };
        match self.shuffle {
            Some(shuffle) => self.shuffled(&lot, shuffle),
            None => Ok(lot),
        }
    }

    /// The next rows that are picked, in their order.
    fn next_picked<B: Lot>(&mut self, max_rows: usize, next: impl Fn(&mut Ahead, usize) -> Result<Option<B>>) -> Result<Option<B>> {
        loop {
            let mut ended = false;
            let picked = self.picked(|reader| {
                let batch = next(reader, max_rows)?;
                ended = batch.is_none();
                Ok(batch)
            })?;
            if ended || picked.is_some() {
                return Ok(picked);
            }
        }
    }

    /// The next rows that are shuffled together; none at the end of the epoch.
    fn next_lot<B: Lot>(
        &mut self,
        shuffle: Shuffle,
        next: impl Fn(&mut Ahead, usize) -> Result<Option<B>>,
        read_all: impl FnOnce(&mut Ahead) -> Result<B>,
    ) -> Result<Option<B>> {
        match shuffle.rows {
            Some(rows) => self.next_picked(rows.get(), next),
            None if self.seen > 0 => Ok(None),
            None => self.picked(read_all),
        }
    }

    /// What is picked of the rows that `read` gives; none if nothing is.
    fn picked<B: Lot, R: Into<Option<B>>>(&mut self, read: impl FnOnce(&mut Ahead) -> Result<R>) -> Result<Option<B>> {
        let Some(batch) = read(&mut self.reader)?.into() else { return Ok(None) };
        let (first, count) = (self.seen, batch.rows());
        self.seen += count as u64;
        if self.pick.takes_all() {
            return Ok(Some(batch));
        }
        let at: Vec<i32> = (0..count).filter(|&row| self.pick.takes(first + row as u64)).map(|row| row as i32).collect();
        if at.len() == count {
            return Ok(Some(batch));
        }
        if at.is_empty() { Ok(None) } else { batch.gathered(&self.context, &positions(&self.context, at)?).map(Some) }
    }

    /// The rows in the order that seed, epoch and the number of the lot make.
    fn shuffled<B: Lot>(&mut self, lot: &B, shuffle: Shuffle) -> Result<B> {
        let stream = self.epoch.rotate_left(16) ^ self.lots;
        self.lots = self.lots.wrapping_add(1);
        let order = permutation(&self.context, lot.rows(), shuffle.seed, stream).map_err(kernel)?;
        lot.gathered(&self.context, &order)
    }
}

/// Rows with dense or sparse features.
trait Lot: Sized {
    fn rows(&self) -> usize;
    /// The rows at these positions.
    fn gathered(&self, context: &Context, at: &Tensor) -> Result<Self>;
}

impl Lot for Batch {
    fn rows(&self) -> usize {
        self.features.shape()[0]
    }

    fn gathered(&self, context: &Context, at: &Tensor) -> Result<Batch> {
        let of = |tensor: &Tensor| gather(context, tensor, at).map_err(kernel);
        Ok(Batch {
            features: of(&self.features)?,
            labels: self.labels.as_ref().map(of).transpose()?,
            weights: self.weights.as_ref().map(of).transpose()?,
        })
    }
}

impl Lot for SparseBatch {
    fn rows(&self) -> usize {
        self.features.rows()
    }

    fn gathered(&self, context: &Context, at: &Tensor) -> Result<SparseBatch> {
        let of = |tensor: &Tensor| gather(context, tensor, at).map_err(kernel);
        Ok(SparseBatch {
            features: self.features.gather_rows(context, at).map_err(kernel)?,
            labels: self.labels.as_ref().map(of).transpose()?,
            weights: self.weights.as_ref().map(of).transpose()?,
        })
    }
}

/// Positions as kernels take them.
fn positions(context: &Context, at: impl IntoIterator<Item = i32>) -> Result<Tensor> {
    let bytes: Vec<u8> = at.into_iter().flat_map(i32::to_le_bytes).collect();
    Tensor::from_bytes(context, &[bytes.len() / size_of::<i32>()], DType::Int32, &bytes).map_err(kernel)
}

fn mixed(called: &str, before: &str) -> Failure {
    let what = format!("{called}: rows that were shuffled for {before} are not handed out yet; go on with {before}, or rewind");
    Failure::new(Code::BadOperation, what)
}

#[cfg(test)]
mod tests;
