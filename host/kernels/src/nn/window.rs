//! How a window moves over an image.

use crate::error::{Error, Result};
use crate::shape::checked_shape;
use crate::tensor::Tensor;

/// How a window moves over the rows and columns of an image. Lengths are in elements; rows come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Steps from one place to the next, from 1.
    pub stride: [usize; 2],
    /// Zeros imagined around the image: above, left, below, right.
    pub padding: [usize; 4],
    /// Distance between neighbours in the window, from 1; 1 where it has no holes.
    pub dilation: [usize; 2],
}

impl Default for Window {
    /// Step 1, no padding, no holes.
    fn default() -> Window {
        Window { stride: [1, 1], padding: [0; 4], dilation: [1, 1] }
    }
}

/// A window of a known size over images of a known size.
#[derive(Clone, Copy)]
pub(super) struct Places {
    /// Rows and columns of an image.
    pub(super) image: [usize; 2],
    /// Rows and columns of the window.
    pub(super) size: [usize; 2],
    /// Rows and columns of places.
    pub(super) count: [usize; 2],
    pub(super) window: Window,
}

/// Padded lengths beyond this are refused, so that positions can be counted with signs.
const LONGEST: usize = 1 << 40;

impl Places {
    pub(super) fn new(operation: &str, image: [usize; 2], size: [usize; 2], window: &Window) -> Result<Places> {
        let mut count = [0; 2];
        for (axis, name) in ["rows", "columns"].into_iter().enumerate() {
            let (length, size, stride, dilation) = (image[axis], size[axis], window.stride[axis], window.dilation[axis]);
            if length == 0 || size == 0 || stride == 0 || dilation == 0 {
                return Err(Error::bad(format!(
                    "{operation}: an image of {length} {name}, a window of {size}, stride {stride}, dilation {dilation}; from 1 up is wanted"
                )));
            }
            let padded = length.checked_add(window.padding[axis]).and_then(|sum| sum.checked_add(window.padding[axis + 2]));
            let spanned = (size - 1).checked_mul(dilation).and_then(|holes| holes.checked_add(1));
            let (Some(padded), Some(spanned)) = (padded.filter(|&sum| sum < LONGEST), spanned) else {
                return Err(Error::bad(format!("{operation}: padding or dilation of {name} beyond counting")));
            };
            if spanned > padded {
                return Err(Error::bad(format!(
                    "{operation}: a window that spans {spanned} {name} does not fit an image of {length}, with padding {padded}"
                )));
            }
            count[axis] = (padded - spanned) / stride + 1;
        }
        checked_shape(operation, &count, 1)?;
        Ok(Places { image, size, count, window: *window })
    }

    pub(super) fn image_elements(&self) -> usize {
        self.image[0] * self.image[1]
    }

    /// Elements of a window, those in the padding included.
    pub(super) fn window_elements(&self) -> usize {
        self.size[0].saturating_mul(self.size[1])
    }

    pub(super) fn place_count(&self) -> usize {
        self.count[0] * self.count[1]
    }

    /// Where element `at` of the window lies in the image along `axis`, at place `place`; none in the padding.
    #[inline(always)]
    pub(super) fn position(&self, axis: usize, place: usize, at: usize) -> Option<usize> {
        let padded = place * self.window.stride[axis] + at * self.window.dilation[axis];
        padded.checked_sub(self.window.padding[axis]).filter(|&position| position < self.image[axis])
    }

    /// The places along columns at which element `at` of the window lies inside of the image.
    #[inline(always)]
    pub(super) fn inside(&self, at: usize) -> std::ops::Range<usize> {
        let (stride, before) = (self.window.stride[1], self.window.padding[1]);
        let shift = at * self.window.dilation[1];
        let start = before.saturating_sub(shift).div_ceil(stride);
        let end = (self.image[1] + before).saturating_sub(shift).div_ceil(stride);
        let end = end.min(self.count[1]);
        start.min(end)..end
    }
}

/// The four lengths of a batch of images: number, channels, rows, columns.
pub(super) fn images(operation: &str, name: &str, x: &Tensor) -> Result<[usize; 4]> {
    let &[n, channels, rows, columns] = &x.shape()[..] else {
        return Err(Error::bad(format!("{operation}: {name} of shape {}; images x channels x rows x columns is wanted", x.shape())));
    };
    Ok([n, channels, rows, columns])
}
