//! Shapes and strides of at most [`MAX_AXES`] axes, held inline.

use std::fmt;

use crate::error::{Error, Result};

/// The most axes a tensor can have.
pub const MAX_AXES: usize = 8;

/// Lengths, or strides in elements, of the axes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Axes {
    values: [usize; MAX_AXES],
    len: u8,
}

impl Axes {
    /// No axes.
    pub const NONE: Axes = Axes { values: [0; MAX_AXES], len: 0 };

    /// The values as axes, or `None` when there are more than [`MAX_AXES`].
    pub fn new(values: &[usize]) -> Option<Axes> {
        let mut axes = Axes::NONE;
        axes.values.get_mut(..values.len())?.copy_from_slice(values);
        axes.len = values.len() as u8;
        Some(axes)
    }

    /// Strides of a row-major array of these lengths.
    pub fn row_major_strides(&self) -> Axes {
        let mut strides = *self;
        let mut step = 1;
        for axis in (0..self.len()).rev() {
            strides[axis] = step;
            step *= self[axis].max(1);
        }
        strides
    }

    /// The product of the lengths; 1 without axes.
    pub fn element_count(&self) -> usize {
        self.iter().product()
    }

    /// Without the axis at `position`.
    pub fn without(&self, position: usize) -> Axes {
        let mut rest = Axes::NONE;
        for (axis, &value) in self.iter().enumerate() {
            if axis != position {
                rest.values[rest.len as usize] = value;
                rest.len += 1;
            }
        }
        rest
    }
}

impl std::ops::Deref for Axes {
    type Target = [usize];
    fn deref(&self) -> &[usize] {
        &self.values[..self.len as usize]
    }
}

impl std::ops::DerefMut for Axes {
    fn deref_mut(&mut self) -> &mut [usize] {
        &mut self.values[..self.len as usize]
    }
}

impl fmt::Debug for Axes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// As an author writes it: `[3, 4]`.
impl fmt::Display for Axes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (axis, value) in self.iter().enumerate() {
            if axis > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{value}")?;
        }
        f.write_str("]")
    }
}

/// Checks that a tensor of this shape can exist: at most [`MAX_AXES`] axes, and elements and bytes that can be counted.
///
/// # Errors
/// [`ErrorKind::BadOperation`](crate::ErrorKind::BadOperation), naming operation and shape.
pub fn checked_shape(operation: &str, lengths: &[usize], element_size: usize) -> Result<Axes> {
    let shape =
        Axes::new(lengths).ok_or_else(|| Error::bad(format!("{operation}: {} axes, at most {MAX_AXES} are possible", lengths.len())))?;
    // The product over the axes that are not 0 must fit too: strides are made of it.
    let mut bytes = element_size;
    for &length in lengths {
        bytes = bytes
            .checked_mul(length.max(1))
            .filter(|&bytes| bytes <= isize::MAX as usize)
            .ok_or_else(|| Error::bad(format!("{operation}: a tensor of shape {shape} has more elements than can be counted")))?;
    }
    Ok(shape)
}

/// The shape that `a` and `b` have together: axes are aligned at the last one, lengths must be equal or 1.
///
/// # Errors
/// [`ErrorKind::BadOperation`](crate::ErrorKind::BadOperation) when an axis differs.
pub fn broadcast(operation: &str, a: &Axes, b: &Axes) -> Result<Axes> {
    let (long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    let mut shape = *long;
    let lead = long.len() - short.len();
    for axis in 0..short.len() {
        let (x, y) = (long[lead + axis], short[axis]);
        shape[lead + axis] = match (x, y) {
            (x, y) if x == y => x,
            (1, y) => y,
            (x, 1) => x,
            _ => return Err(Error::bad(format!("{operation}: shapes {a} and {b} do not broadcast: {x} against {y}"))),
        };
    }
    Ok(shape)
}
