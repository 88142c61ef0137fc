//! The most frequent values of a stream, in bounded memory.

use super::sampled::ByHash;

/// Up to this many different values are counted exactly.
pub const LIMIT: usize = 10_000;

/// Characters of a value that are kept to show it.
const SHOWN: usize = 80;

/// Counts how often each value occurs, in bounded memory: the algorithm of Misra and Gries (1982) in the form of
/// Agarwal and others ("Mergeable Summaries", 2013).
///
/// Once more than twice [`LIMIT`] values have a counter, the counters are sorted by size, and the one in place
/// [`LIMIT`] + 1 is subtracted from all of them; those at 0 or below are dropped. A count can therefore be too small,
/// by at most [`Top::lost`], and never too large.
#[derive(Default)]
pub struct Top {
    counts: ByHash<(String, u64)>,
    /// By how much a count may be too small.
    lost: u64,
}

impl Top {
    /// Counts one occurrence of the value with this hash; `show` gives its text when it is seen for the first time.
    pub fn see(&mut self, hash: u64, show: impl FnOnce() -> String) {
        self.counts.entry(hash).or_insert_with(|| (show().chars().take(SHOWN).collect(), 0)).1 += 1;
        if self.counts.len() > 2 * LIMIT {
            self.prune();
        }
    }

    fn prune(&mut self) {
        let mut counts: Vec<u64> = self.counts.values().map(|(_, count)| *count).collect();
        let (_, &mut cut, _) = counts.select_nth_unstable_by(LIMIT, |a, b| b.cmp(a));
        self.lost += cut;
        self.counts.retain(|_, (_, count)| {
            *count = count.saturating_sub(cut);
            *count > 0
        });
    }

    /// By how much a count may be too small; 0 means that all values are there with their exact counts.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// Values with their counts, the most frequent first, equal ones by letter.
    pub fn sorted(&self) -> Vec<(String, u64)> {
        let mut sorted: Vec<(String, u64)> = self.counts.values().cloned().collect();
        sorted.sort_by(|(a, n), (b, m)| m.cmp(n).then_with(|| a.cmp(b)));
        sorted
    }
}

#[cfg(test)]
mod tests {
    use super::super::sampled::mix;
    use super::*;

    #[test]
    fn values_are_counted_and_the_most_frequent_stands_first() {
        let mut top = Top::default();
        for word in ["b", "a", "b", "c", "a", "b"] {
            top.see(mix(word.as_bytes()[0].into()), || word.into());
        }
        assert_eq!(top.sorted(), [("b".into(), 3), ("a".into(), 2), ("c".into(), 1)]);
        assert_eq!(top.lost(), 0);
    }

    // Misra and Gries: a count is too small by at most n / (k + 1).
    #[test]
    fn what_is_frequent_survives_any_number_of_rare_values() {
        let mut top = Top::default();
        for value in 0..100_000_u64 {
            let value = if value % 10 == 0 { 0 } else { value };
            top.see(mix(value), || value.to_string());
        }
        let (value, count) = top.sorted()[0].clone();
        assert_eq!(value, "0");
        assert!(count <= 10_000 && count + top.lost() >= 10_000 && top.lost() <= 10, "{count} {}", top.lost());
        assert!(top.counts.len() <= 2 * LIMIT);
    }
}
