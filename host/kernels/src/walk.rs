//! Walking strided views in row-major order, one run of the last axis at a time.

use crate::shape::Axes;

/// Calls `visit(first, length, stride)` for each run along the last axis, in row-major order. `first` and `stride` are in elements. Axes of
/// length 1 at the end do not count: a column is one run.
/// A tensor without axes is one run of one element; one without elements has no runs.
///
/// # Errors
/// The first error of `visit` ends the walk.
pub fn runs<E>(shape: &Axes, strides: &Axes, offset: usize, mut visit: impl FnMut(usize, usize, usize) -> Result<(), E>) -> Result<(), E> {
    if shape.element_count() == 0 {
        return Ok(());
    }
    let Some(last) = shape.iter().rposition(|&length| length != 1) else {
        return visit(offset, 1, 1);
    };
    let mut position = Axes::NONE;
    position.clone_from(shape);
    position.fill(0);
    let mut first = offset;
    loop {
        visit(first, shape[last], strides[last])?;
        let mut axis = last;
        loop {
            if axis == 0 {
                return Ok(());
            }
            axis -= 1;
            position[axis] += 1;
            first += strides[axis];
            if position[axis] < shape[axis] {
                break;
            }
            first -= position[axis] * strides[axis];
            position[axis] = 0;
        }
    }
}
