//! How wide panels are, for products and for searches alike.

use pulp::{Arch, Simd, WithSimd};

use crate::float::Float;
use crate::instructions::arch;
use crate::linalg::lanes;

/// Rows that are multiplied together. With six, sums of two vectors each fill 16 registers but for a few, sums of four vectors fill 32.
pub(crate) const STRIP: usize = 6;
/// Most values in a vector.
pub(crate) const MOST_LANES: usize = 16;
/// Most vectors side by side in a panel.
pub(crate) const MOST_VECTORS: usize = 4;

/// The width of a panel, and the instructions that it is for.
#[derive(Clone, Copy)]
pub(crate) struct Width {
    pub(crate) arch: Arch,
    /// Values in a vector.
    pub(crate) lanes: usize,
    /// Vectors in a panel, but for the last one, which may have fewer.
    pub(crate) vectors: usize,
}

impl Width {
    pub(crate) fn of<T: Float>() -> Width {
        struct Ask<T>(Arch, std::marker::PhantomData<T>);
        impl<T: Float> WithSimd for Ask<T> {
            type Output = Width;
            #[inline(always)]
            fn with_simd<S: Simd>(self, _simd: S) -> Width {
                let vectors = if S::REGISTER_COUNT >= 32 { MOST_VECTORS } else { 2 };
                Width { arch: self.0, lanes: lanes::<T, S>(), vectors }
            }
        }
        let arch = arch();
        arch.dispatch(Ask::<T>(arch, std::marker::PhantomData))
    }

    /// Values in a whole panel's row.
    pub(crate) fn panel(self) -> usize {
        self.lanes * self.vectors
    }
}
