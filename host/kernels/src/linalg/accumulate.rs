//! Sums of products of a matrix's columns with each other: one pass over its rows, which may be shifted and weighted on the way.
//!
//! The work is cut by shape. Few columns are one tile of the result, and groups of rows are tasks; many columns are tiles, and each pair of
//! them is a task. Products of some thousand rows are added up in the operands' dtype, everything beyond that in float64.

use std::ops::Range;

use super::matrix::{Matrix, MatrixMut};
use super::product::{Part, partly};
use crate::context::Context;
use crate::error::Result;
use crate::float::Float;
use crate::vectorized::vectorized;
use crate::workspace::Unfilled;

/// As many columns are one tile.
const ONE_TILE: usize = 1024;
/// Columns of a tile where there are more.
const TILE: usize = 512;
/// Most groups of rows, and the least rows of one.
const GROUPS: usize = 16;
const GROUP_ROWS: usize = 2048;
/// Rows multiplied at a time: with 500 columns of float32 they fill half of a second-level cache.
const BLOCK: usize = 512;
/// Rows whose products are added up in the operands' dtype.
const STRETCH: usize = 8 * BLOCK;
/// Sums of groups that are merged by one task.
const MERGED: usize = 1 << 13;
/// Below so many multiplications the hop to the pool costs more than it brings.
const PARALLEL: usize = 1 << 20;

/// What is summed: the rows of `a`, less `shift`, times `weights`.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a, T> {
    pub(super) context: &'a Context,
    /// What errors begin with.
    pub(super) operation: &'a str,
    /// m x n
    pub(super) a: Matrix<'a, T>,
    /// m x 1
    pub(super) weights: Option<Matrix<'a, T>>,
    /// One number for each column.
    pub(super) shift: Option<&'a [T]>,
}

/// The sums over all rows.
pub(super) struct Sums {
    tiles: Unfilled<f64>,
    cuts: Cuts,
}

/// How a sum is cut: by shape alone.
#[derive(Clone, Copy)]
struct Cuts {
    columns: usize,
    /// Columns of one tile, and number of tiles beside each other.
    width: usize,
    tiles: usize,
    rows_of_group: usize,
    groups: usize,
}

impl Cuts {
    fn new(rows: usize, columns: usize) -> Cuts {
        let (width, wanted) =
            if columns <= ONE_TILE { (columns, (rows / GROUP_ROWS.max(8 * columns)).clamp(1, GROUPS)) } else { (TILE, 1) };
        let rows_of_group = rows.div_ceil(wanted).next_multiple_of(BLOCK);
        Cuts { columns, width, tiles: columns.div_ceil(width), rows_of_group, groups: rows.div_ceil(rows_of_group) }
    }

    fn pairs(&self) -> usize {
        self.tiles * (self.tiles + 1) / 2
    }

    /// Numbers that one task adds to: a tile, and the sums of its columns.
    fn task_numbers(&self) -> usize {
        self.width * (self.width + 1)
    }

    /// Which tile is left, and which right, in a pair; the right one is never before the left one.
    fn pair(&self, mut index: usize) -> (usize, usize) {
        let mut left = 0;
        while index >= self.tiles - left {
            index -= self.tiles - left;
            left += 1;
        }
        (left, left + index)
    }

    /// The place of a pair among all pairs.
    fn index(&self, left: usize, right: usize) -> usize {
        left * self.tiles - left * left.saturating_sub(1) / 2 + right - left
    }

    fn columns_of(&self, tile: usize) -> Range<usize> {
        tile * self.width..((tile + 1) * self.width).min(self.columns)
    }
}

impl Sums {
    /// The sum of products of two columns.
    pub(super) fn product(&self, i: usize, j: usize) -> f64 {
        let (i, j) = (i.min(j), i.max(j));
        if self.cuts.tiles == 1 {
            // Most often so, and six divisions fewer.
            return self.tiles[i * self.cuts.width + j];
        }
        let (width, numbers) = (self.cuts.width, self.cuts.task_numbers());
        let (left, right) = (i / width, j / width);
        self.tiles[self.cuts.index(left, right) * numbers + i % width * width + j % width]
    }

    /// The sum of a column; only where rows are shifted.
    pub(super) fn column(&self, j: usize) -> f64 {
        let (width, numbers) = (self.cuts.width, self.cuts.task_numbers());
        self.tiles[self.cuts.index(j / width, j / width) * numbers + width * width + j % width]
    }
}

/// Sums over all rows. Neither axis is empty.
pub(super) fn accumulate<T: Float>(rows: Rows<'_, T>) -> Result<Sums> {
    let (m, n) = (rows.a.rows, rows.a.cols);
    let cuts = Cuts::new(m, n);
    let (pairs, numbers) = (cuts.pairs(), cuts.task_numbers());
    let mut tiles = Unfilled::<f64>::zeroed(rows.context, rows.operation, cuts.groups * pairs * numbers)?;
    let scratch = || Scratch::new(&rows, &cuts);
    let task = |scratch: &mut Scratch<T>, (task, sums): (usize, &mut [f64])| {
        let start = task / pairs * cuts.rows_of_group;
        rows.add_tile(start..(start + cuts.rows_of_group).min(m), &cuts, cuts.pair(task % pairs), scratch, sums)
    };
    let parallel = m.saturating_mul(n).saturating_mul(n) >= PARALLEL;
    rows.context.each_with(parallel, tiles.chunks_mut(numbers).enumerate(), scratch, task)?;
    let (first, others) = tiles.split_at_mut(pairs * numbers);
    let merge = |(part, sums): (usize, &mut [f64])| {
        for other in others.chunks_exact(pairs * numbers) {
            sums.iter_mut().zip(&other[part * MERGED..]).for_each(|(sum, &value)| *sum += value);
        }
        Ok(())
    };
    rows.context.each(others.len() >= PARALLEL, first.chunks_mut(MERGED).enumerate(), merge)?;
    Ok(Sums { tiles, cuts })
}

/// What one thread needs for a tile.
struct Scratch<T> {
    left: Unfilled<T>,
    right: Unfilled<T>,
    products: Unfilled<T>,
    column_sums: Unfilled<T>,
}

impl<T: Float> Scratch<T> {
    fn new(rows: &Rows<'_, T>, cuts: &Cuts) -> Result<Scratch<T>> {
        let of = |count| Unfilled::new(rows.context, rows.operation, count);
        let block = BLOCK.min(rows.a.rows) * cuts.width;
        let (shifted, weighted) = (rows.shift.is_some(), rows.weights.is_some());
        Ok(Scratch {
            left: of(if shifted || weighted { block } else { 0 })?,
            right: of(if shifted && (weighted || cuts.tiles > 1) { block } else { 0 })?,
            products: of(cuts.width * cuts.width)?,
            column_sums: of(cuts.width)?,
        })
    }
}

impl<T: Float> Rows<'_, T> {
    /// Adds the products of two tiles' columns over a group of rows; of a tile with itself, only those on and above the diagonal.
    fn add_tile(
        &self,
        group: Range<usize>,
        cuts: &Cuts,
        (left, right): (usize, usize),
        scratch: &mut Scratch<T>,
        sums: &mut [f64],
    ) -> Result<()> {
        let (left_columns, right_columns) = (cuts.columns_of(left), cuts.columns_of(right));
        let (sums, column_sums) = sums.split_at_mut(cuts.width * cuts.width);
        for stretch in group.clone().step_by(STRETCH) {
            let end = (stretch + STRETCH).min(group.end);
            let products = &mut scratch.products[..left_columns.len() * cuts.width];
            for start in (stretch..end).step_by(BLOCK) {
                self.context.check(self.operation)?;
                let block = self.a.rows(start, BLOCK.min(end - start));
                let weights = self.weights.map(|weights| weights.rows(start, block.rows));
                scratch.column_sums.fill(T::ZERO);
                let x = self.prepare(block, &left_columns, weights, &mut scratch.left, &mut scratch.column_sums);
                for (sum, &part) in column_sums.iter_mut().zip(scratch.column_sums.iter()) {
                    *sum += part.to_f64();
                }
                let y = match weights {
                    None if left == right => x,
                    _ => self.prepare(block, &right_columns, None, &mut scratch.right, &mut scratch.column_sums),
                };
                let beta = if start == stretch { T::ZERO } else { T::ONE };
                let (rows, cols) = (left_columns.len(), right_columns.len());
                let mut out = MatrixMut { elements: &mut *products, rows, cols, row_stride: cuts.width, col_stride: 1 };
                let part = if left == right { Part::Upper } else { Part::All };
                partly(&mut out, x.transposed(), y, (T::ONE, beta), part);
            }
            vectorized(
                #[inline(always)]
                || {
                    for (sum, &part) in sums.iter_mut().zip(products.iter()) {
                        *sum += part.to_f64();
                    }
                },
            );
        }
        Ok(())
    }

    /// Some columns of a block of rows as they are multiplied: a view, or a copy in `to`. Adds a copy's columns to `sums`.
    fn prepare<'s>(
        &'s self,
        block: Matrix<'s, T>,
        columns: &Range<usize>,
        weights: Option<Matrix<'_, T>>,
        to: &'s mut [T],
        sums: &mut [T],
    ) -> Matrix<'s, T> {
        let (width, view) = (columns.len(), block.cols(columns.start, columns.len()));
        if self.shift.is_none() && weights.is_none() {
            return view;
        }
        let sums = &mut sums[..width];
        for (row, to) in to.chunks_exact_mut(width).take(block.rows).enumerate() {
            if view.col_stride == 1 {
                to.copy_from_slice(&view.elements[row * view.row_stride..][..width]);
            } else {
                to.iter_mut().enumerate().for_each(|(col, value)| *value = view.at(row, col));
            }
            let weight = weights.map_or(T::ONE, |weights| weights.at(row, 0));
            vectorized(
                #[inline(always)]
                || match self.shift {
                    Some(shift) => shift_row(to, &shift[columns.start..columns.end], weight, sums),
                    None => to.iter_mut().for_each(|value| *value = *value * weight),
                },
            );
        }
        Matrix::row_major(to, block.rows, width)
    }
}

#[inline(always)]
fn shift_row<T: Float>(row: &mut [T], shift: &[T], weight: T, sums: &mut [T]) {
    for ((value, &shift), sum) in row.iter_mut().zip(shift).zip(sums) {
        let shifted = (*value - shift) * weight;
        *value = shifted;
        *sum = *sum + shifted;
    }
}
