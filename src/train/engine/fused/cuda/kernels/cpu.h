// What block.h is on a GPU, on a processor, for tests: a block has one thread, the blocks run one after the other. With
// THREADED a block has its threads, so that a missing SYNC() shows in the bits, and to `g++ -fsanitize=thread`.
#include <pthread.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

#define DEVICE inline
#define COUNTING constexpr
#define KERNEL void
#ifdef THREADED
#define EACH(item, count) for (int item = thread; item < (count); item += THREADS)
#define SYNC() pthread_barrier_wait(&barrier)
#else
#define EACH(item, count) for (int item = 0; item < (count); item++)
#define SYNC()
#endif
#define BLOCK block
#define BLOCKS blocks
#define UNROLL

// Up to the end of the kernels: a process may have several of these libraries.
namespace {

int block, blocks;
[[maybe_unused]] thread_local int thread;
[[maybe_unused]] pthread_barrier_t barrier;
double *SHARED;

typedef std::int64_t Integer;

struct float4 {
  float x, y, z, w;
};

DEVICE float fma32(float a, float b, float c) { return std::fma(a, b, c); }
DEVICE float divide(float a, float b) { return a / b; }
DEVICE float root(float a) { return std::sqrt(a); }
DEVICE unsigned bits(float a) {
  unsigned b;
  std::memcpy(&b, &a, sizeof b);
  return b;
}
DEVICE float number(unsigned a) {
  float b;
  std::memcpy(&b, &a, sizeof b);
  return b;
}
