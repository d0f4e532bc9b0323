//! Decimal numbers in text.

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
