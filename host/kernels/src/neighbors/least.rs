//! Whether any of many values is what is looked for, in lanes that the compiler vectorises.

/// Values looked at together.
pub(super) const BLOCK: usize = 16;

/// Whether `test` holds for any of the values; looks at all of them.
#[inline(always)]
pub(super) fn any<T: Copy>(values: &[T], test: impl Fn(T) -> bool) -> bool {
    values.iter().fold(false, |any, &value| any | test(value))
}
