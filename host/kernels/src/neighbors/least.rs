//! The least of many values, in lanes that the compiler vectorises.

use crate::float::Float;

/// Values looked at together.
pub(super) const BLOCK: usize = 16;

/// The least value, where it is first, and the least of the others. There is at least one value, and none is NaN.
///
/// Three short passes over values that are in the cache: a single one that keeps places too does not become vector instructions.
#[inline(always)]
pub(super) fn two_least<T: Float>(values: &mut [T]) -> (T, usize, T) {
    let value = least(values);
    let place = values.chunks(BLOCK).position(|block| any(block, |other| other == value)).map_or(0, |block| block * BLOCK);
    let place = place + values[place..].iter().position(|&other| other == value).unwrap_or(0);
    values[place] = T::INFINITY;
    let second = least(values);
    values[place] = value;
    (value, place, second)
}

/// Whether `test` holds for any of the values; looks at all of them.
#[inline(always)]
pub(super) fn any<T: Float>(values: &[T], test: impl Fn(T) -> bool) -> bool {
    values.iter().fold(false, |any, &value| any | test(value))
}

#[inline(always)]
fn least<T: Float>(values: &[T]) -> T {
    let less = |a: T, b: T| if a < b { a } else { b };
    let mut lanes = [T::INFINITY; BLOCK];
    let (blocks, rest) = values.as_chunks::<BLOCK>();
    for values in blocks {
        for lane in 0..BLOCK {
            lanes[lane] = less(values[lane], lanes[lane]);
        }
    }
    for (lane, &value) in lanes.iter_mut().zip(rest) {
        *lane = less(value, *lane);
    }
    let eight: [T; 8] = std::array::from_fn(|lane| less(lanes[lane], lanes[lane + 8]));
    let four: [T; 4] = std::array::from_fn(|lane| less(eight[lane], eight[lane + 4]));
    less(less(four[0], four[2]), less(four[1], four[3]))
}
