//! Formats whose files say how many rows they have.

use algohost_kernels::Context;
use anyhow::Result;

use super::super::batch::{Layout, Number, Piece, Rows, Table};
use super::super::content_type::Format;
use super::super::files::{DataFile, Excerpt};
use super::super::npy::Npy;
use super::super::npz::Npz;
#[cfg(feature = "parquet")]
use super::super::parquet::Parquet;
use super::{Options, Position, layout};

/// A channel of one of these formats. Its files are read in places, and so never are packed as a whole.
pub(super) enum Counted {
    Npy(Npy),
    Npz(Npz),
    #[cfg(feature = "parquet")]
    Parquet(Parquet),
}

impl Counted {
    /// Whether a format is one of these.
    pub(super) fn has(format: Format) -> bool {
        matches!(format, Format::Npy | Format::Npz | Format::Parquet)
    }

    /// Opens a channel, and tells what the cells of its rows are; none when it has no rows. `labels` is the number of leading label columns
    /// where that is said.
    ///
    /// # Errors
    /// Invalid input, naming the file; io when it cannot be read.
    pub(super) fn open(
        context: &Context,
        format: Format,
        channel: &str,
        files: Vec<DataFile>,
        labels: Option<usize>,
        options: &Options,
    ) -> Result<Option<(Counted, Layout)>> {
        let (table, columns, usual_labels) = match format {
            #[cfg(feature = "parquet")]
            Format::Parquet => {
                let parquet = Parquet::open(context, channel, files)?;
                let columns = parquet.columns();
                (Counted::Parquet(parquet), columns, 1)
            }
            Format::Npz => {
                let npz = Npz::open(context, channel, files, labels, options)?;
                return Ok(npz.map(|npz| {
                    let layout = npz.layout();
                    (Counted::Npz(npz), layout)
                }));
            }
            _ => {
                let npy = Npy::open(channel, files)?;
                let columns = npy.columns();
                (Counted::Npy(npy), columns, 0)
            }
        };
        if table.rows() == 0 {
            return Ok(None);
        }
        let layout = layout(channel, columns, labels.unwrap_or(usual_labels), options)?;
        Ok(Some((table, layout)))
    }

    /// The next rows, at most `most`; moves the position behind them.
    pub(super) fn take(&self, position: &mut Position, most: usize) -> Vec<Piece> {
        match self {
            Counted::Npy(npy) => npy.take(position, most),
            Counted::Npz(npz) => npz.take(position, most),
            #[cfg(feature = "parquet")]
            Counted::Parquet(parquet) => parquet.take(position, most),
        }
    }

    /// The table, where it holds sparse features.
    pub(super) fn sparse(&self) -> Option<&Npz> {
        match self {
            Counted::Npz(npz) if npz.is_sparse() => Some(npz),
            _ => None,
        }
    }

    /// Rows in the whole channel.
    pub(super) fn rows(&self) -> u64 {
        match self {
            Counted::Npy(npy) => npy.rows(),
            Counted::Npz(npz) => npz.rows(),
            #[cfg(feature = "parquet")]
            Counted::Parquet(parquet) => parquet.rows(),
        }
    }
}

impl Table for Counted {
    fn decode<T: Number>(&self, piece: &Piece, buffer: &mut Excerpt, rows: Rows<'_, T>) -> Result<()> {
        match self {
            Counted::Npy(npy) => npy.decode(piece, buffer, rows),
            Counted::Npz(npz) => npz.decode(piece, buffer, rows),
            #[cfg(feature = "parquet")]
            Counted::Parquet(parquet) => parquet.decode(piece, buffer, rows),
        }
    }
}
