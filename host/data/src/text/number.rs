//! Decimal numbers in text.
//!
//! Most numbers in tables are short. Those are read eight bytes at a time in one register, after D. Lemire, "Number parsing at a gigabyte
//! per second" (2021), without a branch per character; all others by `fast_float2`. Either way the result is the nearest number.

use super::super::batch::Number;

/// The number that a text begins with and its length; what follows it is the caller's business.
#[inline]
pub(super) fn prefix<T: Number>(text: &[u8]) -> Option<(T, usize)> {
    fast_float2::parse_partial(text).ok()
}

/// The number that a text is.
pub(super) fn whole<T: Number>(text: &[u8]) -> Option<T> {
    fast_float2::parse(text).ok()
}

/// The number that `text[start..end]` is, when it has at most eight digits, point included, and lies behind the first eight bytes of the
/// text; none for any other.
#[inline(always)]
pub(super) fn short<T: Number>(text: &[u8], start: usize, end: usize) -> Option<T> {
    let sign = usize::from(*text.get(start)? == b'-');
    let keep = KEEP_LAST.get((end - start).wrapping_sub(sign + 1))?;
    let window: &[u8; 8] = text.get(end.checked_sub(8)?..end)?.try_into().ok()?;
    // The last digit is in the highest byte; what lies before the number counts as zeros.
    let mut digits = (u64::from_le_bytes(*window) ^ every(b'0')) & keep;
    // The lowest bit of each byte that is no digit. No sum carries into the next byte.
    let others = ((((digits & every(0x7F)) + every(0x80 - 10)) | digits) & every(0x80)) >> 7;
    let mut fraction = 0;
    if others != 0 {
        let point = others.wrapping_mul(u64::from(b'.' ^ b'0'));
        let is_point_alone = others & (others - 1) == 0 && digits & others.wrapping_mul(0xFF) == point;
        if !is_point_alone || *keep == KEEP_LAST[0] {
            return None;
        }
        // The digits before the point move up by one.
        let before = others - 1;
        digits ^= point;
        digits = (digits & !before) | ((digits & before) << 8);
        fraction = 7 - others.trailing_zeros() as usize / 8;
    }
    Some(T::of_decimal(exact(eight_digits(digits)), sign, fraction & 7))
}

/// An integer as float64. The processor's instruction for that waits for whatever was in the register before, here the number before.
#[inline(always)]
fn exact(integer: u32) -> f64 {
    const TWO_TO_52: f64 = 4_503_599_627_370_496.0;
    f64::from_bits(TWO_TO_52.to_bits() | u64::from(integer)) - TWO_TO_52
}

/// The highest bytes of a word, one more than the index.
const KEEP_LAST: [u64; 8] = {
    let mut masks = [u64::MAX; 8];
    let mut index = 0;
    while index < 7 {
        masks[index] = !(u64::MAX >> (8 * (index + 1)));
        index += 1;
    }
    masks
};

/// A word with this byte everywhere.
const fn every(byte: u8) -> u64 {
    byte as u64 * 0x0101_0101_0101_0101
}

/// The number whose decimal digits are the bytes of a word, the first one lowest.
#[inline(always)]
fn eight_digits(word: u64) -> u32 {
    const PAIRS: u64 = 0x0000_00FF_0000_00FF;
    let pairs = word.wrapping_mul(10).wrapping_add(word >> 8);
    let first = (pairs & PAIRS).wrapping_mul(100 + (1_000_000 << 32));
    let second = ((pairs >> 16) & PAIRS).wrapping_mul(1 + (10_000 << 32));
    (first.wrapping_add(second) >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All of them: a multiplication stands for the division.
    #[test]
    fn every_fraction_of_seven_digits_is_the_nearest_float32() {
        for (fraction, power) in [1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7].into_iter().enumerate() {
            // A quotient of such numbers is the nearest float64, which is no middle between two float32.
            let wrong =
                (0..10_000_000).find(|&digits| f32::of_decimal(exact(digits), 1, fraction + 1) != -(f64::from(digits) / power) as f32);
            assert_eq!(wrong, None, "behind the point: {}", fraction + 1);
        }
        assert_eq!((exact(0), exact(99_999_999)), (0.0, 99_999_999.0));
    }
}
