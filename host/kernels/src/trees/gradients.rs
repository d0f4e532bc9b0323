//! Gradients and hessians as the grower keeps them: as they were given, for leaf values, and rounded to 15 bits, for histograms.

use crate::context::Context;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::tensor::Tensor;
use crate::vectorized::vectorized;

/// A row that takes part in growing: its number in the low 32 bits, its rounded hessian in the 16 above, its rounded gradient in the
/// highest 16. Rows move between nodes with their gradients, so that histograms read them in order.
pub(super) type Entry = u64;

/// Largest rounded gradient or hessian.
const LARGEST: f32 = 32_767.0;
/// Rows of one task.
const TASK: usize = 1 << 15;

/// The row of an entry.
#[inline(always)]
pub(super) fn row_of(entry: Entry) -> usize {
    entry as u32 as usize
}

/// Gradient and hessian of an entry as one number to add: the gradient times 2³², plus the hessian. Sums of up to 65,536 of them can be
/// taken apart again.
#[inline(always)]
pub(super) fn packed(entry: Entry) -> u64 {
    let gradient = (entry as i64 >> 48) << 32;
    (gradient as u64).wrapping_add(entry >> 32 & 0xffff)
}

/// A sum of [`packed`] numbers, taken apart: gradient, hessian.
#[inline(always)]
pub(super) fn unpacked(sum: u64) -> [f64; 2] {
    [f64::from((sum >> 32) as i32), f64::from(sum as u32)]
}

/// What the rounded numbers mean.
pub(super) struct Taken {
    /// What a rounded gradient and a rounded hessian of 1 stand for.
    pub(super) units: [f64; 2],
    /// Rows that take part: those whose gradient and hessian are not both 0.
    pub(super) rows: usize,
}

/// Copies gradients and hessians to `pairs` and makes the entries of the rows that take part, in order, at the front of `entries`.
pub(super) fn take(
    context: &Context,
    operation: &str,
    (gradients, hessians): (&Tensor, &Tensor),
    seed: u32,
    pairs: &mut [[f32; 2]],
    entries: &mut [Entry],
) -> Result<Taken> {
    let rows = pairs.len();
    check_shape(operation, "gradients", gradients, rows)?;
    check_shape(operation, "hessians", hessians, rows)?;
    let (gradient_storage, hessian_storage) = (gradients.read(operation)?, hessians.read(operation)?);
    let gradients = Values { elements: gradient_storage.elements(), first: gradients.offset(), stride: gradients.strides()[0] };
    let hessians = Values { elements: hessian_storage.elements(), first: hessians.offset(), stride: hessians.strides()[0] };
    let copy = |(i, pairs): (usize, &mut [[f32; 2]])| {
        context.check(operation)?;
        let task = Task::copy(pairs, gradients, hessians, i * TASK);
        if task.is_sound { Ok(task) } else { Err(unsound(operation, pairs, i * TASK)) }
    };
    let copied: Vec<Task> = context.answers(rows > TASK, pairs.chunks_mut(TASK).enumerate(), copy)?;
    let largest = |of: fn(&Task) -> f32| copied.iter().map(of).fold(0.0, f32::max);
    let rounding = Rounding::new(largest(|task| task.largest_gradient), largest(|task| task.largest_hessian), seed);
    let mut parts = Vec::with_capacity(copied.len());
    let mut rest = entries;
    for (i, task) in copied.iter().enumerate() {
        let (part, others) = rest.split_at_mut(task.rows);
        parts.push((i, part));
        rest = others;
    }
    let pairs = &*pairs;
    context.each(rows > TASK, parts.into_iter(), |(i, part)| {
        rounding.entries(&pairs[i * TASK..rows.min((i + 1) * TASK)], i * TASK, part);
        Ok(())
    })?;
    Ok(Taken { units: rounding.units(), rows: copied.iter().map(|task| task.rows).sum() })
}

fn check_shape(operation: &str, what: &str, values: &Tensor, rows: usize) -> Result<()> {
    if values.dtype() != DType::Float32 {
        return Err(Error::not_supported(format!("{operation}: {what} of {}; cast to float32", values.dtype())));
    }
    match values.shape()[..] {
        [n] | [n, 1] if n == rows => Ok(()),
        _ => Err(Error::bad(format!("{operation}: {what} of shape {}; [{rows}] or [{rows}, 1] is wanted", values.shape()))),
    }
}

/// The elements of a tensor of one column.
#[derive(Clone, Copy)]
struct Values<'a> {
    elements: &'a [f32],
    first: usize,
    stride: usize,
}

impl Values<'_> {
    #[inline(always)]
    fn get(&self, i: usize) -> f32 {
        self.elements[self.first + i * self.stride]
    }
}

/// What is known of the rows of one task.
struct Task {
    largest_gradient: f32,
    largest_hessian: f32,
    rows: usize,
    /// All are finite, and no hessian is negative.
    is_sound: bool,
}

impl Task {
    fn copy(pairs: &mut [[f32; 2]], gradients: Values<'_>, hessians: Values<'_>, first_row: usize) -> Task {
        for (i, pair) in pairs.iter_mut().enumerate() {
            *pair = [gradients.get(first_row + i), hessians.get(first_row + i)];
        }
        vectorized(
            #[inline(always)]
            || {
                let mut task = Task { largest_gradient: 0.0, largest_hessian: 0.0, rows: 0, is_sound: true };
                for &[gradient, hessian] in &*pairs {
                    task.largest_gradient = task.largest_gradient.max(gradient.abs());
                    task.largest_hessian = task.largest_hessian.max(hessian);
                    task.rows += usize::from((gradient != 0.0) | (hessian != 0.0));
                    task.is_sound &= (gradient.abs() < f32::INFINITY) & (0.0..f32::INFINITY).contains(&hessian);
                }
                task
            },
        )
    }
}

fn unsound(operation: &str, pairs: &[[f32; 2]], first_row: usize) -> Error {
    let is_sound = |&[gradient, hessian]: &[f32; 2]| gradient.is_finite() && hessian.is_finite() && hessian >= 0.0;
    let row = pairs.iter().position(|pair| !is_sound(pair)).unwrap_or(0);
    let [gradient, hessian] = pairs[row];
    Error::bad(format!(
        "{operation}: row {} has gradient {gradient} and hessian {hessian}; finite ones, and a hessian of at least 0, are wanted",
        first_row + row
    ))
}

/// From numbers to whole numbers of up to 15 bits.
struct Rounding {
    scales: [f32; 2],
    seed: u32,
}

impl Rounding {
    fn new(largest_gradient: f32, largest_hessian: f32, seed: u32) -> Rounding {
        let scale = |largest: f32| if largest > 0.0 { (LARGEST / largest).min(1e30) } else { 1.0 };
        Rounding { scales: [scale(largest_gradient), scale(largest_hessian)], seed }
    }

    fn units(&self) -> [f64; 2] {
        self.scales.map(|scale| 1.0 / f64::from(scale))
    }

    /// Fills `entries` with those rows of `pairs` that take part.
    fn entries(&self, pairs: &[[f32; 2]], first_row: usize, entries: &mut [Entry]) {
        if entries.len() == pairs.len() {
            vectorized(
                #[inline(always)]
                || {
                    for (i, (entry, &pair)) in entries.iter_mut().zip(pairs).enumerate() {
                        *entry = self.entry(pair, (first_row + i) as u32);
                    }
                },
            );
            return;
        }
        let taking_part = pairs.iter().enumerate().filter(|(_, pair)| **pair != [0.0, 0.0]);
        for (entry, (i, &pair)) in entries.iter_mut().zip(taking_part) {
            *entry = self.entry(pair, (first_row + i) as u32);
        }
    }

    /// Rounds up with the probability of the fraction: by 8 random bits each, from a hash of the row (the finalizer of MurmurHash3).
    #[inline(always)]
    fn entry(&self, [gradient, hessian]: [f32; 2], row: u32) -> Entry {
        let mut hash = row.wrapping_mul(0x9E37_79B1) ^ self.seed;
        hash = (hash ^ hash >> 16).wrapping_mul(0x85EB_CA6B);
        hash = (hash ^ hash >> 13).wrapping_mul(0xC2B2_AE35);
        hash ^= hash >> 16;
        let fraction = |bits: u32| (bits as i32 as f32 + 0.5) / 256.0;
        // The sums are exact: a float32 below 2^15 holds 9 binary places.
        let gradient = (gradient * self.scales[0] + fraction(hash & 255)).floor().clamp(-LARGEST, LARGEST) as i32;
        let hessian = (hessian * self.scales[1] + fraction(hash >> 8 & 255)).floor().clamp(0.0, LARGEST) as i32;
        u64::from(gradient as u32) << 48 | u64::from(hessian as u32) << 32 | u64::from(row)
    }
}
