//! Changes to a parser's input, the same for the same seed, so that a failing round can be run again.

/// Bytes that mean something in one of the formats.
const MARKS: &[u8] = b"\0\n\r,;:\"[]{}()'#.-e19 \x0A\x12\x7F\x80\xFE\xFF";

/// Chances that come in the same order for the same seed.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % count.max(1)
    }
}

/// The seed with one to four changes: a byte replaced, bits flipped, a part removed, repeated, or moved, the end cut off.
pub(crate) fn mutate(seed: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len());
        let length = random.below(16).min(bytes.len() - at);
        match random.below(7) {
            _ if bytes.is_empty() => bytes.push(MARKS[random.below(MARKS.len())]),
            0 => bytes[at] = MARKS[random.below(MARKS.len())],
            1 => bytes[at] ^= 1 << random.below(8),
            2 => drop(bytes.drain(at..at + length)),
            3 => {
                let part = bytes[at..at + length].to_vec();
                let to = random.below(bytes.len() + 1);
                drop(bytes.splice(to..to, part));
            }
            4 => bytes.truncate(at),
            5 => bytes.insert(at, MARKS[random.below(MARKS.len())]),
            _ => bytes[at..at + length].fill(0xFF),
        }
    }
    bytes
}
