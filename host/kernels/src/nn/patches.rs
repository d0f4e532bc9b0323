//! Images as matrices: a column for each place of the window, a row for each of its elements, some places at a time.

use std::ops::Range;

use super::number::Number;
use super::window::Places;

/// Elements of a matrix that stays in the cache.
const ELEMENTS: usize = 1 << 16;
/// Fewer places at a time waste products.
const FEWEST: usize = 64;

/// Places in one matrix for windows of `depth` elements.
pub(super) fn places_at_a_time(places: &Places, depth: usize) -> usize {
    (ELEMENTS / depth.max(1)).max(FEWEST).min(places.place_count())
}

/// Calls `visit(row of the matrix, columns of it, channel and first position in the image, step in the image)` for every stretch of the
/// matrix that lies inside of the image; what is left out is padding.
#[inline(always)]
fn stretches(places: &Places, channels: usize, range: &Range<usize>, mut visit: impl FnMut(usize, Range<usize>, usize, usize)) {
    let (wide, stride) = (places.count[1], places.window.stride[1]);
    let mut row = 0;
    for channel in 0..channels {
        for down in 0..places.size[0] {
            for right in 0..places.size[1] {
                let inside = places.inside(right);
                for line in range.start / wide..range.end.div_ceil(wide) {
                    let start = (line * wide + inside.start).max(range.start);
                    let end = (line * wide + inside.end).min(range.end);
                    let Some(image_row) = places.position(0, line, down) else { continue };
                    if start < end {
                        let column = (start - line * wide) * stride + right * places.window.dilation[1] - places.window.padding[1];
                        let first = channel * places.image_elements() + image_row * places.image[1] + column;
                        visit(row, start - range.start..end - range.start, first, stride);
                    }
                }
                row += 1;
            }
        }
    }
}

/// Writes the matrix of `range` of the places: `depth` rows as long as the range. `image` has `channels` channels.
#[inline(always)]
pub(super) fn gather<T: Number>(places: &Places, channels: usize, image: &[T], range: &Range<usize>, matrix: &mut [T]) {
    let length = range.len();
    matrix.fill(T::ZERO);
    stretches(
        places,
        channels,
        range,
        #[inline(always)]
        |row, columns, first, stride| {
            let to = &mut matrix[row * length..][columns];
            if stride == 1 {
                to.copy_from_slice(&image[first..first + to.len()]);
            } else {
                to.iter_mut().zip(image[first..].iter().step_by(stride)).for_each(|(to, &from)| *to = from);
            }
        },
    );
}

/// Adds the matrix back to the image it was gathered from: the adjoint of [`gather`].
#[inline(always)]
pub(super) fn scatter<T: Number>(places: &Places, channels: usize, image: &mut [T], range: &Range<usize>, matrix: &[T]) {
    let length = range.len();
    stretches(
        places,
        channels,
        range,
        #[inline(always)]
        |row, columns, first, stride| {
            let from = &matrix[row * length..][columns];
            if stride == 1 {
                image[first..first + from.len()].iter_mut().zip(from).for_each(|(to, &from)| *to = *to + from);
            } else {
                image[first..].iter_mut().step_by(stride).zip(from).for_each(|(to, &from)| *to = *to + from);
            }
        },
    );
}
