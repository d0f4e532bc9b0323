//! The borders between the cells of a text, whatever its format.

/// Walks over the cells of a text.
///
/// The borders of 64 bytes are found at once, as the bits of a word. So the place of the next cell does not wait for the length of the
/// number in this one, and the processor works on several numbers at a time.
pub(super) struct Cursor<'a> {
    pub(super) text: &'a [u8],
    delimiter: u8,
    end: u8,
    /// Where the next cell begins.
    pub(super) at: usize,
    /// The first of the 64 bytes.
    block: usize,
    /// The bits of those borders in the block that were not passed yet.
    borders: u64,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(delimiter: u8, end: u8, text: &'a [u8]) -> Cursor<'a> {
        let mut cursor = Cursor { text, delimiter, end, at: 0, block: 0, borders: 0 };
        cursor.seek(0);
        cursor
    }

    /// Moves to a cell or line that does not follow the last border.
    pub(super) fn seek(&mut self, at: usize) {
        self.at = at;
        self.block = at & !63;
        self.borders = self.borders_in_block() & (u64::MAX << (at & 63));
    }

    /// The next delimiter or line end, or the end of the text.
    #[inline(always)]
    pub(super) fn next_border(&mut self) -> usize {
        while self.borders == 0 {
            self.block += 64;
            if self.block >= self.text.len() {
                return self.text.len();
            }
            self.borders = self.borders_in_block();
        }
        let border = self.block + self.borders.trailing_zeros() as usize;
        self.borders &= self.borders - 1;
        border
    }

    #[inline(always)]
    fn borders_in_block(&self) -> u64 {
        let rest = self.text.get(self.block..).unwrap_or_default();
        match rest.first_chunk::<64>() {
            Some(block) => self.borders_in(block),
            None => {
                // What follows the text is no border.
                let mut block = [0; 64];
                block[..rest.len()].copy_from_slice(rest);
                self.borders_in(&block)
            }
        }
    }

    #[inline(always)]
    fn borders_in(&self, block: &[u8; 64]) -> u64 {
        let flags = block.map(|byte| u8::from(byte == self.delimiter) | u8::from(byte == self.end));
        let mut borders = 0;
        for (index, flags) in flags.as_chunks::<8>().0.iter().enumerate() {
            // Gathers the lowest bits of the eight bytes in the highest byte.
            let bits = u64::from_le_bytes(*flags).wrapping_mul(0x0102_0408_1020_4080) >> 56;
            borders |= bits << (8 * index);
        }
        borders
    }
}
