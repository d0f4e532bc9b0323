//! The instruction set that loops run with. Every loop is compiled for each of them; the processor decides, once.

use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};

use pulp::Arch;

/// A set of vector instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Instructions {
    /// What the program is compiled for: SSE2 on x86-64, NEON on aarch64.
    Baseline,
    /// x86-64-v3: AVX2 and FMA.
    V3,
    /// x86-64-v4: AVX-512. Only where the feature of that name is on: its copies of the loops are a third of the kernels' code.
    V4,
}

/// The most that may be used: 0 is whatever there is, others are an [`Instructions`] plus one.
static MOST: AtomicU8 = AtomicU8::new(0);

impl Instructions {
    /// What the loops of this process run with.
    pub fn in_use() -> Instructions {
        match arch() {
            #[cfg(target_arch = "x86_64")]
            Arch::V3(_) => Instructions::V3,
            #[cfg(all(target_arch = "x86_64", feature = "avx512"))]
            Arch::V4(_) => Instructions::V4,
            _ => Instructions::Baseline,
        }
    }

    /// From now on, every loop of this process runs with these instructions at most: to see on one machine what another computes, and at
    /// which speed. Decompositions choose for themselves.
    pub fn limit(self) {
        MOST.store(self as u8 + 1, Ordering::Relaxed);
    }
}

impl fmt::Display for Instructions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Instructions::Baseline => "baseline",
            Instructions::V3 => "v3",
            Instructions::V4 => "v4",
        })
    }
}

#[cfg(test)]
thread_local! {
    /// Overrides the choice on this thread.
    pub(crate) static FORCED_ARCH: std::cell::Cell<Option<Arch>> = const { std::cell::Cell::new(None) };
}

/// The choice, for loops to be dispatched with.
#[inline(always)]
pub(crate) fn arch() -> Arch {
    #[cfg(test)]
    if let Some(forced) = FORCED_ARCH.get() {
        return forced;
    }
    match MOST.load(Ordering::Relaxed) {
        // Another package may have built pulp with more than this one asks for.
        0 | 3 if cfg!(any(feature = "avx512", not(target_arch = "x86_64"))) => Arch::new(),
        #[cfg(target_arch = "x86_64")]
        0 | 2 | 3 => pulp::x86::V3::try_new().map_or(Arch::Scalar, Arch::V3),
        _ => Arch::Scalar,
    }
}
