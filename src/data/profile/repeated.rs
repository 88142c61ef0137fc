//! Values that occur more than once in a batch.

use super::sampled::ByHash;
use super::top::LIMIT;

/// The first row of each different value among the `rows`, in this order, with how often it occurs. Of very many values some may
/// stand there more than once.
pub fn values(hashes: &[u64], rows: impl Iterator<Item = usize>) -> Vec<(usize, u64)> {
    let (mut places, mut found) = (ByHash::<usize>::default(), Vec::<(usize, u64)>::new());
    for row in rows {
        if let Some(&place) = places.get(&hashes[row]) {
            found[place].1 += 1;
            continue;
        }
        if places.len() < LIMIT {
            places.insert(hashes[row], found.len());
        }
        found.push((row, 1));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::sampled::mix;
    use super::*;

    #[test]
    fn each_value_stands_where_it_occurs_first() {
        let hashes = [7, 8, 7, 9, 8, 7].map(mix);
        assert_eq!(values(&hashes, 0..6), [(0, 3), (1, 2), (3, 1)]);
        assert_eq!(values(&hashes, [1, 3, 4].into_iter()), [(1, 2), (3, 1)]);
    }

    #[test]
    fn no_cell_is_lost_among_many_values() {
        let hashes: Vec<u64> = (0..50_000).map(|row| mix(row % 25_000)).collect();
        let found = values(&hashes, 0..hashes.len());
        assert_eq!(found.iter().map(|(_, count)| count).sum::<u64>(), 50_000);
        assert_eq!(found[0], (0, 2));
        assert!(found.is_sorted());
    }
}
