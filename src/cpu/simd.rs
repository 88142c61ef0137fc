//! Vectors of float32, for the instruction sets that the program is compiled for; which one runs is chosen when it starts.

use super::subnormals::flushed;
use pulp::{NullaryFnOnce, Scalar128b, Simd};

/// pulp's vectors, with the product and sum that this instruction set does fastest.
pub trait Lanes: Simd {
    /// `a * b + c`: rounded once where the processor has an instruction for it, else twice.
    fn fma(self, a: Self::f32s, b: Self::f32s, c: Self::f32s) -> Self::f32s;

    /// `max(x, bound)`; NaN stays NaN.
    #[inline(always)]
    fn at_least(self, x: Self::f32s, bound: f32) -> Self::f32s {
        let bound = self.splat_f32s(bound);
        self.select_f32s(self.less_than_f32s(x, bound), bound, x)
    }

    /// `min(x, bound)`; NaN stays NaN.
    #[inline(always)]
    fn at_most(self, x: Self::f32s, bound: f32) -> Self::f32s {
        let bound = self.splat_f32s(bound);
        self.select_f32s(self.greater_than_f32s(x, bound), bound, x)
    }
}

/// Vectors of four numbers that the compiler turns into what every processor of a kind has.
impl Lanes for Scalar128b {
    #[inline(always)]
    fn fma(self, a: Self::f32s, b: Self::f32s, c: Self::f32s) -> Self::f32s {
        self.add_f32s(self.mul_f32s(a, b), c)
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Lanes;
    use pulp::Simd;
    use pulp::x86::{V3, V4};

    macro_rules! lanes {
        ($instructions:ty) => {
            impl Lanes for $instructions {
                #[inline(always)]
                fn fma(self, a: Self::f32s, b: Self::f32s, c: Self::f32s) -> Self::f32s {
                    self.mul_add_f32s(a, b, c)
                }

                // One instruction, which answers its second operand where one is NaN.
                #[inline(always)]
                fn at_least(self, x: Self::f32s, bound: f32) -> Self::f32s {
                    self.max_f32s(self.splat_f32s(bound), x)
                }

                #[inline(always)]
                fn at_most(self, x: Self::f32s, bound: f32) -> Self::f32s {
                    self.min_f32s(self.splat_f32s(bound), x)
                }
            }
        };
    }

    lanes!(V3);
    lanes!(V4);
}

/// Work that is compiled for each instruction set. `NV`: the vectors of rows that a product keeps in registers.
pub trait Work {
    type Output;
    fn run<S: Lanes, const NV: usize>(self, s: S) -> Self::Output;
}

/// An instruction set that this processor has.
#[derive(Debug, Clone, Copy)]
pub enum Isa {
    /// Four numbers at a time, without a fused product and sum.
    Portable,
    /// AVX2 and FMA: eight at a time.
    #[cfg(target_arch = "x86_64")]
    Avx2(pulp::x86::V3),
    /// AVX-512 (F, BW, CD, DQ, VL): sixteen at a time.
    #[cfg(target_arch = "x86_64")]
    Avx512(pulp::x86::V4),
}

impl Isa {
    /// All that this processor has, the widest one last.
    pub fn all() -> Vec<Self> {
        let mut all = vec![Self::Portable];
        #[cfg(target_arch = "x86_64")]
        {
            all.extend(pulp::x86::V3::try_new().map(Self::Avx2));
            all.extend(pulp::x86::V4::try_new().map(Self::Avx512));
        }
        all
    }

    /// The widest one.
    pub fn best() -> Self {
        Self::all().pop().unwrap_or(Self::Portable)
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => "AVX2",
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(_) => "AVX-512",
        }
    }

    /// Runs `work` with these instructions; subnormal numbers are zero in it.
    pub fn run<W: Work>(self, work: W) -> W::Output {
        flushed(|| match self {
            Self::Portable => work.run::<_, 2>(Scalar128b),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(s) => s.vectorize(On::<_, _, 2> { s, work }),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(s) => s.vectorize(On::<_, _, 4> { s, work }),
        })
    }
}

/// A closure would be compiled without the instructions, as it need not be inlined.
struct On<S, W, const NV: usize> {
    s: S,
    work: W,
}

impl<S: Lanes, W: Work, const NV: usize> NullaryFnOnce for On<S, W, NV> {
    type Output = W::Output;

    #[inline(always)]
    fn call(self) -> W::Output {
        self.work.run::<S, NV>(self.s)
    }
}
