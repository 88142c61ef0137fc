//! The gradients of a layer's weights and biases over a tile: sums over its rows, which lie across the lanes.

use crate::cpu::simd::Lanes;

/// One side of a layer in a tile: `[panel][unit][vector]`, a panel's place being `slot` vectors wide, `sizes` of them used.
#[derive(Clone, Copy)]
pub struct Side<'a, V> {
    pub values: &'a [V],
    pub units: usize,
    pub slot: usize,
    /// Vectors of each panel.
    pub sizes: &'a [usize],
}

impl<'a, V> Side<'a, V> {
    /// `count` units from `unit` on, in one panel.
    #[inline(always)]
    fn units(&self, panel: usize, unit: usize, count: usize) -> &'a [V] {
        let nv = self.sizes[panel];
        &self.values[panel * self.units * self.slot + unit * nv..][..count * nv]
    }
}

const LANES: [u32; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// Lane `l` of the result is the sum of the lanes of `all[l]`; there are as many vectors as a vector has lanes.
///
/// Each step folds two vectors into one, the first into the lanes whose bit `n` is 0, and the other into the rest.
#[inline(always)]
fn sums<S: Lanes, const N: usize>(s: S, mut all: [S::f32s; N]) -> S::f32s {
    let lanes = s.partial_load_u32s(&LANES[..S::F32_LANES]);
    let mut n = N / 2;
    while n > 0 {
        let first = s.equal_u32s(s.and_u32s(lanes, s.splat_u32s(n as u32)), s.splat_u32s(0));
        for m in 0..n {
            let a = s.add_f32s(all[m], s.rotate_left_f32s(all[m], n));
            let b = s.add_f32s(all[m + n], s.rotate_right_f32s(all[m + n], n));
            all[m] = s.select_f32s(first, a, b);
        }
        n /= 2;
    }
    all[0]
}

/// `grad[j][i] += Σ dz[j] a[i]` for `J` units of `dz` from `j` on and `I` of `a` from `i` on; `N` is `J · I`.
#[inline(always)]
fn block<S: Lanes, const J: usize, const I: usize, const N: usize>(
    s: S,
    (dz, j): (Side<'_, S::f32s>, usize),
    (a, i): (Side<'_, S::f32s>, usize),
    grad: &mut [f32],
) {
    let mut sum = [s.splat_f32s(0.0); N];
    for (panel, &nv) in dz.sizes.iter().enumerate() {
        let (d, x) = (dz.units(panel, j, J), a.units(panel, i, I));
        for v in 0..nv {
            for m in 0..J {
                for n in 0..I {
                    sum[m * I + n] = s.fma(d[m * nv + v], x[n * nv + v], sum[m * I + n]);
                }
            }
        }
    }
    let mut total = [0.0; N];
    if N == S::F32_LANES {
        s.partial_store_f32s(&mut total, sums::<S, N>(s, sum));
    } else {
        for n in 0..N {
            total[n] = s.reduce_sum_f32s(sum[n]);
        }
    }
    for m in 0..J {
        let grad = &mut grad[(j + m) * a.units + i..][..I];
        for n in 0..I {
            grad[n] += total[m * I + n];
        }
    }
}

// `while i + 1 <= n` reads like its neighbours in the macro.
#[allow(clippy::int_plus_one)]
/// `grad [dz.units, a.units] += dz aᵀ`. The blocks have as many sums as a vector has lanes where that is possible.
#[inline(always)]
pub fn weights<S: Lanes>(s: S, dz: Side<'_, S::f32s>, a: Side<'_, S::f32s>, grad: &mut [f32]) {
    let mut j = 0;
    macro_rules! rows {
        ($j:literal: $(($i:literal, $n:literal)),+) => {
            while j + $j <= dz.units {
                let mut i = 0;
                $(while i + $i <= a.units {
                    block::<S, $j, $i, $n>(s, (dz, j), (a, i), grad);
                    i += $i;
                })+
                j += $j;
            }
        };
    }
    match (S::F32_LANES, a.units) {
        (16, 4..) => {
            rows!(4: (4, 16), (2, 8), (1, 4));
            rows!(2: (8, 16), (1, 2));
            rows!(1: (16, 16), (1, 1));
        }
        (16, 2..) => {
            rows!(8: (2, 16), (1, 8));
            rows!(2: (2, 4), (1, 2));
        }
        (16, _) => rows!(16: (1, 16)),
        (_, 2..) => {
            rows!(4: (2, 8), (1, 4));
            rows!(2: (2, 4), (1, 2));
        }
        _ => rows!(8: (1, 8)),
    }
    rows!(1: (1, 1));
}

// As above.
#[allow(clippy::int_plus_one)]
/// `grad [dz.units] += Σ dz`, several units at a time, as each sum waits for itself.
#[inline(always)]
pub fn biases<S: Lanes>(s: S, dz: Side<'_, S::f32s>, grad: &mut [f32]) {
    let mut j = 0;
    macro_rules! units {
        ($n:literal) => {
            while j + $n <= dz.units {
                let mut sum = [s.splat_f32s(0.0); $n];
                for (panel, &nv) in dz.sizes.iter().enumerate() {
                    let d = dz.units(panel, j, $n);
                    for v in 0..nv {
                        for m in 0..$n {
                            sum[m] = s.add_f32s(sum[m], d[m * nv + v]);
                        }
                    }
                }
                for m in 0..$n {
                    grad[j + m] += s.reduce_sum_f32s(sum[m]);
                }
                j += $n;
            }
        };
    }
    units!(8);
    units!(1);
}
