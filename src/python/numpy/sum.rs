//! `np.add.reduce` over contiguous float64, in NumPy's order of additions.

/// NumPy's pairwise sum of `term(0) … term(n - 1)`, in every lane at once: plain below 8 terms, eight partial sums up
/// to 128, and halves (the first a multiple of 8 long) beyond (`pairwise_sum` in `loops_utils.h.src`).
pub fn pairwise<const LANES: usize>(n: usize, term: &impl Fn(usize) -> [f64; LANES]) -> [f64; LANES] {
    span(0, n, term)
}

fn span<const LANES: usize>(first: usize, n: usize, term: &impl Fn(usize) -> [f64; LANES]) -> [f64; LANES] {
    if n < 8 {
        return (first..first + n).fold([0.0; LANES], |sum, i| add(sum, term(i)));
    }
    if n > 128 {
        let half = n / 2 - n / 2 % 8;
        return add(span(first, half, term), span(first + half, n - half, term));
    }
    let mut partial: [[f64; LANES]; 8] = std::array::from_fn(|j| term(first + j));
    let whole = n - n % 8;
    for i in (8..whole).step_by(8) {
        for (j, sum) in partial.iter_mut().enumerate() {
            *sum = add(*sum, term(first + i + j));
        }
    }
    let [a, b, c, d, e, f, g, h] = partial;
    let sum = add(add(add(a, b), add(c, d)), add(add(e, f), add(g, h)));
    (first + whole..first + n).fold(sum, |sum, i| add(sum, term(i)))
}

fn add<const LANES: usize>(mut a: [f64; LANES], b: [f64; LANES]) -> [f64; LANES] {
    for (a, b) in a.iter_mut().zip(b) {
        *a += b;
    }
    a
}

/// `np.mean` of `term(0) … term(n - 1)`.
pub fn mean(n: usize, term: impl Fn(usize) -> f64) -> f64 {
    let [sum] = pairwise(n, &|i| [term(i)]);
    sum / n as f64
}

#[cfg(test)]
mod tests {
    use super::mean;
    use crate::python::random::NumpyRandom;

    // for n in (1, 7, 8, 9, 128, 129, 1000, 4321): np.random.seed(n); print(np.mean(1e3 * np.random.randn(n)))
    #[test]
    fn means_equal_numpys_to_the_bit() {
        for (n, expected) in MEANS {
            let mut rng = NumpyRandom::seed(n as u32);
            let values: Vec<f64> = (0..n).map(|_| 1e3 * rng.randn()).collect();
            assert_eq!(mean(n, |i| values[i]), expected, "n = {n}");
        }
    }

    const MEANS: [(usize, f64); 8] = [
        (1, 1624.3453636632416),
        (7, 125.31099119384191),
        (8, 236.86284886348454),
        (9, -502.8627933281233),
        (128, 74.70281607605365),
        (129, -227.1229658964725),
        (1000, -10.453386154354739),
        (4321, 19.281516879804006),
    ];
}
