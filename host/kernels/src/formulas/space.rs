//! The elements a formula is computed for, with as few axes as the operands allow.

use crate::shape::{Axes, MAX_AXES};

/// Lengths of axes, at least one, and each operand's strides along them. The row-major position among them is called flat.
pub(super) struct Space {
    pub(super) shape: Axes,
    pub(super) strides: Vec<Axes>,
}

impl Space {
    /// Takes the axes of `shape` in the given order, without those of length 1, and joins neighbours along which every operand continues
    /// evenly; the axes before the `split`th of the order are not joined with those from it on.
    pub(super) fn new(shape: &Axes, strides: &[Axes], order: &[usize], split: usize) -> Space {
        let mut lengths = [1; MAX_AXES];
        let mut steps = vec![[1; MAX_AXES]; strides.len()];
        let mut count = 0;
        let mut count_at_split = 0;
        for (place, &axis) in order.iter().enumerate() {
            if place == split {
                count_at_split = count;
            }
            if shape[axis] == 1 {
                continue;
            }
            let even = |(own, step): (&Axes, &[usize; MAX_AXES])| step[count - 1] == own[axis] * shape[axis];
            if count > count_at_split && strides.iter().zip(&steps).all(even) {
                count -= 1;
                lengths[count] *= shape[axis];
            } else {
                lengths[count] = shape[axis];
            }
            for (own, step) in strides.iter().zip(&mut steps) {
                step[count] = own[axis];
            }
            count += 1;
        }
        let axes = |values: &[usize; MAX_AXES]| Axes::new(&values[..count.max(1)]).unwrap_or(Axes::NONE);
        Space { shape: axes(&lengths), strides: steps.iter().map(axes).collect() }
    }

    /// Length of the last axis.
    pub(super) fn row(&self) -> usize {
        self.shape.last().copied().unwrap_or(1)
    }
}

/// Strides of an operand of `shape` seen as one of the shape `wanted`, to which it broadcasts.
pub(super) fn broadcast_strides(shape: &Axes, strides: &Axes, wanted: &Axes) -> Axes {
    let lead = wanted.len() - shape.len();
    let mut steps = *wanted;
    for axis in 0..wanted.len() {
        steps[axis] = if axis < lead || shape[axis - lead] != wanted[axis] { 0 } else { strides[axis - lead] };
    }
    steps
}

/// Calls `visit(at, index, length, stride)` for the stretches of the last axis that make up the flat positions from `start` on, `count` of
/// them: `at` counts from `start`, `index` and `stride` are in elements of the operand.
#[inline(always)]
pub(super) fn stretches(
    shape: &Axes,
    strides: &Axes,
    offset: usize,
    start: usize,
    count: usize,
    mut visit: impl FnMut(usize, usize, usize, usize),
) {
    let last = shape.len() - 1;
    let mut position = [0; MAX_AXES];
    let (mut rest, mut index) = (start, offset);
    for axis in (0..=last).rev() {
        position[axis] = rest % shape[axis];
        rest /= shape[axis];
        index += position[axis] * strides[axis];
    }
    let mut at = 0;
    loop {
        let length = (shape[last] - position[last]).min(count - at);
        visit(at, index, length, strides[last]);
        at += length;
        if at >= count {
            return;
        }
        index -= position[last] * strides[last];
        position[last] = 0;
        for axis in (0..last).rev() {
            position[axis] += 1;
            index += strides[axis];
            if position[axis] < shape[axis] {
                break;
            }
            index -= position[axis] * strides[axis];
            position[axis] = 0;
        }
    }
}
