//! `data`: the job's channels.

use std::path::Path;

use wasmtime::component::Resource;

use crate::data::{Batch, Decision, Feed, Options, Records, RowForm, Share, SparseBatch, files};
use crate::failure::Code;
use crate::telemetry::Shape;
use crate::wasm::bindings::algohost::ml::data::{self as wit, Host, HostReader, HostRecordReader};
use crate::wasm::guest::{Guest, ImportError};
use crate::wasm::job::{Channel, Distribution, InputMode};

/// The most bytes one `read-file` gives, so that a guest cannot make the host allocate more than that.
const LONGEST_READ: u32 = 64 << 20;

impl Guest {
    fn channel(&self, name: &str) -> Result<&Channel, ImportError> {
        self.job.channels.iter().find(|channel| channel.name == name).ok_or_else(|| {
            let known: Vec<&str> = self.job.channels.iter().map(|channel| channel.name.as_str()).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            let name = crate::telemetry::one_line(name);
            ImportError::new(Code::NotFound, format!("the job has no channel '{name}'; it has: {known}"))
        })
    }

    fn folder(&self, operation: &str, name: &str) -> Result<&Path, ImportError> {
        let channel = self.channel(name)?;
        if channel.pipe.is_some() {
            let what = format!("{operation}: channel '{name}' is in Pipe mode and has no files; open-channel and open-records read it");
            return Err(ImportError::new(Code::BadOperation, what));
        }
        Ok(&channel.folder)
    }

    /// What part of a channel's rows is this host's. Of a channel that the platform sharded, it has no others.
    fn share(&self, channel: &Channel) -> Share {
        match channel.distribution {
            Distribution::Sharded => Share::WHOLE,
            Distribution::Replicated => Share { rank: self.job.cluster.rank, size: self.job.cluster.hosts.len() as u32 },
        }
    }

    fn open_reader(&mut self, name: &str, options: Options) -> Result<Resource<Feed>, ImportError> {
        let channel = self.channel(name)?;
        let source = channel.source();
        let share = self.share(channel);
        let reader = Feed::open(&self.context, &source, options, share, &mut self.index_base)?;
        if let Some(Decision { base, reason }) = reader.index_base() {
            tracing::info!("channel '{name}': libsvm indices begin at {base}: {reason}");
        }
        let form = RowForm { columns: Some(reader.columns()), index_base: reader.index_base().map(|decision| decision.base) };
        self.row_form.get_or_insert(form);
        let rep = self.readers.insert(reader)?;
        self.note(rep)?;
        Ok(Resource::new_own(rep))
    }

    /// Remembers what a reader knows of its channel by now.
    fn note(&mut self, rep: u32) -> Result<(), ImportError> {
        let reader = self.readers.get_mut(rep)?;
        let shape = Shape { columns: reader.columns(), rows: reader.rows() };
        self.job.record.channel(reader.channel(), shape);
        Ok(())
    }

    fn new_batch(&mut self, batch: Batch) -> Result<wit::Batch, ImportError> {
        self.room_for_tensors(1 + usize::from(batch.labels.is_some()) + usize::from(batch.weights.is_some()))?;
        Ok(wit::Batch {
            features: self.new_tensor(batch.features)?,
            labels: batch.labels.map(|labels| self.new_tensor(labels)).transpose()?,
            weights: batch.weights.map(|weights| self.new_tensor(weights)).transpose()?,
        })
    }

    fn new_sparse_batch(&mut self, batch: SparseBatch) -> Result<wit::SparseBatch, ImportError> {
        self.room_for_tensors(usize::from(batch.labels.is_some()) + usize::from(batch.weights.is_some()))?;
        Ok(wit::SparseBatch {
            features: self.new_matrix(batch.features)?,
            labels: batch.labels.map(|labels| self.new_tensor(labels)).transpose()?,
            weights: batch.weights.map(|weights| self.new_tensor(weights)).transpose()?,
        })
    }
}

fn to_wit(channel: &Channel) -> wit::Channel {
    let files = match channel.mode {
        InputMode::Pipe => None,
        InputMode::File | InputMode::FastFile => files::list(&channel.folder).ok(),
    };
    wit::Channel {
        name: channel.name.clone(),
        content_type: channel.content_type.clone(),
        mode: match channel.mode {
            InputMode::File => wit::InputMode::File,
            InputMode::FastFile => wit::InputMode::FastFile,
            InputMode::Pipe => wit::InputMode::Pipe,
        },
        distribution: match channel.distribution {
            Distribution::Replicated => wit::Distribution::Replicated,
            Distribution::Sharded => wit::Distribution::Sharded,
        },
        files: files.as_ref().map(|files| files.len() as u32),
        bytes: files.map(|files| files.iter().map(|file| file.bytes as f64).sum()),
    }
}

impl Host for Guest {
    fn channels(&mut self) -> wasmtime::Result<Vec<wit::Channel>> {
        Ok(self.job.channels.iter().map(to_wit).collect())
    }

    fn open_channel(&mut self, name: String) -> Result<Resource<Feed>, ImportError> {
        self.open_reader(&name, Options::default())
    }

    fn open_channel_with(&mut self, name: String, options: String) -> Result<Resource<Feed>, ImportError> {
        self.open_reader(&name, Options::from_json(&options)?)
    }

    fn open_records(&mut self, channel: String) -> Result<Resource<Records>, ImportError> {
        let records = Records::open(&self.context, &self.channel(&channel)?.source())?;
        Ok(Resource::new_own(self.record_readers.insert(records)?))
    }

    fn list_files(&mut self, channel: String) -> Result<Vec<wit::File>, ImportError> {
        let files = files::list(self.folder("list-files", &channel)?)?;
        Ok(files.into_iter().map(|file| wit::File { name: file.name, bytes: file.bytes as f64 }).collect())
    }

    fn read_file(&mut self, channel: String, name: String, offset: f64, count: u32) -> Result<Vec<u8>, ImportError> {
        if !(offset >= 0.0 && offset.fract() == 0.0 && offset < 2f64.powi(53)) {
            return Err(ImportError::new(Code::BadOperation, format!("read-file: {offset} is no offset: wanted a whole number from 0 on")));
        }
        let folder = self.folder("read-file", &channel)?;
        Ok(files::read_range(folder, &name, offset as u64, count.min(LONGEST_READ) as usize)?)
    }
}

impl HostRecordReader for Guest {
    fn next(&mut self, handle: Resource<Records>, max_records: u32, max_bytes: u32) -> Result<Vec<wit::RawRecord>, ImportError> {
        let records = self.record_readers.get_mut(handle.rep())?.next(max_records as usize, max_bytes as usize)?;
        Ok(records.into_iter().map(|record| wit::RawRecord { name: record.name, bytes: record.bytes }).collect())
    }

    fn rewind(&mut self, handle: Resource<Records>) -> Result<(), ImportError> {
        self.record_readers.get_mut(handle.rep())?.rewind();
        Ok(())
    }

    fn drop(&mut self, handle: Resource<Records>) -> wasmtime::Result<()> {
        self.record_readers.remove(handle.rep());
        Ok(())
    }
}

impl HostReader for Guest {
    fn next(&mut self, handle: Resource<Feed>, max_rows: u32) -> Result<Option<wit::Batch>, ImportError> {
        let batch = self.readers.get_mut(handle.rep())?.next(max_rows as usize)?;
        batch.map(|batch| self.new_batch(batch)).transpose()
    }

    fn read_all(&mut self, handle: Resource<Feed>) -> Result<wit::Batch, ImportError> {
        let batch = self.readers.get_mut(handle.rep())?.read_all()?;
        self.note(handle.rep())?;
        self.new_batch(batch)
    }

    fn next_sparse(&mut self, handle: Resource<Feed>, max_rows: u32) -> Result<Option<wit::SparseBatch>, ImportError> {
        let batch = self.readers.get_mut(handle.rep())?.next_sparse(max_rows as usize)?;
        batch.map(|batch| self.new_sparse_batch(batch)).transpose()
    }

    fn read_all_sparse(&mut self, handle: Resource<Feed>) -> Result<wit::SparseBatch, ImportError> {
        let batch = self.readers.get_mut(handle.rep())?.read_all_sparse()?;
        self.new_sparse_batch(batch)
    }

    fn is_sparse(&mut self, handle: Resource<Feed>) -> wasmtime::Result<bool> {
        Ok(self.readers.get(handle.rep()).is_ok_and(|reader| reader.is_sparse()))
    }

    fn rewind(&mut self, handle: Resource<Feed>) -> Result<(), ImportError> {
        Ok(self.readers.get_mut(handle.rep())?.rewind()?)
    }

    fn columns(&mut self, handle: Resource<Feed>) -> wasmtime::Result<u32> {
        Ok(self.readers.get(handle.rep()).map_or(0, |reader| reader.columns() as u32))
    }

    fn categories(&mut self, handle: Resource<Feed>) -> wasmtime::Result<String> {
        Ok(self.readers.get(handle.rep()).map_or_else(|_| "{}".to_owned(), |reader| reader.categories().to_json()))
    }

    fn rows(&mut self, handle: Resource<Feed>) -> wasmtime::Result<Option<f64>> {
        Ok(self.readers.get_mut(handle.rep()).ok().and_then(|reader| reader.rows()).map(|rows| rows as f64))
    }

    fn drop(&mut self, handle: Resource<Feed>) -> wasmtime::Result<()> {
        self.readers.remove(handle.rep());
        Ok(())
    }
}
