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

/// The number that `text[start..end]` is, when it has at most eight digits, point included, and eight bytes of the text can be read from
/// its first digit on; none for any other.
#[inline(always)]
pub(super) fn short<T: Number>(text: &[u8], start: usize, end: usize) -> Option<T> {
    const POWERS: [f64; 8] = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7];
    let window: &[u8; 9] = text.get(start..)?.first_chunk()?;
    let sign = usize::from(window[0] == b'-');
    let word = u64::from_le_bytes(*window[sign..].first_chunk()?);
    let length = (end - start).wrapping_sub(sign);
    if length.wrapping_sub(1) > 7 {
        return None;
    }
    let digits = word ^ every(b'0');
    // The high bit of each byte of the number that is no digit. No sum carries into the next byte.
    let others = (((digits & every(0x7F)) + every(0x80 - 10)) | digits) & every(0x80) & (u64::MAX >> (64 - 8 * length));
    let (digits, count, fraction) = if others == 0 {
        (digits, length, 0)
    } else {
        let point = others.trailing_zeros() & !7;
        if others & (others - 1) != 0 || (word >> point) as u8 != b'.' || length == 1 {
            return None;
        }
        let before = (1 << point) - 1;
        ((digits & before) | ((digits >> 8) & !before), length - 1, length - 1 - point as usize / 8)
    };
    let value = f64::from(eight_digits(digits << (64 - 8 * count))) / POWERS[fraction & 7];
    // As float32, it is rounded twice. With at most 8 digits, 7 of them behind the point, the quotient is either the middle between two
    // float32 or farther from it than 2⁻⁵⁰ of itself, so that the second rounding does not see the first.
    Some(T::from_f64(f64::from_bits(value.to_bits() | (sign as u64) << 63)))
}

/// A word with this byte everywhere.
pub(super) const fn every(byte: u8) -> u64 {
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
