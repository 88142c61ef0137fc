//! The matrix product of a layer's weights with a panel: units `[k][lane]` to units `[n][lane]`, rows side by side.

use crate::simd::Lanes;

/// Weights as they lie in the buffer, `[n, k]` row by row; `T`: `[k, n]`, which is the way back through a layer.
#[derive(Clone, Copy)]
pub struct Weights<'a, const T: bool> {
    pub values: &'a [f32],
    /// Columns.
    pub stride: usize,
    /// Terms of each sum.
    pub k: usize,
    /// Sums.
    pub n: usize,
    /// What the sums begin with; none: 0.
    pub bias: Option<&'a [f32]>,
}

/// Most vectors that a block of sums has: six units of four.
const BLOCK: usize = 24;

impl<const T: bool> Weights<'_, T> {
    /// The sums of a few units at a time, over `a [k][nv vectors]`, each handed to `finish(first unit, [units][nv])`.
    #[inline(always)]
    pub fn product<S: Lanes, const NV: usize>(
        self,
        s: S,
        a: &[S::f32s],
        nv: usize,
        mut finish: impl FnMut(usize, &[S::f32s]),
    ) {
        let mut sums = [s.splat_f32s(0.0); BLOCK];
        let mut unit = 0;
        while unit < self.n {
            let units = match self.n - unit {
                6.. => self.block::<S, NV, 6>(s, unit, a, nv, &mut sums),
                4 | 5 => self.block::<S, NV, 4>(s, unit, a, nv, &mut sums),
                2 | 3 => self.block::<S, NV, 2>(s, unit, a, nv, &mut sums),
                _ => self.block::<S, NV, 1>(s, unit, a, nv, &mut sums),
            };
            finish(unit, &sums[..units * nv]);
            unit += units;
        }
    }

    /// `M` units from `unit` on; a panel that is not full goes vector by vector.
    #[inline(always)]
    fn block<S: Lanes, const NV: usize, const M: usize>(
        self,
        s: S,
        unit: usize,
        a: &[S::f32s],
        nv: usize,
        sums: &mut [S::f32s; BLOCK],
    ) -> usize {
        if nv == NV {
            self.vectors::<S, NV, M>(s, unit, a, 0, nv, sums);
        } else {
            for first in 0..nv {
                self.vectors::<S, 1, M>(s, unit, a, first, nv, sums);
            }
        }
        M
    }

    /// `M` units by `V` vectors of rows: all sums stay in registers.
    #[inline(always)]
    fn vectors<S: Lanes, const V: usize, const M: usize>(
        self,
        s: S,
        unit: usize,
        a: &[S::f32s],
        first: usize,
        nv: usize,
        sums: &mut [S::f32s; BLOCK],
    ) {
        let mut sum = [[s.splat_f32s(0.0); V]; M];
        for m in 0..M {
            sum[m] = [s.splat_f32s(self.bias.map_or(0.0, |bias| bias[unit + m])); V];
        }
        // Cut to their length here, so that the loop needs no check.
        let rows: [&[f32]; M] =
            std::array::from_fn(|m| if T { &[][..] } else { &self.values[(unit + m) * self.stride..][..self.k] });
        for k in 0..self.k {
            let x = &a[k * nv + first..][..V];
            let column = if T { &self.values[k * self.stride + unit..][..M] } else { &[][..] };
            for m in 0..M {
                let weight = s.splat_f32s(if T { column[m] } else { rows[m][k] });
                for v in 0..V {
                    sum[m][v] = s.fma(weight, x[v], sum[m][v]);
                }
            }
        }
        for m in 0..M {
            for v in 0..V {
                sums[m * nv + first + v] = sum[m][v];
            }
        }
    }
}
