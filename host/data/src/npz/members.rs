//! Which member of an NPZ file is what.

use std::sync::Arc;

use algohost_kernels::{Charge, Context};
use anyhow::{Context as _, Result};

use super::super::batch::{Piece, Rows};
use super::super::fault::{plural, quote};
use super::super::files::{DataFile, Excerpt, Source};
use super::super::npy::{Header, Kind, MOST, read_rows};
use super::archive::{Member, members};
use algohost_failure::{Code, Failure};

/// The names of a matrix of features, the first of which that is there counts.
const FEATURES: [&str; 4] = ["features", "x", "X", "arr_0"];
const LABELS: [&str; 2] = ["labels", "y"];
const WEIGHTS: [&str; 1] = ["weights"];

/// A member that is an array of numbers.
#[derive(Clone, Debug)]
pub(super) struct Array {
    pub(super) member: Member,
    pub(super) header: Header,
}

impl Array {
    fn rows(&self) -> usize {
        self.header.rows_and_columns().0
    }

    pub(super) fn columns(&self) -> usize {
        self.header.rows_and_columns().1
    }
}

/// What a file holds.
pub(super) struct Arrays {
    pub(super) features: Features,
    pub(super) labels: Option<Array>,
    pub(super) weights: Option<Array>,
}

/// The features of a file's rows.
pub(super) enum Features {
    Dense(Array),
    Sparse(Csr),
}

/// A sparse matrix as SciPy's `save_npz` writes it.
pub(super) struct Csr {
    pub(super) values: Array,
    pub(super) indices: Array,
    /// Where the elements of each row begin, and where the last one's end.
    pub(super) offsets: Vec<usize>,
    _charge: Charge,
    pub(super) columns: usize,
}

impl Features {
    pub(super) fn rows(&self) -> usize {
        match self {
            Features::Dense(array) => array.rows(),
            Features::Sparse(matrix) => matrix.offsets.len() - 1,
        }
    }

    pub(super) fn columns(&self) -> usize {
        match self {
            Features::Dense(array) => array.columns(),
            Features::Sparse(matrix) => matrix.columns,
        }
    }
}

/// The members of a file while it is looked at.
struct Search<'a> {
    context: &'a Context,
    name: &'a str,
    file: Arc<Source>,
    members: Vec<Member>,
}

impl Arrays {
    /// Looks at the members of a file. `name` is the file's, for errors.
    ///
    /// # Errors
    /// Invalid input when there is no matrix of features, or something is wrong with the members that count; io when it cannot be read.
    pub(super) fn find(context: &Context, name: &str, file: &DataFile) -> Result<Arrays> {
        let members = members(name, file)?;
        let open = file.open().with_context(|| format!("{name}: cannot be read"))?;
        let search = Search { context, name, file: Arc::new(open), members };
        let is_scipy = search.member("format").is_some() && search.member("shape").is_some();
        let features = if is_scipy { Features::Sparse(search.csr()?) } else { Features::Dense(search.matrix()?) };
        let labels = search.first_of(&LABELS)?;
        let weights = search.first_of(&WEIGHTS)?;
        for array in labels.iter().chain(&weights) {
            if array.rows() != features.rows() {
                let what = format!("{}, the features have {}", plural(array.rows(), "row"), features.rows());
                return Err(search.wrong(&array.member, &what).into());
            }
        }
        if let Some(weights) = weights.as_ref().filter(|weights| weights.columns() != 1) {
            return Err(search.wrong(&weights.member, &format!("{} columns, where each row has one weight", weights.columns())).into());
        }
        Ok(Arrays { features, labels, weights })
    }
}

impl Search<'_> {
    fn member(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.name == name)
    }

    fn wrong(&self, member: &Member, what: &str) -> Failure {
        Failure::user(format!("{}: member {}: {what}", self.name, quote(member.name.as_bytes())))
    }

    /// The array that a member is.
    fn array(&self, member: &Member) -> Result<Array> {
        let mut start = vec![0; MOST];
        let read = member.begin(&self.file, &mut start).map_err(|error| self.wrong(member, &format!("cannot be read: {error}")))?;
        let header = Header::parse(&start[..read], member.bytes).map_err(|what| self.wrong(member, &what))?;
        Ok(Array { member: member.clone(), header })
    }

    fn first_of(&self, names: &[&str]) -> Result<Option<Array>> {
        names.iter().find_map(|name| self.member(name)).map(|member| self.array(member)).transpose()
    }

    /// The matrix of features.
    fn matrix(&self) -> Result<Array> {
        if let Some(array) = self.first_of(&FEATURES)? {
            return Ok(array);
        }
        let others =
            self.members.iter().filter(|member| !LABELS.contains(&member.name.as_str()) && !WEIGHTS.contains(&member.name.as_str()));
        let mut matrices: Vec<Array> =
            others.filter_map(|member| self.array(member).ok()).filter(|array| array.header.shape.len() == 2).collect();
        match (matrices.pop(), matrices.is_empty()) {
            (Some(array), true) => Ok(array),
            _ => {
                let names: Vec<_> = self.members.iter().take(10).map(|member| quote(member.name.as_bytes())).collect();
                let what = format!("{}: none of its members is the matrix of features: {}", self.name, names.join(", "));
                Err(Failure::user(what).help("name it features, x or X, and labels and weights so").into())
            }
        }
    }

    /// SciPy's matrix, in compressed sparse rows.
    fn csr(&self) -> Result<Csr> {
        let format = self.scipy_format()?;
        if format != "csr" {
            let what = format!("{}: a SciPy matrix in the format {}; csr is supported", self.name, quote(format.as_bytes()));
            return Err(Failure::user(what).help("save matrix.tocsr()").into());
        }
        let part = |name: &str| {
            let member = self.member(name).ok_or_else(|| Failure::user(format!("{}: a SciPy matrix without '{name}'", self.name)))?;
            let array = self.array(member)?;
            let whole = !matches!(array.header.kind, Kind::Bool | Kind::Float16 | Kind::Float32 | Kind::Float64);
            let is_list = array.header.shape.len() == 1;
            if is_list && (whole || name == "data") {
                Ok(array)
            } else {
                Err(anyhow::Error::from(self.wrong(member, "not a list of whole numbers")))
            }
        };
        let (values, indices, offsets, shape) = (part("data")?, part("indices")?, part("indptr")?, part("shape")?);
        let shape = self.numbers(&shape, 2)?.0;
        let &[rows, columns] = shape.as_slice() else {
            return Err(Failure::user(format!("{}: a SciPy matrix of {} axes; 2 are wanted", self.name, shape.len())).into());
        };
        if offsets.rows() != rows.saturating_add(1) || values.rows() != indices.rows() || i32::try_from(columns).is_err() {
            let what = format!(
                "{}: a SciPy matrix that contradicts itself: {rows} by {columns} with {} offsets, {} indices and {} values",
                self.name,
                offsets.rows(),
                indices.rows(),
                values.rows()
            );
            return Err(Failure::user(what).into());
        }
        let (offsets, charge) = self.numbers(&offsets, usize::MAX)?;
        if !offsets.is_sorted() || offsets.first() != Some(&0) || offsets.last() != Some(&values.rows()) {
            return Err(
                Failure::user(format!("{}: member 'indptr': not the offsets of rows of {} elements", self.name, values.rows())).into()
            );
        }
        Ok(Csr { values, indices, offsets, _charge: charge, columns })
    }

    /// Whole numbers of a list that is not longer than `most`.
    fn numbers(&self, array: &Array, most: usize) -> Result<(Vec<usize>, Charge)> {
        let count = array.rows();
        if count > most {
            return Err(self.wrong(&array.member, &format!("{count} elements, {most} are wanted")).into());
        }
        let charge = self.context.budget().charge("read", count.saturating_mul(2 * size_of::<usize>()));
        let charge = charge
            .map_err(|error| Failure::new(Code::LimitExceeded, format!("{}: no memory to read it ({})", self.name, error.message)))?;
        let content = array.member.content(self.context, self.name, &self.file)?;
        let mut numbers = vec![0_f64; count];
        let piece = Piece { rows: count, ..Piece::default() };
        let read = read_rows(
            |at, room| content.read_exact_at(at, room),
            &array.header,
            &piece,
            &mut Excerpt::default(),
            &mut Rows::of(&mut numbers, 1),
        );
        read.with_context(|| format!("{}: cannot be read", self.name))?;
        let whole = |number: &f64| if *number < 0.0 { usize::MAX } else { *number as usize };
        Ok((numbers.iter().map(whole).collect(), charge))
    }

    /// What SciPy says of its matrix: text of one byte or of four bytes a character.
    fn scipy_format(&self) -> Result<String> {
        let Some(member) = self.member("format") else { return Ok(String::new()) };
        let mut start = vec![0; 4096];
        let read = member.begin(&self.file, &mut start).map_err(|error| self.wrong(member, &format!("cannot be read: {error}")))?;
        let at = Header::elements_at(&start[..read]).map_err(|what| self.wrong(member, &what))?;
        let text: Vec<u8> = start[at.min(read)..read].iter().copied().filter(|&byte| byte != 0).collect();
        Ok(String::from_utf8_lossy(&text).into_owned())
    }
}
