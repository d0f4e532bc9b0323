//! A product with few rows, on one thread: to pack `b` would take longer than to multiply by it, so it is read once, as it lies in memory.
//!
//! Where rows of `b` are contiguous, some of them at a time pass by the sums. Each element is then the same chain of multiply-adds as with
//! a packed `b`: a row has the same bits among few rows and among many. Where columns are contiguous, each element is a dot product, added up
//! as it is in matrix times vector: a row has the same bits among few and alone.

use pulp::{Simd, WithSimd};

use super::blocks::{Blocks, Part, are_read_in_place, pack_strip, plain_rows};
use super::dots::dots;
use super::scratch::with_scratch;
use super::tile::{Rows, Sums, write};
use super::width::{MOST_LANES, MOST_VECTORS};
use crate::float::Float;
use crate::linalg::{Matrix, MatrixMut, lanes};

/// With more rows, packing `b` takes less than what it brings: where `b` is small, and where it has [`LARGE`] elements or more.
const FEW_ROWS: (usize, usize) = (16, 32);
/// With fewer columns of contiguous rows, to sum all of `b`'s depth in registers takes no longer. The same two.
const WIDE: (usize, usize) = (1 << 9, 1 << 7);
/// So many elements are more than a second-level cache holds.
const LARGE: usize = 1 << 18;
/// Rows that are multiplied together, at most.
const GROUP: usize = 4;
/// Rows of `b` that pass by the sums together. The processor reads ahead in each.
const TOGETHER: usize = 8;
/// Bytes of sums, which stay in the second-level cache.
const SUMS: usize = 1 << 16;
/// With a shorter inner axis for each row, adding up a dot product's lanes takes longer than packing.
const DEEP: usize = 4;
/// Columns of a task: with fewer, rows of `b` are too short to be read ahead.
const COLUMNS: (usize, usize) = (1 << 8, 1 << 10);
/// Most results of a task: with 4096 products each they take a millisecond.
const RESULTS: usize = 1 << 14;
/// A multiple of all panels' widths.
const PANEL: usize = MOST_LANES * MOST_VECTORS;
/// Elements of `b` worth a task, where it need not be wide.
const TASK: usize = 1 << 17;

/// How a `b` lies in memory that is better not packed.
#[derive(Clone, Copy)]
pub(super) enum Order {
    /// Its rows are contiguous, and long.
    Rows,
    /// Its columns are contiguous.
    Columns,
}

impl Order {
    /// `None` where `b` is better packed for so many rows of `a`.
    pub(super) fn of<T: Copy>(rows: usize, b: Matrix<'_, T>) -> Option<Order> {
        let (few, wide) = if b.rows.saturating_mul(b.cols) < LARGE { (FEW_ROWS.0, WIDE.0) } else { (FEW_ROWS.1, WIDE.1) };
        match b {
            _ if rows > few => None,
            Matrix { col_stride: 1, rows: depth, cols, .. } if cols >= wide && depth >= TOGETHER => Some(Order::Rows),
            Matrix { row_stride: 1, rows: depth, .. } if depth >= DEEP * rows.max(GROUP) => Some(Order::Columns),
            _ => None,
        }
    }

    /// Columns of a task, for an m x n result and an inner axis of `k`.
    pub(super) fn task_columns(self, (m, n, k): (usize, usize, usize), threads: usize) -> usize {
        let (least, most) = COLUMNS;
        let columns = match self {
            Order::Rows => n.div_ceil(threads).max(least),
            Order::Columns => n.div_ceil(4 * threads).max(TASK / k),
        };
        // Whole panels: which columns are beyond the last of them must not depend on the threads.
        (columns + PANEL - 1).min(most).min(RESULTS / m) / PANEL * PANEL
    }

    /// `out = alpha a b + beta out`. No axis is empty.
    pub(super) fn product<T: Float>(self, out: &mut MatrixMut<'_, T>, a: Matrix<'_, T>, b: Matrix<'_, T>, scale: (T, T)) {
        // As few groups as possible, of equal size.
        match a.rows.div_ceil(a.rows.div_ceil(GROUP)) {
            ..=2 => self.in_groups::<T, 2>(out, a, b, scale),
            3 => self.in_groups::<T, 3>(out, a, b, scale),
            _ => self.in_groups::<T, GROUP>(out, a, b, scale),
        }
    }

    fn in_groups<T: Float, const R: usize>(self, out: &mut MatrixMut<'_, T>, a: Matrix<'_, T>, b: Matrix<'_, T>, scale: (T, T)) {
        match self {
            Order::Rows => rows::<T, R>(out, a, b, scale),
            Order::Columns => dots::<T, R>(out, a, b, scale),
        }
    }
}

/// Where rows of `b` are contiguous. Columns beyond the last whole panel are packed.
fn rows<T: Float, const R: usize>(out: &mut MatrixMut<'_, T>, a: Matrix<'_, T>, b: Matrix<'_, T>, scale: (T, T)) {
    let (blocks, depth, groups) = (Blocks::of::<T>(), Blocks::depth(a.cols), a.rows.div_ceil(R));
    let whole = b.cols / blocks.panel() * blocks.panel();
    if whole < b.cols {
        blocks.product(&mut out.cols(whole, b.cols - whole), a, b.cols(whole, b.cols - whole), scale, Part::All);
    }
    let width = (SUMS / (size_of::<T>() * groups * R)).next_multiple_of(blocks.panel()).min(whole);
    if width == 0 {
        return;
    }
    with_scratch(groups * R * (depth + width), |room| {
        let (strips, sums) = room.split_at_mut(groups * R * depth);
        for top in (0..a.cols).step_by(depth) {
            let depth = depth.min(a.cols - top);
            let strips = &mut strips.as_chunks_mut::<R>().0[..groups * depth];
            for (group, strip) in strips.chunks_exact_mut(depth).enumerate() {
                pack(a.cols(top, depth), group * R, strip);
            }
            let scale = (scale.0, if top == 0 { scale.1 } else { T::ONE });
            for left in (0..whole).step_by(width) {
                let b = b.rows(top, depth).cols(left, width.min(whole - left));
                blocks.arch().dispatch(AddRows { out: &mut out.cols(left, b.cols), strips, b, sums, scale });
            }
        }
    });
}

/// Packs a group of rows side by side.
fn pack<T: Float, const R: usize>(a: Matrix<'_, T>, first: usize, strip: &mut [[T; R]]) {
    if !are_read_in_place(a) {
        return pack_strip(a.rows(first, R.min(a.rows - first)), strip);
    }
    let Rows(rows) = plain_rows::<T, R>(a, (first, a.rows));
    let rows = rows.map(|row| &row[..strip.len()]);
    for (i, to) in strip.iter_mut().enumerate() {
        *to = std::array::from_fn(|row| rows[row][i]);
    }
}

/// One block's depth of whole panels.
struct AddRows<'a, 'o, T, const R: usize> {
    out: &'a mut MatrixMut<'o, T>,
    /// Groups of `R` rows of `a`.
    strips: &'a [[T; R]],
    b: Matrix<'a, T>,
    sums: &'a mut [T],
    scale: (T, T),
}

impl<T: Float, const R: usize> WithSimd for AddRows<'_, '_, T, R> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        if S::REGISTER_COUNT >= 32 { self.run::<S, 4>(simd) } else { self.run::<S, 2>(simd) }
    }
}

impl<T: Float, const R: usize> AddRows<'_, '_, T, R> {
    #[inline(always)]
    fn run<S: Simd, const V: usize>(self, simd: S) {
        let AddRows { out, strips, b, sums, scale } = self;
        let panel = lanes::<T, S>() * V;
        let (panels, groups) = (b.cols / panel, strips.len() / b.rows);
        let sums = &mut T::vectors_mut::<S>(sums).0.as_chunks_mut::<V>().0.as_chunks_mut::<R>().0[..panels * groups];
        sums.fill([[T::splat(simd, T::ZERO); V]; R]);
        let whole = b.rows / TOGETHER * TOGETHER;
        for top in (0..whole).step_by(TOGETHER) {
            add_rows::<T, S, R, V, TOGETHER>(simd, sums, strips, b, top);
        }
        for top in whole..b.rows {
            add_rows::<T, S, R, V, 1>(simd, sums, strips, b, top);
        }
        for (at, sums) in sums.chunks_exact(groups).enumerate() {
            for (group, sums) in sums.iter().enumerate() {
                let place = ((group * R, R.min(out.rows - group * R)), (at * panel, panel));
                write::<T, S, R, V>(simd, out, place, sums, scale);
            }
        }
    }
}

/// Adds the products with `D` rows of `b` from `top` on to the sums: panel by panel, and in each group by group.
#[inline(always)]
fn add_rows<T: Float, S: Simd, const R: usize, const V: usize, const D: usize>(
    simd: S,
    sums: &mut [Sums<T, S, R, V>],
    strips: &[[T; R]],
    b: Matrix<'_, T>,
    top: usize,
) {
    let groups = strips.len() / b.rows;
    let rows: [&[[T::Vector<S>; V]]; D] = std::array::from_fn(
        #[inline(always)]
        |i| T::vectors::<S>(&b.elements[(top + i) * b.row_stride..][..b.cols]).0.as_chunks::<V>().0,
    );
    for (at, sums) in sums.chunks_exact_mut(groups).enumerate() {
        // Looked up before anything is read, so that numbers of `a` are read where they are spread over a vector.
        let rows: [&[T::Vector<S>; V]; D] = std::array::from_fn(
            #[inline(always)]
            |i| &rows[i][at],
        );
        for (group, sums) in sums.iter_mut().enumerate() {
            let Some(strip) = strips[group * b.rows + top..].first_chunk::<D>() else { return };
            let mut added = *sums;
            for (x, b) in strip.iter().zip(rows) {
                for (&x, added) in x.iter().zip(&mut added) {
                    let x = T::splat(simd, x);
                    for (sum, &b) in added.iter_mut().zip(b) {
                        *sum = T::multiply_add(simd, x, b, *sum);
                    }
                }
            }
            *sums = added;
        }
    }
}
