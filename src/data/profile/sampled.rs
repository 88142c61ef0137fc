//! How many different values a stream has, in bounded memory: exact while they are few, then estimated.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A hasher for keys that are hashes already. A map tells its entries apart by a hash's first bits, which are 0 in all those that
/// [`Sampled`] keeps: the halves change places.
#[derive(Default)]
pub struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0.rotate_left(32)
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

pub type ByHash<V> = HashMap<u64, V, BuildHasherDefault<AsItIs>>;

/// Counts different values by Wegman's adaptive sampling (Flajolet 1990). Only hashes whose first `level` bits are 0
/// are kept, with their counts. When more than `limit` different hashes are kept, the level rises by one, which drops
/// about half of them. At level 0 every number is exact. Above it a number is estimated: that of the kept values times
/// 2^level, with a relative standard error of about 1.2 / √limit. What never occurs is 0 at every level.
///
/// Two values whose 64-bit hashes are equal count as one: of a million values that happens once in 37 million tables.
pub struct Sampled {
    limit: usize,
    level: u32,
    counts: ByHash<u64>,
}

impl Sampled {
    pub fn new(limit: usize) -> Self {
        Self { limit, level: 0, counts: ByHash::default() }
    }

    /// Takes in a value that occurs `count` times.
    pub fn see(&mut self, hash: u64, count: u64) {
        if !kept(hash, self.level) {
            return;
        }
        *self.counts.entry(hash).or_default() += count;
        while self.counts.len() > self.limit {
            self.level += 1;
            let level = self.level;
            self.counts.retain(|&hash, _| kept(hash, level));
        }
    }

    pub fn exact(&self) -> bool {
        self.level == 0
    }

    /// Number of different values.
    pub fn distinct(&self) -> u64 {
        (self.counts.len() as u64) << self.level
    }

    /// Number of values that an earlier one was equal to: `series.duplicated().sum()` of pandas.
    pub fn repeats(&self) -> u64 {
        (self.counts.values().sum::<u64>() - self.counts.len() as u64) << self.level
    }
}

fn kept(hash: u64, level: u32) -> bool {
    level == 0 || hash.leading_zeros() >= level
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): every bit of the answer depends on every bit of `value`.
pub fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// The hash of two values in this order.
pub fn pair(first: u64, second: u64) -> u64 {
    mix(first.rotate_left(23) ^ mix(second))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: impl Iterator<Item = u64>, limit: usize) -> Sampled {
        let mut sampled = Sampled::new(limit);
        values.for_each(|value| sampled.see(mix(value), 1));
        sampled
    }

    #[test]
    fn up_to_the_limit_every_number_is_exact() {
        let sampled = of((0..1000).map(|i| i % 300), 300);
        assert_eq!((sampled.exact(), sampled.distinct(), sampled.repeats()), (true, 300, 700));
    }

    // 512 to 1024 hashes are kept: 2.5 standard errors of 1.2/sqrt(512) are 13 %.
    #[test]
    fn above_the_limit_numbers_are_close_and_what_never_occurs_is_zero() {
        let sampled = of(0..200_000, 1024);
        assert!(!sampled.exact() && sampled.counts.len() <= 1024);
        assert!((sampled.distinct() as f64 / 200_000.0 - 1.0).abs() < 0.13, "{}", sampled.distinct());
        assert_eq!(sampled.repeats(), 0);
        let twice = of((0..200_000).map(|i| i / 2), 1024);
        assert_eq!(twice.repeats(), twice.distinct());
    }
}
