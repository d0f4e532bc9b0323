//! The rows of `y`, packed once for all rows of `x`.

use super::Metric;
use super::bound::Shift;
use crate::context::Context;
use crate::error::Result;
use crate::float::Float;
use crate::linalg::{MOST_LANES, Matrix, Width};
use crate::vectorized::vectorized;
use crate::workspace::Workspace;

/// Below so many elements the hop to the pool costs more than it brings.
const PARALLEL: usize = 1 << 18;
/// Panels packed between two looks at the cancel token.
const TOGETHER: usize = 16;

/// Shifted rows of `y` side by side: panel after panel, each d x its width, row-major. What fills up the last vector is at no distance.
pub(super) struct Panels<T> {
    pub(super) shift: Shift<T>,
    rows: usize,
    width: Width,
    values: Workspace<T>,
    /// Elements of `values` before the first that begins a cache line.
    skipped: usize,
    /// For each row of `y`, and for what fills up.
    terms: Workspace<T>,
}

/// A panel, and where it begins.
#[derive(Clone, Copy)]
pub(super) struct Panel<'a, T> {
    /// d x width
    pub(super) columns: &'a [T],
    /// width
    pub(super) terms: &'a [T],
    /// Its first row of `y`.
    pub(super) first: usize,
    /// Rows of `y` in it.
    pub(super) rows: usize,
}

impl<T: Float> Panels<T> {
    /// `y` is row-major and has at least one row.
    pub(super) fn new(context: &Context, operation: &str, y: Matrix<'_, T>, metric: Metric) -> Result<Panels<T>> {
        let (rows, columns, width) = (y.rows, y.cols, Width::of::<T>());
        let shift = Shift::new(context, operation, y, metric)?;
        let padded = rows.next_multiple_of(width.lanes);
        let line = 64 / size_of::<T>();
        let mut values = Workspace::<T>::new(context, operation, padded.saturating_mul(columns).saturating_add(line))?;
        let mut terms = Workspace::<T>::new(context, operation, padded)?;
        let skipped = values.as_ptr().align_offset(64).min(line);
        let scratch = || Workspace::<T>::new(context, operation, columns);
        let share = TOGETHER * width.panel();
        let fill = |row: &mut Workspace<T>, (at, (values, terms)): (usize, (&mut [T], &mut [T]))| {
            context.check(operation)?;
            let y = &y.elements[at * share * columns..rows.min((at + 1) * share) * columns];
            vectorized(
                #[inline(always)]
                || pack(&shift, width, row, y, values, terms),
            );
            Ok(())
        };
        let packed = &mut values[skipped..][..padded * columns];
        let size = share * columns.max(1);
        if columns == 0 {
            terms.iter_mut().enumerate().for_each(|(row, term)| *term = if row < rows { shift.term_of(&mut [], &[]) } else { T::INFINITY });
        } else {
            let parts = packed.chunks_mut(size).zip(terms.chunks_mut(share)).enumerate();
            context.each_with(rows * columns >= PARALLEL, parts, scratch, fill)?;
        }
        Ok(Panels { shift, rows, width, values, skipped, terms })
    }

    pub(super) fn width(&self) -> Width {
        self.width
    }

    /// Rows of `y` in one panel, but for the last.
    pub(super) fn panel_rows(&self) -> usize {
        self.width.panel()
    }

    /// Number of panels.
    pub(super) fn count(&self) -> usize {
        self.rows.div_ceil(self.panel_rows())
    }

    #[inline(always)]
    pub(super) fn panel(&self, at: usize) -> Panel<'_, T> {
        let first = at * self.panel_rows();
        let width = self.panel_rows().min(self.terms.len() - first);
        let columns = &self.values[self.skipped + first * self.shift.columns..][..width * self.shift.columns];
        Panel { columns, terms: &self.terms[first..][..width], first, rows: width.min(self.rows - first) }
    }
}

/// Fills panels (`values`, `terms`) with the rows of `y`.
#[inline(always)]
fn pack<T: Float>(shift: &Shift<T>, width: Width, row: &mut [T], y: &[T], values: &mut [T], terms: &mut [T]) {
    let panel = width.panel();
    let columns = shift.columns;
    let mut y = y.chunks_exact(columns);
    for (values, terms) in values.chunks_mut(panel * columns).zip(terms.chunks_mut(panel)) {
        let width = terms.len();
        for (at, term) in terms.iter_mut().enumerate() {
            let Some(y) = y.next() else {
                *term = T::INFINITY;
                continue;
            };
            *term = shift.term_of(row, y);
            values.iter_mut().skip(at).step_by(width).zip(&*row).for_each(|(to, &value)| *to = value);
        }
    }
    debug_assert!(width.lanes <= MOST_LANES);
}
