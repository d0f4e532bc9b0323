//! The counter-based generator Philox 4x32-10 (Salmon, Moraes, Dror and Shaw, Parallel random numbers: as easy as 1, 2, 3, SC 2011).

/// Blocks computed side by side, so that the compiler vectorises over them.
pub(crate) const LANES: usize = 16;

const MULTIPLIERS: (u32, u32) = (0xD251_1F53, 0xCD9E_8D57);
const WEYL: (u32, u32) = (0x9E37_79B9, 0xBB67_AE85);
const ROUNDS: usize = 10;

/// Four random words from a counter of four words and a key of two.
pub fn philox(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let words = rounds(counter.map(|word| [word]), key);
    words.map(|[word]| word)
}

/// What tells the numbers of one call from those of another.
#[derive(Clone, Copy)]
pub(crate) struct Stream {
    pub(crate) seed: u32,
    pub(crate) stream: u32,
    pub(crate) kind: u32,
}

impl Stream {
    /// The four words of each of the blocks `first..first + LANES`.
    #[inline(always)]
    pub(crate) fn blocks(self, first: u64) -> [[u32; LANES]; 4] {
        let mut low = [0; LANES];
        let mut high = [0; LANES];
        for lane in 0..LANES {
            let block = first.wrapping_add(lane as u64);
            (low[lane], high[lane]) = (block as u32, (block >> 32) as u32);
        }
        rounds([low, high, [self.stream; LANES], [self.kind; LANES]], [self.seed, 0])
    }
}

#[inline(always)]
fn rounds<const N: usize>(mut words: [[u32; N]; 4], mut key: [u32; 2]) -> [[u32; N]; 4] {
    for _ in 0..ROUNDS {
        let before = words;
        for lane in 0..N {
            let left = u64::from(before[0][lane]) * u64::from(MULTIPLIERS.0);
            let right = u64::from(before[2][lane]) * u64::from(MULTIPLIERS.1);
            words[0][lane] = (right >> 32) as u32 ^ before[1][lane] ^ key[0];
            words[1][lane] = right as u32;
            words[2][lane] = (left >> 32) as u32 ^ before[3][lane] ^ key[1];
            words[3][lane] = left as u32;
        }
        key = [key[0].wrapping_add(WEYL.0), key[1].wrapping_add(WEYL.1)];
    }
    words
}
