//! The gradients of a layer's weights and biases over a tile: `dz aᵀ` and the row sums of `dz`. Both are sums over the
//! rows of the tile, and each lane of a vector holds a row.

use crate::cpu::simd::Lanes;

/// The values on one side of a layer, its inputs or its outputs, for all rows of a tile.
///
/// A tile is cut into panels of rows. In a panel each unit has one or more vectors, whose lanes are the panel's rows.
/// Every panel begins at a multiple of `units · slot` vectors, but a panel with few rows uses only `sizes[panel]`
/// vectors a unit, packed at its start. With two units, `slot` 2 and `sizes` [2, 1], vector v of unit u being `uv`:
///
/// ```text
/// panel 0: 00 01 10 11    panel 1: 00 10 -- --
/// ```
#[derive(Clone, Copy)]
pub struct Side<'a, V> {
    pub values: &'a [V],
    pub units: usize,
    /// Vectors a unit that a panel has room for.
    pub slot: usize,
    /// Vectors a unit that each panel uses.
    pub sizes: &'a [usize],
}

impl<'a, V> Side<'a, V> {
    /// The vectors of `count` units from `unit` on, in one panel.
    #[inline(always)]
    pub fn units(&self, panel: usize, unit: usize, count: usize) -> &'a [V] {
        let nv = self.sizes[panel];
        &self.values[panel * self.units * self.slot + unit * nv..][..count * nv]
    }
}

const LANES: [u32; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// Sums N vectors of N lanes, each over its own lanes: lane `l` of the result is the sum of `all[l]`.
///
/// Each step folds pairs of vectors into one vector: the half sums of the first go to the lanes whose bit `n` is 0,
/// those of the second to the others.
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
/// `grad [dz.units, a.units] += dz aᵀ`, block by block. A block has as many sums as a vector has lanes where that is
/// possible, for then one call of [`sums`] finishes them all.
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
/// `grad [dz.units] += Σ dz` over the rows. Several units are summed side by side: an addition to one sum has to wait
/// for the addition before it.
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
