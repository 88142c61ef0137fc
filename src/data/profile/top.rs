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
    counts: ByHash<(Shown, u64)>,
    /// By how much a count may be too small.
    lost: u64,
}

/// A value as it is shown. Most rare values are dropped before their batch ends, so that none is put in words before.
enum Shown {
    /// As the cell of this row of the batch.
    Row(usize),
    Text(Box<str>),
}

impl Top {
    /// Counts occurrences of the value with this hash; it stands in `row` of the batch, among others.
    pub fn see(&mut self, hash: u64, count: u64, row: usize) {
        self.counts.entry(hash).or_insert((Shown::Row(row), 0)).1 += count;
        if self.counts.len() > 2 * LIMIT {
            self.prune();
        }
    }

    /// Whether so many new values leave all others where they are, whatever the order in which they come.
    pub fn has_room_for(&self, values: usize) -> bool {
        self.counts.len() + values <= 2 * LIMIT
    }

    /// Ends a batch: `show` gives the text of one of its rows.
    pub fn end_batch(&mut self, show: impl Fn(usize) -> String) {
        for (shown, _) in self.counts.values_mut() {
            if let Shown::Row(row) = *shown {
                *shown = Shown::Text(show(row).chars().take(SHOWN).collect());
            }
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

    /// Values with their counts, the most frequent first, equal ones by letter; all batches have ended.
    pub fn sorted(self) -> Vec<(String, u64)> {
        let text = |shown| if let Shown::Text(text) = shown { text.into_string() } else { String::new() };
        let mut sorted: Vec<(String, u64)> = self.counts.into_values().map(|(shown, n)| (text(shown), n)).collect();
        sorted.sort_unstable_by(|(a, n), (b, m)| m.cmp(n).then_with(|| a.cmp(b)));
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
        for batch in [&["b", "a", "b"][..], &["c", "a", "b"]] {
            for (row, word) in batch.iter().enumerate() {
                top.see(mix(word.as_bytes()[0].into()), 1, row);
            }
            top.end_batch(|row| batch[row].into());
        }
        assert_eq!(top.lost(), 0);
        assert_eq!(top.sorted(), [("b".into(), 3), ("a".into(), 2), ("c".into(), 1)]);
    }

    // Misra and Gries: a count is too small by at most n / (k + 1).
    #[test]
    fn what_is_frequent_survives_any_number_of_rare_values() {
        let mut top = Top::default();
        for value in 0..100_000_usize {
            let value = if value.is_multiple_of(10) { 0 } else { value };
            top.see(mix(value as u64), 1, value);
            assert!(top.counts.len() <= 2 * LIMIT);
        }
        top.end_batch(|value| value.to_string());
        let lost = top.lost();
        let (value, count) = top.sorted().swap_remove(0);
        assert_eq!(value, "0");
        assert!(count <= 10_000 && count + lost >= 10_000 && lost <= 10, "{count} {lost}");
    }
}
