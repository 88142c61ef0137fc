//! NumPy's legacy generator, `np.random.seed(n)`, number for number.
//!
//! MT19937 comes from `rand_mt`; what NumPy builds on it is here: doubles, bounded integers, shuffle and the
//! polar normal (`numpy/random/src/legacy/legacy-distributions.c`, `numpy/random/mtrand.pyx`).

use rand_mt::Mt;

/// The state behind `np.random.seed(seed)`: MT19937 and the second value of the last normal pair.
#[derive(Clone)]
pub struct NumpyRandom {
    mt: Mt,
    spare_normal: Option<f64>,
}

impl NumpyRandom {
    /// `np.random.seed(seed)`; every `u32` is a valid seed, as in NumPy.
    pub fn seed(seed: u32) -> Self {
        Self { mt: Mt::new(seed), spare_normal: None }
    }

    /// `np.random.random()`: uniform in [0, 1) with 53 bits.
    pub fn random(&mut self) -> f64 {
        let high = f64::from(self.mt.next_u32() >> 5);
        let low = f64::from(self.mt.next_u32() >> 6);
        (high * 67_108_864.0 + low) / 9_007_199_254_740_992.0
    }

    /// `np.random.randn()`: standard normal by Marsaglia's polar method. Values come in pairs; the second is kept.
    pub fn randn(&mut self) -> f64 {
        if let Some(value) = self.spare_normal.take() {
            return value;
        }
        loop {
            let x1 = 2.0 * self.random() - 1.0;
            let x2 = 2.0 * self.random() - 1.0;
            let r2 = x1 * x1 + x2 * x2;
            if r2 < 1.0 && r2 != 0.0 {
                let factor = (-2.0 * r2.ln() / r2).sqrt();
                self.spare_normal = Some(factor * x1);
                return factor * x2;
            }
        }
    }

    /// `np.random.normal(loc, scale)`.
    pub fn normal(&mut self, loc: f64, scale: f64) -> f64 {
        loc + scale * self.randn()
    }

    /// `np.random.permutation(n)`: `arange(n)` shuffled.
    pub fn permutation(&mut self, n: usize) -> Vec<usize> {
        let mut items: Vec<usize> = (0..n).collect();
        self.shuffle(&mut items);
        items
    }

    /// `np.random.shuffle(items)`: Fisher-Yates from the end.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        // Many numbers are drawn before their swaps are made: the places lie far apart, and the processor fetches several at once
        // where no draw stands between them.
        let mut drawn = [0; 256];
        let mut end = items.len();
        while end > 1 {
            let count = drawn.len().min(end - 1);
            (0..count).for_each(|step| drawn[step] = self.interval((end - 1 - step) as u64) as usize);
            (0..count).for_each(|step| items.swap(end - 1 - step, drawn[step]));
            end -= count;
        }
    }

    /// `np.random.randint(2**31)`.
    pub fn int31(&mut self) -> u32 {
        self.interval(u64::from(u32::MAX >> 1)) as u32
    }

    /// `np.random.randint(n)`: a whole number below `n`, which is 1 at least.
    pub fn below(&mut self, n: usize) -> usize {
        self.interval(n.saturating_sub(1) as u64) as usize
    }

    /// A whole number in `0..=max` by masked rejection (`random_interval`): 32-bit draws while `max` fits in them.
    fn interval(&mut self, max: u64) -> u64 {
        if max == 0 {
            return 0;
        }
        let mask = u64::MAX >> max.leading_zeros();
        loop {
            let draw = if max <= u64::from(u32::MAX) {
                u64::from(self.mt.next_u32())
            } else {
                (u64::from(self.mt.next_u32()) << 32) | u64::from(self.mt.next_u32())
            };
            if draw & mask <= max {
                return draw & mask;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::NumpyRandom;

    // np.random.seed(42); np.random.random(3)
    #[test]
    fn random_equals_numpy() {
        let mut rng = NumpyRandom::seed(42);
        let drawn = [rng.random(), rng.random(), rng.random()];
        assert_eq!(drawn, [0.3745401188473625, 0.9507143064099162, 0.7319939418114051]);
    }

    // np.random.seed(42); np.random.randn(3)
    #[test]
    fn randn_equals_numpy() {
        let mut rng = NumpyRandom::seed(42);
        let drawn = [rng.randn(), rng.randn(), rng.randn()];
        assert_eq!(drawn, [0.4967141530112327, -0.13826430117118466, 0.6476885381006925]);
    }

    // np.random.seed(42); [np.random.randint(2**31) for _ in range(3)]
    #[test]
    fn int31_equals_numpy() {
        let mut rng = NumpyRandom::seed(42);
        assert_eq!([rng.int31(), rng.int31(), rng.int31()], [1608637542, 1273642419, 1935803228]);
    }

    // np.random.seed(1); [np.random.randint(10) for _ in range(5)]
    #[test]
    fn randint_equals_numpy() {
        let mut rng = NumpyRandom::seed(1);
        assert_eq!([0; 5].map(|_| rng.below(10)), [5, 8, 9, 5, 0]);
        assert_eq!(rng.below(1), 0);
    }

    // np.random.seed(42); np.random.permutation(10)
    #[test]
    fn permutation_equals_numpy() {
        assert_eq!(NumpyRandom::seed(42).permutation(10), [8, 1, 5, 0, 7, 2, 9, 4, 3, 6]);
    }
}
