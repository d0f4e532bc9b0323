//! Which rows of a channel belong to a host and to a part.

use super::super::reader::{Part, Split};
use super::Share;

/// Decides by the number of a row alone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pick {
    share: Share,
    split: Option<Split>,
}

impl Pick {
    pub(super) fn new(share: Share, split: Option<Split>) -> Pick {
        Pick { share, split }
    }

    pub(super) fn takes_all(self) -> bool {
        self.share.size <= 1 && self.split.is_none()
    }

    /// Whether the row of this number, from 0, is one of the part's. Rows are dealt to hosts in turn; whether one is for validation does not
    /// depend on the hosts.
    pub(super) fn takes(self, row: u64) -> bool {
        let is_mine = self.share.size <= 1 || row % u64::from(self.share.size) == u64::from(self.share.rank);
        is_mine && self.split.is_none_or(|split| split.is_for_validation(row) == (split.part == Part::Validation))
    }

    /// How many of the first `rows` rows are taken.
    pub(super) fn count(self, rows: u64) -> u64 {
        if self.takes_all() { rows } else { (0..rows).filter(|&row| self.takes(row)).count() as u64 }
    }
}

impl Split {
    fn is_for_validation(self, row: u64) -> bool {
        // 53 bits of it are a number from 0 to 1.
        let number = (mixed(row ^ mixed(u64::from(self.seed))) >> 11) as f64 / (1_u64 << 53) as f64;
        number < self.validation_fraction
    }
}

/// The next output of SplitMix64 (Steele, Lea and Flood, Fast splittable pseudorandom number generators, 2014) for this state.
fn mixed(state: u64) -> u64 {
    let z = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(validation_fraction: f64, seed: u32, part: Part) -> Option<Split> {
        Some(Split { validation_fraction, seed, part })
    }

    #[test]
    fn the_generator_is_the_published_one() {
        // The first outputs for seed 1234567: each state is the one before plus the constant.
        assert_eq!(mixed(1_234_567), 6_457_827_717_110_365_317);
        assert_eq!(mixed(1_234_567_u64.wrapping_add(0x9E37_79B9_7F4A_7C15)), 3_203_168_211_198_807_973);
    }

    #[test]
    fn every_row_is_in_one_part_of_one_host() {
        for row in 0..500 {
            let mut takers = 0;
            for rank in 0..3 {
                for part in [Part::Train, Part::Validation] {
                    takers += usize::from(Pick::new(Share { rank, size: 3 }, split(0.3, 7, part)).takes(row));
                }
            }
            assert_eq!(takers, 1, "{row}");
        }
    }

    #[test]
    fn a_fraction_is_about_that_and_another_seed_takes_other_rows() {
        let count = |seed| Pick::new(Share::WHOLE, split(0.2, seed, Part::Validation)).count(100_000);
        assert!((19_500..20_500).contains(&count(1)), "{}", count(1));
        let rows =
            |seed| (0..64).filter(move |&row| Pick::new(Share::WHOLE, split(0.5, seed, Part::Train)).takes(row)).collect::<Vec<u64>>();
        assert_ne!(rows(1), rows(2));
        assert_eq!(Pick::new(Share::WHOLE, None).count(5), 5);
        assert_eq!(Pick::new(Share { rank: 2, size: 3 }, None).count(7), 2);
    }
}
