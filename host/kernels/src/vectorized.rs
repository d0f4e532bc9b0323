//! Plain loops, compiled once for each instruction set and chosen when the processor is known.

use crate::instructions::arch;

/// Runs `work`, compiled for the best instruction set that this processor has.
///
/// Only what is inlined is compiled so: the closure, and every function with the loops it calls, must say `#[inline(always)]`. The bound
/// is `FnMut` because a closure called as `FnOnce` goes through a shim that is not inlined.
#[inline(always)]
pub(crate) fn vectorized<R>(work: impl FnMut() -> R) -> R {
    struct Work<F>(F);
    impl<R, F: FnMut() -> R> pulp::WithSimd for Work<F> {
        type Output = R;
        #[inline(always)]
        fn with_simd<S: pulp::Simd>(mut self, _simd: S) -> R {
            (self.0)()
        }
    }
    arch().dispatch(Work(work))
}
