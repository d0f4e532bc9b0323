//! From random words to numbers.

use super::normal::normal_pair;
use super::philox::{LANES, Stream};
use crate::float::Float;

/// Most numbers that [`LANES`] blocks give.
pub(super) const BATCH: usize = 4 * LANES;

const TWO_POW_24: f32 = 16_777_216.0;
const TWO_POW_32: f64 = 4_294_967_296.0;
const TWO_POW_53: f64 = 9_007_199_254_740_992.0;

/// A type that can be drawn. Both functions compute `BATCH` or half as many numbers, those of the blocks from `block` on.
pub(super) trait Sample: Float {
    /// Numbers from one block.
    const PER_BLOCK: usize;
    /// The kinds of stream.
    const UNIFORM: u32;
    const NORMAL: u32;
    fn uniform(stream: Stream, block: u64, out: &mut [Self; BATCH]);
    fn normal(stream: Stream, block: u64, out: &mut [Self; BATCH]);
}

impl Sample for f32 {
    const PER_BLOCK: usize = 4;
    const UNIFORM: u32 = 0;
    const NORMAL: u32 = 2;

    #[inline(always)]
    fn uniform(stream: Stream, block: u64, out: &mut [f32; BATCH]) {
        let words = stream.blocks(block);
        for lane in 0..LANES {
            for (word, words) in words.iter().enumerate() {
                out[4 * lane + word] = (words[lane] >> 8) as i32 as f32 * (1.0 / TWO_POW_24);
            }
        }
    }

    #[inline(always)]
    fn normal(stream: Stream, block: u64, out: &mut [f32; BATCH]) {
        let words = stream.blocks(block);
        for pair in 0..2 {
            let (mut first, mut second) = ([0.0; LANES], [0.0; LANES]);
            for lane in 0..LANES {
                let radius = (f64::from(words[2 * pair][lane]) + 1.0) * (1.0 / TWO_POW_32);
                let turn = f64::from(words[2 * pair + 1][lane]) * (1.0 / TWO_POW_32);
                let (a, b) = normal_pair(radius, turn);
                (first[lane], second[lane]) = (a as f32, b as f32);
            }
            for lane in 0..LANES {
                (out[4 * lane + 2 * pair], out[4 * lane + 2 * pair + 1]) = (first[lane], second[lane]);
            }
        }
    }
}

impl Sample for f64 {
    const PER_BLOCK: usize = 2;
    const UNIFORM: u32 = 1;
    const NORMAL: u32 = 3;

    #[inline(always)]
    fn uniform(stream: Stream, block: u64, out: &mut [f64; BATCH]) {
        let words = stream.blocks(block);
        for lane in 0..LANES {
            out[2 * lane] = unit(words[0][lane], words[1][lane]);
            out[2 * lane + 1] = unit(words[2][lane], words[3][lane]);
        }
    }

    #[inline(always)]
    fn normal(stream: Stream, block: u64, out: &mut [f64; BATCH]) {
        let words = stream.blocks(block);
        let (mut first, mut second) = ([0.0; LANES], [0.0; LANES]);
        for lane in 0..LANES {
            // The sum is exact: 53 bits and 1 make at most 2⁵³.
            let radius = unit(words[0][lane], words[1][lane]) + 1.0 / TWO_POW_53;
            (first[lane], second[lane]) = normal_pair(radius, unit(words[2][lane], words[3][lane]));
        }
        for lane in 0..LANES {
            (out[2 * lane], out[2 * lane + 1]) = (first[lane], second[lane]);
        }
    }
}

/// A multiple of 2⁻⁵³ in [0, 1).
#[inline(always)]
pub(super) fn unit(high: u32, low: u32) -> f64 {
    // Both halves are exact as float64 and so is their sum: 32 and 21 bits.
    (f64::from(high) * 2_097_152.0 + f64::from(low >> 11)) * (1.0 / TWO_POW_53)
}
