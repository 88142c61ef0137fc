//! The matrix product of a layer's weights with a panel: units `[k][lane]` to units `[n][lane]`, rows side by side.

use crate::cpu::simd::Lanes;

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

/// Below so many terms a sum costs less than what is done with it, which wants registers too.
const FEW: usize = 8;

impl<const T: bool> Weights<'_, T> {
    /// The sums over `a [k][nv vectors]`, each given to `finish` with its place in `out [n][nv]` while it is in a register.
    #[inline(always)]
    pub fn product<S: Lanes, const NV: usize>(
        self,
        s: S,
        a: &[S::f32s],
        nv: usize,
        out: &mut [S::f32s],
        finish: impl Fn(S::f32s, &mut S::f32s),
    ) {
        let most = if self.k < FEW { 4 } else { 6 };
        let mut unit = 0;
        while unit < self.n {
            let out = &mut out[unit * nv..];
            unit += match (self.n - unit).min(most) {
                6 => self.block::<S, NV, 6>(s, unit, a, nv, out, &finish),
                4 | 5 => self.block::<S, NV, 4>(s, unit, a, nv, out, &finish),
                2 | 3 => self.block::<S, NV, 2>(s, unit, a, nv, out, &finish),
                _ => self.block::<S, NV, 1>(s, unit, a, nv, out, &finish),
            };
        }
    }

    /// `M` units from `unit` on; a panel that is not full goes by pairs of vectors.
    #[inline(always)]
    fn block<S: Lanes, const NV: usize, const M: usize>(
        self,
        s: S,
        unit: usize,
        a: &[S::f32s],
        nv: usize,
        out: &mut [S::f32s],
        finish: &impl Fn(S::f32s, &mut S::f32s),
    ) -> usize {
        if nv == NV {
            self.vectors::<S, NV, M>(s, unit, a, (0, NV), out, finish);
        } else {
            let pairs = nv / 2 * 2;
            for first in (0..pairs).step_by(2) {
                self.vectors::<S, 2, M>(s, unit, a, (first, nv), out, finish);
            }
            if pairs < nv {
                self.vectors::<S, 1, M>(s, unit, a, (pairs, nv), out, finish);
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
        (first, nv): (usize, usize),
        out: &mut [S::f32s],
        finish: &impl Fn(S::f32s, &mut S::f32s),
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
            let out = &mut out[m * nv + first..][..V];
            for v in 0..V {
                finish(sum[m][v], &mut out[v]);
            }
        }
    }
}
