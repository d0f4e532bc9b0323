//! A product block by block, on one thread: `b` is packed into panels that the caches hold, and rows of `a` pass by them.
//!
//! The order of loops is Goto's and van de Geijn's ("Anatomy of high-performance matrix multiplication", 2008). Each element of the result
//! is a chain of multiply-adds along the inner axis, cut at multiples of [`Blocks::depth`]: its bits do not depend on how rows and
//! columns are cut into blocks or dealt to threads.

use pulp::{Arch, Simd, WithSimd};

use super::panels::Panels;
use super::scratch::with_scratch;
use super::tile::{Left, Rows, Strip, times_columns, times_panel, write};
use super::width::{STRIP, Width};
use crate::float::Float;
use crate::linalg::{Matrix, MatrixMut, lanes};

/// Most depth of a block. Deeper ones pass by the result less often, which takes a tenth of the time with half the depth; a panel of 64 bytes
/// a row then takes more than the first-level cache, but the second brings it fast enough.
const DEPTH: usize = 512;
/// Rows of `a` that stay in the second-level cache while all panels pass by: whole strips.
pub(super) const ROWS: usize = 16 * STRIP;
/// With as many rows or fewer, packing `b` costs more than it brings. Where it is wide, there are [better](super::few) ways to read it.
const FEW_ROWS: usize = 12;

/// How products are cut for the instructions in use.
#[derive(Clone, Copy)]
pub(super) struct Blocks(Width);

/// What a panel is multiplied from.
#[derive(Clone, Copy)]
pub(super) enum Right<'a, 'p, T> {
    /// Packed by [`Blocks::pack`].
    Packed(&'a [T]),
    /// Packed by the threads that need them; and the panel to begin with, so that threads do not meet.
    Shared(&'a Panels<'p, T>, usize),
    /// As it lies in memory, its columns next to each other; and the columns of the last panel, which is not whole, packed.
    Plain(Matrix<'a, T>, &'a [T]),
}

/// Which part of the result is wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    All,
    /// On and above the diagonal; here and there also below it.
    Upper,
}

impl Blocks {
    pub(super) fn of<T: Float>() -> Blocks {
        Blocks(Width::of::<T>())
    }

    /// The instructions in use.
    pub(super) fn arch(self) -> Arch {
        self.0.arch
    }

    /// The depth that an inner axis is cut into: equal parts.
    pub(super) fn depth(inner: usize) -> usize {
        inner.div_ceil(inner.div_ceil(DEPTH).max(1)).max(1)
    }

    /// Columns of a whole panel.
    pub(super) fn panel(self) -> usize {
        self.0.panel()
    }

    /// Numbers that so many columns are packed into, for each row of `b`.
    pub(super) fn packed_width(self, columns: usize) -> usize {
        columns.next_multiple_of(self.0.lanes)
    }

    /// Numbers of room for strips that multiplying by rows of `a`, of one block's depth, takes.
    pub(super) fn strips<T: Float>(a: Matrix<'_, T>) -> usize {
        if are_read_in_place(a) { 0 } else { ROWS * a.cols }
    }

    /// Packs columns of `b` into panels, as many as `to` has room for. What fills up the last vector is 0.
    pub(super) fn pack<T: Float>(self, b: Matrix<'_, T>, to: &mut [T]) {
        self.0.arch.dispatch(Pack { b, panel: self.panel(), to });
    }

    /// `out = alpha a b + beta out`, of one block's depth. `strips` is room as [`Blocks::strips`] says.
    pub(super) fn multiply<T: Float>(
        self,
        out: &mut MatrixMut<'_, T>,
        a: Matrix<'_, T>,
        right: Right<'_, '_, T>,
        scale: (T, T),
        part: Part,
        strips: &mut [T],
    ) {
        self.0.arch.dispatch(Multiply { out, a, right, scale, part, strips });
    }

    /// The whole product on this thread. Shapes fit, and the inner axis is not empty.
    pub(super) fn product<T: Float>(self, out: &mut MatrixMut<'_, T>, a: Matrix<'_, T>, b: Matrix<'_, T>, scale: (T, T), part: Part) {
        let (depth, plain) = (Blocks::depth(a.cols), a.rows <= FEW_ROWS && b.col_stride == 1);
        // Of a plain panel, only what is not whole is packed.
        let whole = if plain { b.cols / self.panel() * self.panel() } else { 0 };
        let packed = depth * self.packed_width(b.cols - whole);
        with_scratch(packed + Blocks::strips(a.cols(0, depth)), |room| {
            let (packed, strips) = room.split_at_mut(packed);
            for top in (0..a.cols).step_by(depth) {
                let depth = depth.min(a.cols - top);
                let (a, b) = (a.cols(top, depth), b.rows(top, depth));
                let packed = &mut packed[..depth * self.packed_width(b.cols - whole)];
                if whole < b.cols {
                    self.pack(b.cols(whole, b.cols - whole), packed);
                }
                let right = if plain { Right::Plain(b, packed) } else { Right::Packed(packed) };
                let beta = if top == 0 { scale.1 } else { T::ONE };
                self.multiply(out, a, right, (scale.0, beta), part, strips);
            }
        });
    }
}

struct Pack<'a, T> {
    b: Matrix<'a, T>,
    panel: usize,
    to: &'a mut [T],
}

impl<T: Float> WithSimd for Pack<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let Pack { b, panel, to } = self;
        for (at, to) in to.chunks_mut(b.rows * panel).enumerate() {
            let (left, width) = (at * panel, to.len() / b.rows);
            let columns = b.cols(left, width.min(b.cols - left));
            for (i, to) in to.chunks_exact_mut(width).enumerate() {
                if columns.col_stride != 1 {
                    to.iter_mut().enumerate().for_each(|(j, to)| *to = if j < columns.cols { columns.at(i, j) } else { T::ZERO });
                    continue;
                }
                let row = &columns.elements[i * columns.row_stride..][..columns.cols];
                // Vector by vector: lengths that the compiler does not know are copied by a call.
                let (vectors, rest) = T::vectors::<S>(row);
                T::vectors_mut::<S>(to).0.iter_mut().zip(vectors).for_each(|(to, vector)| *to = *vector);
                let (of_rest, filling) = to[row.len() - rest.len()..].split_at_mut(rest.len());
                of_rest.iter_mut().zip(rest).for_each(|(to, value)| *to = *value);
                filling.fill(T::ZERO);
            }
        }
    }
}

struct Multiply<'a, 'o, 'p, T> {
    out: &'a mut MatrixMut<'o, T>,
    a: Matrix<'a, T>,
    right: Right<'a, 'p, T>,
    scale: (T, T),
    part: Part,
    strips: &'a mut [T],
}

impl<T: Float> WithSimd for Multiply<'_, '_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        if S::REGISTER_COUNT >= 32 { self.run::<S, 4>(simd) } else { self.run::<S, 2>(simd) }
    }
}

impl<T: Float> Multiply<'_, '_, '_, T> {
    #[inline(always)]
    fn run<S: Simd, const V: usize>(mut self, simd: S) {
        let (a, strips) = (self.a, std::mem::take(&mut self.strips));
        let depth = a.cols;
        for top in (0..a.rows).step_by(ROWS) {
            let end = a.rows.min(top + ROWS);
            if are_read_in_place(a) {
                self.rows::<S, V, _>(
                    simd,
                    (top, end),
                    #[inline(always)]
                    |first| plain_rows(a, (first, end)),
                );
            } else {
                let strips = &mut strips.as_chunks_mut::<STRIP>().0[..depth * (end - top).div_ceil(STRIP)];
                for (at, strip) in strips.chunks_exact_mut(depth).enumerate() {
                    pack_strip(a.rows(top + at * STRIP, STRIP.min(end - top - at * STRIP)), strip);
                }
                let strips = &*strips;
                self.rows::<S, V, _>(
                    simd,
                    (top, end),
                    #[inline(always)]
                    |first| Strip(&strips[(first - top) / STRIP * depth..][..depth]),
                );
            }
        }
    }

    /// Some rows of the result; `strip` gives those of `a` from its argument on.
    #[inline(always)]
    fn rows<S: Simd, const V: usize, L: Left<T, STRIP>>(&mut self, simd: S, (top, end): (usize, usize), strip: impl Fn(usize) -> L) {
        let (depth, cols, panel) = (self.a.cols, self.out.cols, lanes::<T, S>() * V);
        let panels = cols.div_ceil(panel);
        let start = if let Right::Shared(_, start) = self.right { start } else { 0 };
        for at in (start..panels).chain(0..start) {
            let left = at * panel;
            let width = panel.min(cols - left);
            let (plain, packed) = match self.right {
                Right::Plain(b, _) if width == panel => (Some((&b.elements[left..], b.row_stride)), &[][..]),
                Right::Plain(_, packed) => (None, packed),
                Right::Packed(packed) => (None, &packed[left * depth..packed.len().min((left + panel) * depth)]),
                Right::Shared(panels, _) => (None, panels.packed(at)),
            };
            for first in (top..end).step_by(STRIP) {
                if self.part == Part::Upper && left + width <= first {
                    break;
                }
                let (strip, place) = (strip(first), ((first, STRIP.min(end - first)), (left, width)));
                if let Some(columns) = plain {
                    let sums = times_columns::<T, S, STRIP, V>(simd, strip, columns, depth);
                    write::<T, S, STRIP, V>(simd, self.out, place, &sums, self.scale);
                    continue;
                }
                // The last panel is as wide as it must be.
                match width.div_ceil(lanes::<T, S>()) {
                    vectors if vectors == V => self.tile::<S, V>(simd, strip, packed, place),
                    3 if V > 3 => self.tile::<S, 3>(simd, strip, packed, place),
                    2 if V > 2 => self.tile::<S, 2>(simd, strip, packed, place),
                    _ => self.tile::<S, 1>(simd, strip, packed, place),
                }
            }
        }
    }

    /// Rows times a panel of `V` vectors.
    #[inline(always)]
    fn tile<S: Simd, const V: usize>(&mut self, simd: S, strip: impl Left<T, STRIP>, panel: &[T], place: ((usize, usize), (usize, usize))) {
        let sums = times_panel::<T, S, STRIP, V>(simd, strip, panel);
        write::<T, S, STRIP, V>(simd, self.out, place, &sums, self.scale);
    }
}

/// Whether a strip need not be packed: its rows' numbers lie next to each other.
pub(super) fn are_read_in_place<T: Copy>(a: Matrix<'_, T>) -> bool {
    a.col_stride == 1 || a.cols == 1
}

/// The rows from `first` on. Where less than a strip is left before `end`, the last row comes again and again.
#[inline(always)]
pub(super) fn plain_rows<T: Copy, const R: usize>(a: Matrix<'_, T>, (first, end): (usize, usize)) -> Rows<'_, T, R> {
    let mut rows = Rows([&a.elements[..0]; R]);
    for (at, row) in rows.0.iter_mut().enumerate() {
        *row = &a.elements[(first + at).min(end - 1) * a.row_stride..][..a.cols];
    }
    rows
}

#[inline(always)]
pub(super) fn pack_strip<T: Float, const R: usize>(rows: Matrix<'_, T>, to: &mut [[T; R]]) {
    for (i, to) in to.iter_mut().enumerate() {
        let at = i * rows.col_stride;
        match rows.elements[at..].first_chunk::<R>() {
            Some(column) if rows.row_stride == 1 && rows.rows == R => *to = *column,
            _ => *to = std::array::from_fn(|row| rows.elements[at + row.min(rows.rows - 1) * rows.row_stride]),
        }
    }
}
