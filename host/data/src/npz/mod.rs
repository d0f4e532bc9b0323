//! NumPy's archives of arrays (`numpy.savez`, `savez_compressed`), and SciPy's sparse matrices (`scipy.sparse.save_npz`).
//!
//! Members that are stored are read where they lie, as NPY files are. Deflated ones cannot be read in places: they are unpacked into memory,
//! checked and charged to the budget, when the first row of their file is wanted; a few files at most are unpacked at a time.

mod archive;
mod members;

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use algohost_kernels::Context;
use anyhow::{Context as _, Result};

use super::batch::{Layout, Number, Piece, Rows, Table};
use super::fault::{plural, quote};
use super::files::{DataFile, Excerpt};
use super::npy::read_rows;
use super::reader::{Options, Position, layout};
use super::sparse::{SparseRows, SparseTable, in_order};
use algohost_failure::{Code, Failure};
use archive::Content;
use members::{Array, Arrays, Csr, Features};

/// Bytes that one thread converts at a time.
const PIECE: usize = 1 << 20;

/// Files that stay unpacked whatever their size, and bytes of more of them.
const KEPT: usize = 2;
const KEPT_BYTES: u64 = 64 << 20;

/// A channel of NPZ files, whose rows follow one another.
pub(super) struct Npz {
    context: Context,
    channel: String,
    files: Vec<(DataFile, Arrays)>,
    layout: Layout,
    /// Whether labels and weights have members of their own, which are read.
    own_labels: bool,
    own_weights: bool,
    /// The files that were wanted last.
    open: Mutex<VecDeque<(usize, Shared)>>,
}

type Shared = Arc<OnceLock<Result<Contents, Failure>>>;

/// The bytes of a file's members.
struct Contents {
    features: Content,
    /// Of a sparse matrix.
    indices: Option<Content>,
    labels: Option<Content>,
    weights: Option<Content>,
}

impl Npz {
    /// Looks at the members of all files, which must have the same form; none when there are no rows. `labels` is the number of leading
    /// label columns where that is said.
    ///
    /// # Errors
    /// Invalid input, naming file and member; io when a file cannot be read; limit exceeded beyond the budget.
    pub(super) fn open(
        context: &Context,
        channel: &str,
        files: Vec<DataFile>,
        labels: Option<usize>,
        options: &Options,
    ) -> Result<Option<Npz>> {
        let mut open = Vec::with_capacity(files.len());
        for file in files {
            let name = format!("{channel}/{}", file.name);
            let arrays = Arrays::find(context, &name, &file)?;
            check_like(open.first(), channel, &name, &arrays)?;
            open.push((file, arrays));
        }
        let Some((_, first)) = open.first().filter(|_| open.iter().any(|(_, arrays)| arrays.features.rows() > 0)) else {
            return Ok(None);
        };
        let subject = format!("channel {}", quote(channel.as_bytes()));
        let label_width = first.labels.as_ref().filter(|_| labels != Some(0)).map(Array::columns);
        if let (Some(width), Some(wanted)) = (label_width, labels.filter(|&wanted| Some(wanted) != label_width)) {
            return Err(
                Failure::user(format!("{subject}: {} in the member of labels, label_size is {wanted}", plural(width, "column"))).into()
            );
        }
        let (own_labels, own_weights) = (label_width.is_some(), first.weights.is_some());
        let leading = if own_labels { 0 } else { labels.unwrap_or(0) };
        let sparse = matches!(first.features, Features::Sparse(_));
        if sparse && (leading > 0 || (options.weight && !own_weights)) {
            let what = format!("{subject}: labels and weights are no columns of a sparse matrix");
            return Err(Failure::user(what).help("save them as members 'labels' and 'weights' of the same file").into());
        }
        let options = Options { weight: options.weight || own_weights, ..options.clone() };
        let cells = first.features.columns().saturating_add(label_width.unwrap_or(0)).saturating_add(usize::from(own_weights));
        let layout = layout(channel, cells, label_width.unwrap_or(leading), &options)?;
        let (context, channel) = (context.clone(), channel.to_owned());
        Ok(Some(Npz { context, channel, files: open, layout, own_labels, own_weights, open: Mutex::default() }))
    }

    /// What the cells of a row are.
    pub(super) fn layout(&self) -> Layout {
        self.layout
    }

    /// Whether the features are SciPy's sparse matrices.
    pub(super) fn is_sparse(&self) -> bool {
        matches!(self.files.first(), Some((_, Arrays { features: Features::Sparse(_), .. })))
    }

    /// Rows in the whole channel.
    pub(super) fn rows(&self) -> u64 {
        self.files.iter().map(|(_, arrays)| arrays.features.rows() as u64).sum()
    }

    /// The next rows, at most `most`; moves the position behind them.
    pub(super) fn take(&self, position: &mut Position, most: usize) -> Vec<Piece> {
        let (mut pieces, mut wanted) = (Vec::new(), most);
        while wanted > 0
            && let Some((_, arrays)) = self.files.get(position.file)
        {
            let first = position.offset as usize;
            let left = arrays.features.rows() - first;
            if left == 0 {
                *position = Position { file: position.file + 1, offset: 0 };
                continue;
            }
            let (rows, items, bytes) = match &arrays.features {
                Features::Dense(array) => {
                    let row_bytes = (array.columns() * array.header.kind.size()).max(1);
                    let rows = left.min(wanted).min((PIECE / row_bytes).max(1));
                    (rows, 0, rows * row_bytes)
                }
                Features::Sparse(matrix) => matrix.rows_from(first, left.min(wanted)),
            };
            pieces.push(Piece { file: position.file, offset: position.offset, bytes, rows, items, text: None });
            position.offset += rows as u64;
            wanted -= rows;
        }
        pieces
    }

    /// Calls `work` with the members' bytes of a file.
    fn with_contents<R>(&self, file: usize, work: impl FnOnce(&Contents) -> Result<R>) -> Result<R> {
        let shared = self.shared(file);
        let opened = shared.get_or_init(|| self.read_contents(file).map_err(|error| Failure::of(&error)));
        match opened {
            Ok(contents) => work(contents),
            Err(failure) => {
                // Another try may have more memory.
                self.opened().retain(|(known, _)| *known != file);
                Err(failure.clone().into())
            }
        }
    }

    fn opened(&self) -> std::sync::MutexGuard<'_, VecDeque<(usize, Shared)>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A file's place among those that were wanted last.
    fn shared(&self, file: usize) -> Shared {
        let mut open = self.opened();
        if let Some((_, shared)) = open.iter().find(|(known, _)| *known == file) {
            return shared.clone();
        }
        let shared = Shared::default();
        open.push_back((file, shared.clone()));
        while open.len() > KEPT && open.iter().map(|(file, _)| self.unpacked_bytes(*file)).sum::<u64>() > KEPT_BYTES {
            open.pop_front();
        }
        shared
    }

    fn unpacked_bytes(&self, file: usize) -> u64 {
        let arrays = &self.files[file].1;
        let features = match &arrays.features {
            Features::Dense(array) => array.member.bytes,
            Features::Sparse(matrix) => matrix.values.member.bytes + matrix.indices.member.bytes,
        };
        features + arrays.labels.iter().chain(&arrays.weights).map(|array| array.member.bytes).sum::<u64>()
    }

    fn read_contents(&self, file: usize) -> Result<Contents> {
        let (data, arrays) = &self.files[file];
        let name = self.name(file);
        let source = Arc::new(data.open().with_context(|| format!("{name}: cannot be read"))?);
        let content = |array: &Array| array.member.content(&self.context, &name, &source);
        let (features, indices) = match &arrays.features {
            Features::Dense(array) => (content(array)?, None),
            Features::Sparse(matrix) => (content(&matrix.values)?, Some(content(&matrix.indices)?)),
        };
        let labels = arrays.labels.as_ref().filter(|_| self.own_labels).map(content).transpose()?;
        let weights = arrays.weights.as_ref().filter(|_| self.own_weights).map(content).transpose()?;
        Ok(Contents { features, indices, labels, weights })
    }

    fn name(&self, file: usize) -> String {
        format!("{}/{}", self.channel, self.files[file].0.name)
    }

    fn unreadable(&self, file: usize, error: io::Error) -> anyhow::Error {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            return Failure::new(Code::Io, format!("{}: the file changed while it was being read", self.name(file))).into();
        }
        anyhow::Error::new(error).context(format!("{}: cannot be read", self.name(file)))
    }

    /// Reads labels and weights of a piece that have members of their own.
    fn read_own<T: Number>(&self, contents: &Contents, piece: &Piece, [labels, weights]: [&mut Rows<'_, T>; 2]) -> io::Result<()> {
        let arrays = &self.files[piece.file].1;
        for (content, array, rows) in [(&contents.labels, &arrays.labels, labels), (&contents.weights, &arrays.weights, weights)] {
            if let (Some(content), Some(array)) = (content, array) {
                read_rows(|at, room| content.read_exact_at(at, room), &array.header, piece, &mut Excerpt::default(), rows)?;
            }
        }
        Ok(())
    }

    /// Calls `work` with each row's elements, in the order of their columns.
    fn for_each_row<T: Number>(
        &self,
        matrix: &Csr,
        contents: &Contents,
        piece: &Piece,
        mut work: impl FnMut(usize, &[(usize, T)]) -> Result<()>,
    ) -> Result<()> {
        let first = piece.offset as usize;
        let offsets = &matrix.offsets[first..=first + piece.rows];
        let (from, count) = (offsets[0], offsets[piece.rows] - offsets[0]);
        let part = Piece { offset: from as u64, rows: count, ..Piece::default() };
        let (mut values, mut indices) = (vec![T::MISSING; count], vec![0_f64; count]);
        let unreadable = |error| self.unreadable(piece.file, error);
        let read = |at: u64, room: &mut [u8]| contents.features.read_exact_at(at, room);
        read_rows(read, &matrix.values.header, &part, &mut Excerpt::default(), &mut Rows::of(&mut values, 1)).map_err(unreadable)?;
        if let Some(content) = &contents.indices {
            let read = |at: u64, room: &mut [u8]| content.read_exact_at(at, room);
            read_rows(read, &matrix.indices.header, &part, &mut Excerpt::default(), &mut Rows::of(&mut indices, 1)).map_err(unreadable)?;
        }
        let mut elements = Vec::new();
        for row in 0..piece.rows {
            let range = offsets[row] - from..offsets[row + 1] - from;
            let column = |&index: &f64| if index < 0.0 { usize::MAX } else { index as usize };
            elements.clear();
            elements.extend(indices[range.clone()].iter().map(column).zip(values[range].iter().copied()));
            in_order(&mut elements, matrix.columns).map_err(|what| {
                let what = format!("{}: row {} of the sparse matrix: {what}", self.name(piece.file), first + row + 1);
                Failure::user(what)
            })?;
            work(row, &elements)?;
        }
        Ok(())
    }
}

impl Csr {
    /// Rows of a piece that begins at a row, at most `most`, their elements, and bytes.
    fn rows_from(&self, first: usize, most: usize) -> (usize, usize, usize) {
        let size = self.values.header.kind.size() + self.indices.header.kind.size();
        let start = self.offsets[first];
        let ends = &self.offsets[first + 1..=first + most];
        let rows = ends.partition_point(|&end| (end - start) * size + PIECE / 4096 <= PIECE).clamp(1, PIECE / 16).min(most);
        let items = self.offsets[first + rows] - start;
        (rows, items, items * size + rows)
    }
}

impl Table for Npz {
    fn decode<T: Number>(&self, piece: &Piece, buffer: &mut Excerpt, rows: Rows<'_, T>) -> Result<()> {
        self.with_contents(piece.file, |contents| {
            let [mut labels, mut weights, mut rows] = rows.apart(self.own_labels, self.own_weights);
            let unreadable = |error| self.unreadable(piece.file, error);
            self.read_own(contents, piece, [&mut labels, &mut weights]).map_err(unreadable)?;
            match &self.files[piece.file].1.features {
                Features::Dense(array) => {
                    let read = |at: u64, room: &mut [u8]| contents.features.read_exact_at(at, room);
                    read_rows(read, &array.header, piece, buffer, &mut rows).map_err(unreadable)
                }
                Features::Sparse(matrix) => self.for_each_row(matrix, contents, piece, |row, elements| {
                    let [_, _, features] = rows.row(row);
                    features.fill(T::from_f64(0.0));
                    elements.iter().for_each(|&(column, value)| features[column] = value);
                    Ok(())
                }),
            }
        })
    }
}

impl SparseTable for Npz {
    fn decode_sparse<T: Number>(&self, piece: &Piece, _buffer: &mut Excerpt, mut rows: SparseRows<'_, T>) -> Result<()> {
        let Features::Sparse(matrix) = &self.files[piece.file].1.features else {
            return Err(Failure::new(Code::Internal, format!("{}: not sparse", self.name(piece.file))).into());
        };
        self.with_contents(piece.file, |contents| {
            let (label_width, weight_width) = (self.layout.labels, usize::from(self.layout.weight));
            let (mut labels, mut weights) = (vec![T::MISSING; piece.rows * label_width], vec![T::MISSING; piece.rows * weight_width]);
            let own = [&mut Rows::of(&mut labels, label_width), &mut Rows::of(&mut weights, weight_width)];
            self.read_own(contents, piece, own).map_err(|error| self.unreadable(piece.file, error))?;
            let changed = || Failure::new(Code::Io, format!("{}: the file changed while it was being read", self.name(piece.file)));
            self.for_each_row(matrix, contents, piece, |row, elements| {
                let [row_labels, row_weights] = rows.begin_row().ok_or_else(changed)?;
                row_labels.copy_from_slice(&labels[row * label_width..][..label_width]);
                row_weights.copy_from_slice(&weights[row * weight_width..][..weight_width]);
                elements.iter().for_each(|&(column, value)| rows.put(column, value));
                Ok(())
            })?;
            if rows.end() { Ok(()) } else { Err(changed().into()) }
        })
    }
}

/// Holds the form of a file against the first one's.
fn check_like(first: Option<&(DataFile, Arrays)>, channel: &str, name: &str, arrays: &Arrays) -> Result<(), Failure> {
    let Some((first, wanted)) = first else { return Ok(()) };
    let form = |arrays: &Arrays| {
        let kind = if matches!(arrays.features, Features::Sparse(_)) { "sparse" } else { "dense" };
        let labels = arrays.labels.as_ref().map_or("no labels".to_owned(), |array| plural(array.columns(), "label"));
        let weights = if arrays.weights.is_some() { "weights" } else { "no weights" };
        format!("{} of {kind} features, {labels}, {weights}", plural(arrays.features.columns(), "column"))
    };
    let (found, wanted) = (form(arrays), form(wanted));
    if found == wanted { Ok(()) } else { Err(Failure::user(format!("{name}: {found}; {channel}/{} has {wanted}", first.name))) }
}

#[cfg(test)]
mod tests;
