//! NumPy's array file: channels, requests and answers.

mod elements;
mod header;

use algohost_kernels::{Context, DType, Tensor, bf16};
use anyhow::{Context as _, Result};

use super::batch::{Layout, Number, Piece, Rows, Table, fill};
use super::fault::plural;
use super::files::{DataFile, Excerpt};
use super::reader::Position;
use algohost_failure::{Code, Failure};
use elements::{Source, store};
pub(super) use header::{Header, Kind, MOST};

/// Bytes that one thread converts at a time.
const PIECE: usize = 1 << 20;

/// A channel of NPY files, whose rows follow one another.
pub(super) struct Npy {
    channel: String,
    files: Vec<(DataFile, Header)>,
    columns: usize,
}

impl Npy {
    /// Reads the headers of all files, which must have equally many columns.
    ///
    /// # Errors
    /// Invalid input, naming the file; io when it cannot be read.
    pub(super) fn open(channel: &str, files: Vec<DataFile>) -> Result<Npy> {
        let mut open = Vec::with_capacity(files.len());
        let mut start = vec![0; MOST];
        for file in files.into_iter().filter(|file| file.bytes > 0) {
            let length = file.open().and_then(|source| source.read_up_to(0, &mut start));
            let length = length.with_context(|| format!("{channel}/{}: cannot be read", file.name))?;
            let header = Header::parse(&start[..length], file.bytes);
            let header = header.map_err(|what| Failure::user(format!("{channel}/{}: {what}", file.name)))?;
            open.push((file, header));
        }
        let columns = open.first().map_or(0, |(_, header)| header.rows_and_columns().1);
        if let Some((file, header)) = open.iter().find(|(_, header)| header.rows_and_columns().1 != columns) {
            let (found, first) = (plural(header.rows_and_columns().1, "column"), &open[0].0.name);
            return Err(Failure::user(format!("{channel}/{}: {found}, {channel}/{first} has {columns}", file.name)).into());
        }
        Ok(Npy { channel: channel.to_owned(), files: open, columns })
    }

    /// Columns of each file, labels included.
    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    /// Rows in the whole channel.
    pub(super) fn rows(&self) -> u64 {
        self.files.iter().map(|(_, header)| header.rows_and_columns().0 as u64).sum()
    }

    /// The next rows, at most `most`; moves the position behind them.
    pub(super) fn take(&self, position: &mut Position, most: usize) -> Vec<Piece> {
        let (mut pieces, mut wanted) = (Vec::new(), most);
        while wanted > 0
            && let Some((_, header)) = self.files.get(position.file)
        {
            let left = header.rows_and_columns().0 - position.offset as usize;
            if left == 0 {
                *position = Position { file: position.file + 1, offset: 0 };
                continue;
            }
            let row_bytes = (self.columns * header.kind.size()).max(1);
            let rows = left.min(wanted).min((PIECE / row_bytes).max(1));
            pieces.push(Piece { file: position.file, offset: position.offset, bytes: rows * row_bytes, rows, ..Piece::default() });
            position.offset += rows as u64;
            wanted -= rows;
        }
        pieces
    }
}

impl Table for Npy {
    fn decode<T: Number>(&self, piece: &Piece, buffer: &mut Excerpt, mut rows: Rows<'_, T>) -> Result<()> {
        let (file, header) = &self.files[piece.file];
        let read =
            file.open().and_then(|source| read_rows(|offset, bytes| source.read_exact(offset, bytes), header, piece, buffer, &mut rows));
        read.map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => {
                Failure::new(Code::Io, format!("{}/{}: the file changed while it was being read", self.channel, file.name)).into()
            }
            _ => anyhow::Error::new(error).context(format!("{}/{}: cannot be read", self.channel, file.name)),
        })
    }
}

/// Reads the rows of a piece of an array. `read_at` reads exactly the bytes from an offset on.
pub(super) fn read_rows<T: Number>(
    read_at: impl Fn(u64, &mut [u8]) -> std::io::Result<()>,
    header: &Header,
    piece: &Piece,
    buffer: &mut Excerpt,
    rows: &mut Rows<'_, T>,
) -> std::io::Result<()> {
    if piece.rows == 0 {
        return Ok(());
    }
    let (all_rows, columns) = header.rows_and_columns();
    let size = header.kind.size();
    let at = |element: usize| (header.data_at + element * size) as u64;
    let first = piece.offset as usize;
    if !header.fortran_order
        && elements::is_stored_as::<T>(header)
        && let Some(features) = rows.only_features()
    {
        return read_at(at(first * columns), bytemuck::cast_slice_mut(features));
    }
    let length = piece.rows * columns * size;
    let bytes = buffer.room(at(first * columns), length);
    if header.fortran_order {
        for (column, bytes) in bytes.chunks_exact_mut(piece.rows * size).enumerate() {
            read_at(at(column * all_rows + first), bytes)?;
        }
        store(&Source { bytes, header, row_step: 1, column_step: piece.rows }, rows);
    } else {
        read_at(at(first * columns), bytes)?;
        store(&Source { bytes, header, row_step: columns, column_step: 1 }, rows);
    }
    Ok(())
}

/// A request's array.
struct Body<'a> {
    bytes: &'a [u8],
    header: Header,
    rows: usize,
}

impl Table for Body<'_> {
    fn decode<T: Number>(&self, _piece: &Piece, _buffer: &mut Excerpt, mut rows: Rows<'_, T>) -> Result<()> {
        let columns = rows.layout().features;
        let (row_step, column_step) = if self.header.fortran_order { (1, self.rows) } else { (columns, 1) };
        store(&Source { bytes: self.bytes, header: &self.header, row_step, column_step }, &mut rows);
        Ok(())
    }
}

/// Decodes a request: rows of features. An array with one axis is one row.
///
/// # Errors
/// Invalid input when it is not such a file or has no elements; limit exceeded beyond the budget.
pub(super) fn decode_body(context: &Context, body: &[u8]) -> Result<Tensor> {
    let header = Header::parse(body, body.len() as u64).map_err(|what| Failure::user(format!("request: {what}")))?;
    let (rows, columns) = match header.shape[..] {
        [columns] => (1, columns),
        _ => header.rows_and_columns(),
    };
    if rows == 0 || columns == 0 {
        return Err(Failure::user(format!("request: the array has {} of {}", plural(rows, "row"), plural(columns, "column"))).into());
    }
    let piece = Piece { bytes: body.len(), rows, ..Piece::default() };
    let table = Body { bytes: &body[header.data_at..], header, rows };
    Ok(fill::<f32>(context, "request", &table, Layout::features(columns), &[piece])?.features)
}

/// The tensor as an NPY file, version 1.0, in C order. bfloat16, which NumPy lacks, becomes float32.
///
/// # Errors
/// Bad operation while the tensor is being written to.
pub(super) fn encode(tensor: &Tensor) -> Result<Vec<u8>> {
    let descr = match tensor.dtype() {
        DType::Float32 | DType::BFloat16 => "<f4",
        DType::Float64 => "<f8",
        DType::Float16 => "<f2",
        DType::Int8 => "|i1",
        DType::Int16 => "<i2",
        DType::Int32 => "<i4",
        DType::Int64 => "<i8",
        DType::UInt8 => "|u1",
        DType::UInt16 => "<u2",
        DType::UInt32 => "<u4",
        DType::UInt64 => "<u8",
        DType::Boolean => "|b1",
    };
    let shape: String = tensor.shape().iter().map(|length| format!("{length}, ")).collect();
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({}), }}", shape.trim_end_matches(' '));
    // The elements begin at a multiple of 64; at most 8 lengths of 20 digits keep the header far below the limit of 65535.
    let padding = 63 - (10 + header.len()) % 64;
    header.push_str(&" ".repeat(padding));
    header.push('\n');
    let mut file = Vec::with_capacity(10 + header.len() + tensor.element_count() * tensor.dtype().size().max(4));
    file.extend_from_slice(b"\x93NUMPY\x01\x00");
    file.extend_from_slice(&(header.len() as u16).to_le_bytes());
    file.extend_from_slice(header.as_bytes());
    let elements = tensor.to_bytes().map_err(super::fault::kernel)?;
    if tensor.dtype() == DType::BFloat16 {
        for pair in elements.chunks_exact(2) {
            file.extend_from_slice(&bf16::from_le_bytes([pair[0], pair[1]]).to_f32().to_le_bytes());
        }
    } else {
        file.extend_from_slice(&elements);
    }
    Ok(file)
}

#[cfg(test)]
mod tests;
