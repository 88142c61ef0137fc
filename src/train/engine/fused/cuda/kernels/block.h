// The threads of a block. A kernel is a row of phases with SYNC() between them; in a phase EACH hands the items to the threads,
// and no thread keeps anything from one phase to the next. So the same source, behind cpu.h in place of this file, runs on a
// processor with one thread a block, and gives the same bits: every sum has its order in the source, every operation is rounded
// by itself (NVRTC: --fmad=false), and only fma is fused.
#define DEVICE __device__ __forceinline__
#define COUNTING __device__ constexpr
#define KERNEL extern "C" __global__ void __launch_bounds__(THREADS, 1)
#define EACH(item, count) for (int item = threadIdx.x; item < (count); item += THREADS)
#define SYNC() __syncthreads()
#define BLOCK ((int)blockIdx.x)
#define BLOCKS ((int)gridDim.x)
#define UNROLL _Pragma("unroll")

extern __shared__ double SHARED[];

typedef long long Integer;

DEVICE float fma32(float a, float b, float c) { return __fmaf_rn(a, b, c); }
DEVICE float divide(float a, float b) { return __fdiv_rn(a, b); }
DEVICE float root(float a) { return __fsqrt_rn(a); }
DEVICE unsigned bits(float a) { return __float_as_uint(a); }
DEVICE float number(unsigned a) { return __uint_as_float(a); }
