//! Matrix times matrix. How the work is dealt to threads does not change a bit of the result (see [`blocks`]); where the inner axis is cut, it
//! is cut by shape alone.

mod blocks;
mod dots;
mod few;
mod panels;
mod scratch;
mod tile;
mod width;

use super::matrix::{Matrix, MatrixMut};
use super::vector::combine;
use crate::context::Context;
use crate::error::Result;
use crate::float::Float;
use crate::workspace::Workspace;
pub(crate) use blocks::Part;
use blocks::{Blocks, ROWS, Right};
use few::Order;
use panels::Panels;
use scratch::with_scratch;
pub(crate) use tile::{Rows, times_panel};
pub(crate) use width::{MOST_LANES, MOST_VECTORS, STRIP, Width};

/// Below so many multiplications a plain loop is done before the library has started.
const TINY: usize = 256;
/// Below so many the hop to the pool costs more than it brings.
const PARALLEL: usize = 1 << 20;
/// The same for few rows; fewer than four are as much work as four.
const FEW_PARALLEL: (usize, usize) = (4, 1 << 21);
/// The least work worth a task of its own.
const TASK: usize = 1 << 21;
/// Results that partial products of [`in_depths`] may have.
const SMALL_RESULT: usize = 1 << 18;
/// Longest stretch of the inner axis, and of columns, between two looks at the cancel token.
const STRETCH: usize = 1 << 12;
/// Columns that are packed together.
const PACKED_COLUMNS: usize = 1 << 10;
/// Bytes of blocks that are packed together, unless one alone is larger.
const PACKED_BYTES: usize = 8 << 20;
/// As many columns are multiplied as rows of the transposed product.
const FEW_COLUMNS: usize = 12;
/// Rows of one task, at least.
const FEWEST_ROWS: usize = ROWS / 4;

/// `alpha a b + beta out`: everything about a product but where it goes. Shapes fit (the caller checked); with beta 0, `out` is not read.
#[derive(Clone, Copy)]
pub(crate) struct Product<'a, T> {
    pub(crate) context: &'a Context,
    /// What errors begin with.
    pub(crate) operation: &'a str,
    pub(crate) a: Matrix<'a, T>,
    pub(crate) b: Matrix<'a, T>,
    /// alpha and beta
    pub(crate) scale: (T, T),
}

impl<T: Float> Product<'_, T> {
    pub(crate) fn write_to(self, out: &mut MatrixMut<'_, T>) -> Result<()> {
        let (m, n, k) = (out.rows, out.cols, self.a.cols);
        if m == 0 || n == 0 {
            return Ok(());
        }
        if k == 0 {
            (0..m).for_each(|i| (0..n).for_each(|j| combine(T::ZERO, self.scale, out.at(i, j))));
            return Ok(());
        }
        let work = m.saturating_mul(n).saturating_mul(k);
        if work < TINY && (work < 32 || m > 1 && n > 1) {
            self.tiny(out);
            return Ok(());
        }
        // Rows of the result are cut into tasks, so they should lie apart in memory.
        if out.row_stride < out.col_stride && m > 1 && n > 1 {
            return self.transposed().write_to(&mut out.transposed());
        }
        if n == 1
            && let Some(done) = self.times_vector(out)
        {
            return done;
        }
        if m == 1
            && let Some(done) = self.transposed().times_vector(&mut out.transposed())
        {
            return done;
        }
        // A long inner axis is cut itself, where there are too few columns for tasks.
        if let Some(order) = Order::of(m, self.b)
            && (k < 2 * STRETCH || n >= STRETCH / 4)
        {
            return self.few_rows(out, order);
        }
        if work < PARALLEL {
            serial(out, self.a, self.b, self.scale);
            return Ok(());
        }
        let rows = m.div_ceil(8 * self.context.threads()).clamp(FEWEST_ROWS, ROWS).next_multiple_of(FEWEST_ROWS);
        // How sums are cut must not depend on the threads, how rows are dealt may.
        let row_tasks = m.div_ceil(ROWS.max(TASK / n.saturating_mul(k)));
        if row_tasks < 8 && m.saturating_mul(n) <= SMALL_RESULT && k >= 2 * STRETCH {
            return self.in_depths(out);
        }
        if row_tasks < 8 && n >= 2 * STRETCH {
            return self.in_columns(out, STRETCH, None);
        }
        self.in_rows(out, rows)
    }

    /// The product whose result is the transposed one.
    fn transposed(self) -> Self {
        Product { a: self.b.transposed(), b: self.a.transposed(), ..self }
    }

    fn tiny(self, out: &mut MatrixMut<'_, T>) {
        for i in 0..out.rows {
            for j in 0..out.cols {
                let mut sum = T::ZERO;
                for l in 0..self.a.cols {
                    sum = sum + self.a.at(i, l) * self.b.at(l, j);
                }
                combine(sum, self.scale, out.at(i, j));
            }
        }
    }

    /// Few rows: `b` is not packed.
    fn few_rows(self, out: &mut MatrixMut<'_, T>, order: Order) -> Result<()> {
        let (sizes, (least, parallel)) = ((out.rows, out.cols, self.a.cols), FEW_PARALLEL);
        let work = sizes.0.max(least).saturating_mul(sizes.1).saturating_mul(sizes.2);
        if work < parallel {
            order.product(out, self.a, self.b, self.scale);
            return Ok(());
        }
        self.in_columns(out, order.task_columns(sizes, self.context.threads()), Some(order))
    }

    /// A task for each `rows` rows of the result, while all share packed blocks of `b`: as many below each other as there is room for, so that
    /// rows of the result stay in the cache from one to the next, and threads wait for each other but once.
    fn in_rows(self, out: &mut MatrixMut<'_, T>, rows: usize) -> Result<()> {
        let (n, k) = (out.cols, self.a.cols);
        let (blocks, depth) = (Blocks::of::<T>(), Blocks::depth(k));
        let width = blocks.packed_width(n.min(PACKED_COLUMNS));
        let together = depth * (PACKED_BYTES / (size_of::<T>() * depth * width)).max(1);
        with_scratch(together.min(k) * width, |room| {
            self.context.in_pool(|| {
                for left in (0..n).step_by(PACKED_COLUMNS) {
                    for top in (0..k).step_by(together) {
                        let (cols, together) = (PACKED_COLUMNS.min(n - left), together.min(k - top));
                        let (a, b) = (self.a.cols(top, together), self.b.rows(top, together).cols(left, cols));
                        let panels: Vec<_> = Panels::of_blocks(blocks, b, depth, room).collect();
                        let beta = if top == 0 { self.scale.1 } else { T::ONE };
                        let product = Product { a, b, scale: (self.scale.0, beta), ..self };
                        product.rows_of_blocks(&mut out.cols(left, cols), rows, &panels)?;
                    }
                }
                Ok(())
            })
        })
    }

    /// A task for each `rows` rows; `panels` are `b`, block below block, each of the same depth but the last.
    fn rows_of_blocks(self, out: &mut MatrixMut<'_, T>, rows: usize, panels: &[Panels<'_, T>]) -> Result<()> {
        let (m, n, row_stride, col_stride) = (out.rows, out.cols, out.row_stride.max(1), out.col_stride);
        // Rows do not interleave: `write_to` made the row stride the longer one, and elements are distinct.
        let elements = &mut out.elements[..(m - 1) * row_stride + (n - 1) * col_stride + 1];
        let task_elements = if rows >= m { elements.len() } else { rows * row_stride };
        let (blocks, tasks, depth) = (Blocks::of::<T>(), m.div_ceil(rows), panels.first().map_or(1, Panels::depth));
        let strips = Blocks::strips(self.a.cols(0, depth));
        self.context.each(true, elements.chunks_mut(task_elements).enumerate(), |(task, elements)| {
            let start = task * rows;
            let rows = rows.min(m - start);
            let mut tile = MatrixMut { elements, rows, cols: n, row_stride, col_stride };
            with_scratch(strips, |strips| {
                for (at, panels) in panels.iter().enumerate() {
                    self.context.check(self.operation)?;
                    let a = self.a.rows(start, rows).cols(at * depth, panels.depth());
                    let beta = if at == 0 { self.scale.1 } else { T::ONE };
                    let right = Right::Shared(panels, task * panels.count() / tasks);
                    blocks.multiply(&mut tile, a, right, (self.scale.0, beta), Part::All, strips);
                }
                Ok(())
            })
        })
    }

    /// One thread's share of a product, with looks at the cancel token.
    pub(super) fn in_stretches(self, out: &mut MatrixMut<'_, T>) -> Result<()> {
        self.in_stretches_of(out, None)
    }

    /// The same. With an `order`, `b` is few rows' and not packed.
    fn in_stretches_of(self, out: &mut MatrixMut<'_, T>, order: Option<Order>) -> Result<()> {
        let (alpha, beta) = self.scale;
        for left in (0..out.cols).step_by(STRETCH) {
            let cols = STRETCH.min(out.cols - left);
            for top in (0..self.a.cols).step_by(STRETCH) {
                self.context.check(self.operation)?;
                let depth = STRETCH.min(self.a.cols - top);
                let beta = if top == 0 { beta } else { T::ONE };
                let (a, b) = (self.a.cols(top, depth), self.b.rows(top, depth).cols(left, cols));
                let mut out = out.cols(left, cols);
                match order {
                    Some(order) => order.product(&mut out, a, b, (alpha, beta)),
                    None => serial(&mut out, a, b, (alpha, beta)),
                }
            }
        }
        Ok(())
    }

    /// Few rows and columns, a long inner axis: tasks cut the inner axis, and their sums are merged in order.
    fn in_depths(self, out: &mut MatrixMut<'_, T>) -> Result<()> {
        let (m, n, k) = (out.rows, out.cols, self.a.cols);
        let depth = STRETCH.max(TASK / (m * n)).max(k.div_ceil(64));
        let mut parts = Workspace::<T>::new(self.context, self.operation, k.div_ceil(depth) * m * n)?;
        self.context.each(true, parts.chunks_mut(m * n).enumerate(), |(task, part)| {
            let (top, depth) = (task * depth, depth.min(k - task * depth));
            // The longer axis of the result is contiguous: it is what panels run along.
            let (row_stride, col_stride) = if m > n { (1, m) } else { (n, 1) };
            let mut part = MatrixMut { elements: part, rows: m, cols: n, row_stride, col_stride };
            let (a, b) = (self.a.cols(top, depth), self.b.rows(top, depth));
            Product { a, b, scale: (T::ONE, T::ZERO), ..self }.in_stretches(&mut part)
        })?;
        let (sums, others) = parts.split_at_mut(m * n);
        for other in others.chunks_exact(m * n) {
            sums.iter_mut().zip(other).for_each(|(sum, &value)| *sum = *sum + value);
        }
        let (down, right) = if m > n { (1, m) } else { (n, 1) };
        (0..m).for_each(|i| (0..n).for_each(|j| combine(sums[i * down + j * right], self.scale, out.at(i, j))));
        Ok(())
    }

    /// Few rows, many columns: a task for each `width` columns. The order is that of all columns: the last task may have too few to tell.
    fn in_columns(self, out: &mut MatrixMut<'_, T>, width: usize, order: Option<Order>) -> Result<()> {
        let (m, n, row_stride, col_stride) = (out.rows, out.cols, out.row_stride.max(1), out.col_stride);
        let row_elements = (n - 1) * col_stride + 1;
        let mut tasks: Vec<Vec<&mut [T]>> = (0..n.div_ceil(width)).map(|_| Vec::with_capacity(m)).collect();
        // One row may have a shorter stride than elements; several do not interleave (see `in_rows`).
        let row_stride = if m == 1 { row_elements } else { row_stride };
        for row in out.elements.chunks_mut(row_stride).take(m) {
            let pieces = row[..row_elements].chunks_mut(width * col_stride);
            tasks.iter_mut().zip(pieces).for_each(|(task, piece)| task.push(piece));
        }
        let tile = || Workspace::<T>::new(self.context, self.operation, m * width);
        self.context.each_with(true, tasks.into_iter().enumerate(), tile, |tile, (task, rows)| {
            let (left, cols) = (task * width, width.min(n - task * width));
            let part = Product { b: self.b.cols(left, cols), scale: (T::ONE, T::ZERO), ..self };
            part.in_stretches_of(&mut MatrixMut::row_major(&mut tile[..m * cols], m, cols), order)?;
            for (row, sums) in rows.into_iter().zip(tile.chunks_exact(cols)) {
                if col_stride == 1 {
                    row.iter_mut().zip(sums).for_each(|(out, &sum)| combine(sum, self.scale, out));
                } else {
                    row.iter_mut().step_by(col_stride).zip(sums).for_each(|(out, &sum)| combine(sum, self.scale, out));
                }
            }
            Ok(())
        })
    }
}

/// `out = alpha a b + beta out` on this thread. With beta 0, `out` is not read.
pub(crate) fn serial<T: Float>(out: &mut MatrixMut<'_, T>, a: Matrix<'_, T>, b: Matrix<'_, T>, scale: (T, T)) {
    partly(out, a, b, scale, Part::All);
}

/// As [`serial`]; elements outside of `part` are anything.
pub(crate) fn partly<T: Float>(out: &mut MatrixMut<'_, T>, a: Matrix<'_, T>, b: Matrix<'_, T>, scale: (T, T), part: Part) {
    assert!(a.rows == out.rows && b.cols == out.cols && a.cols == b.rows, "shapes were checked by the caller");
    if out.rows == 0 || out.cols == 0 {
        return;
    }
    if a.cols == 0 {
        (0..out.rows).for_each(|i| (0..out.cols).for_each(|j| combine(T::ZERO, scale, out.at(i, j))));
        return;
    }
    if part == Part::All
        && let Some(order) = Order::of(a.rows, b)
    {
        return order.product(out, a, b, scale);
    }
    let blocks = Blocks::of::<T>();
    // A few columns of a long transposed matrix: as rows of the transposed result, they pass by the matrix as it lies in memory.
    if part == Part::All && out.cols < out.rows && out.cols <= FEW_COLUMNS && a.row_stride == 1 && a.col_stride > 1 {
        return partly(&mut out.transposed(), b.transposed(), a.transposed(), scale, part);
    }
    if part == Part::Upper {
        // The diagonal is told by numbers of rows and columns: these stay together.
        return blocks.product(out, a, b, scale, part);
    }
    for left in (0..out.cols).step_by(PACKED_COLUMNS) {
        let cols = PACKED_COLUMNS.min(out.cols - left);
        blocks.product(&mut out.cols(left, cols), a, b.cols(left, cols), scale, part);
    }
}
