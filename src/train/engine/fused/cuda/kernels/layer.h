// A layer of K inputs and N outputs over the rows of a tile, and the ways back through it. In a tile the values of a unit in
// all rows lie side by side, STRIDE from unit to unit, which is odd: neither rows nor units side by side meet in a bank of
// shared memory. Behind a layer's inputs stands a unit that is 1 in every row: the column of the biases in the gradient.
//
// In front of this source stand the network's constants: WIDTHS (inputs first), WEIGHTS and BIASES (where a layer's begin in
// the flat buffer), LAYERS, LENGTH (of that buffer); rows of a TILE, THREADS of a block, sums that may be SLICED.
constexpr int INPUTS = WIDTHS[0], OUTPUTS = WIDTHS[LAYERS];
constexpr int STRIDE = TILE | 1;
// A thread has two rows, this far apart.
constexpr int PAIRS = TILE / 2;
static_assert(TILE % 2 == 0, "rows go in pairs");

COUNTING int up(int a, int b) { return (a + b - 1) / b; }
COUNTING int least(int a, int b) { return a < b ? a : b; }
COUNTING int most(int a, int b) { return a > b ? a : b; }
// Units of a thread: more of them reuse what was loaded, as long as every thread has something to do.
COUNTING int units(int n) {
  return up(n, 4) * PAIRS >= THREADS ? 4 : up(n, 2) * PAIRS >= THREADS ? 2 : 1;
}

// Four floats side by side, from a multiple of four on.
DEVICE float4 four(const float *from) { return *reinterpret_cast<const float4 *>(from); }

// z = W a + b, behind the last layer; h = f(W a + b) behind the others. Each sum goes from the bias through the inputs in order.
template <int K, int N, bool LAST>
DEVICE void forward(const float *weights, const float *biases, const float *a, float *z, int rows) {
  constexpr int U = units(N);
  EACH(item, up(N, U) * PAIRS) {
    int row = item % PAIRS, unit = item / PAIRS * U;
    if (row >= rows) continue;
    const float *w[U];
    float sum[U][2];
    UNROLL for (int u = 0; u < U; u++) {
      int n = unit + u < N ? unit + u : N - 1;
      w[u] = weights + n * K;
      sum[u][0] = sum[u][1] = biases[n];
    }
    if constexpr (K % 4 == 0) {
      for (int k = 0; k < K; k += 4) {
        float x[4][2];
        UNROLL for (int s = 0; s < 4; s++) {
          x[s][0] = a[(k + s) * STRIDE + row], x[s][1] = a[(k + s) * STRIDE + row + PAIRS];
        }
        UNROLL for (int u = 0; u < U; u++) {
          float4 v = four(w[u] + k);
          UNROLL for (int r = 0; r < 2; r++) {
            sum[u][r] = fma32(v.x, x[0][r], sum[u][r]);
            sum[u][r] = fma32(v.y, x[1][r], sum[u][r]);
            sum[u][r] = fma32(v.z, x[2][r], sum[u][r]);
            sum[u][r] = fma32(v.w, x[3][r], sum[u][r]);
          }
        }
      }
    } else {
      for (int k = 0; k < K; k++) {
        float first = a[k * STRIDE + row], second = a[k * STRIDE + row + PAIRS];
        UNROLL for (int u = 0; u < U; u++) {
          sum[u][0] = fma32(w[u][k], first, sum[u][0]);
          sum[u][1] = fma32(w[u][k], second, sum[u][1]);
        }
      }
    }
    UNROLL for (int u = 0; u < U; u++) {
      if (unit + u >= N) continue;
      float *to = z + (unit + u) * STRIDE + row;
      to[0] = LAST ? sum[u][0] : activate(sum[u][0]);
      if (row + PAIRS < rows) to[PAIRS] = LAST ? sum[u][1] : activate(sum[u][1]);
    }
  }
}

// h = (transposed W dz) f', in the place of what the layer below gave.
template <int K, int N>
DEVICE void backward(const float *weights, const float *dz, float *h, int rows) {
  constexpr int U = units(K);
  EACH(item, up(K, U) * PAIRS) {
    int row = item % PAIRS, unit = item / PAIRS * U;
    if (row >= rows) continue;
    float sum[U][2] = {};
    for (int n = 0; n < N; n++) {
      float first = dz[n * STRIDE + row], second = dz[n * STRIDE + row + PAIRS];
      const float *w = weights + n * K;
      float v[U];
      if constexpr (U == 4 && K % 4 == 0) {
        float4 all = four(w + unit);
        v[0] = all.x, v[1] = all.y, v[2] = all.z, v[3] = all.w;
      } else {
        UNROLL for (int u = 0; u < U; u++) v[u] = w[unit + u < K ? unit + u : K - 1];
      }
      UNROLL for (int u = 0; u < U; u++) {
        sum[u][0] = fma32(v[u], first, sum[u][0]);
        sum[u][1] = fma32(v[u], second, sum[u][1]);
      }
    }
    UNROLL for (int u = 0; u < U; u++) {
      if (unit + u >= K) continue;
      float *to = h + (unit + u) * STRIDE + row;
      to[0] = derive(to[0], sum[u][0]);
      if (row + PAIRS < rows) to[PAIRS] = derive(to[PAIRS], sum[u][1]);
    }
  }
}

// Puts a weight's gradient, or that of a bias behind the K weights of its unit, into its place, or adds it to what is there.
template <int K>
DEVICE void put(float *weights, float *biases, int n, int k, float value, bool add) {
  float *to = k < K ? weights + n * K + k : biases + n;
  *to = add ? *to + value : value;
}

// The gradients of W and b: the sums of dz a over the rows. Where there are fewer of them than threads, the rows are shared out
// into slices, whose sums are added in order. When it returns, every thread has read dz and a.
template <int K, int N>
DEVICE void outer(const float *dz, const float *a, float *weights, float *biases, float *slices, int rows, bool add) {
  constexpr int C = K + 1;
  constexpr int SIDE = up(N, 4) * up(C, 4) >= THREADS ? 4 : 2;
  constexpr int J = up(N, SIDE), I = up(C, SIDE);
  constexpr int SLICES = most(1, least(least(THREADS / (J * I), SLICED / (N * C)), up(TILE, 8)));
  constexpr int EACH_ROWS = up(TILE, SLICES);
  EACH(item, J * I * SLICES) {
    int slice = item / (J * I), n = item / I % J, k = item % I;
    const float *d[SIDE], *x[SIDE];
    float sum[SIDE][SIDE] = {};
    UNROLL for (int s = 0; s < SIDE; s++) {
      d[s] = dz + least(n + s * J, N - 1) * STRIDE;
      x[s] = a + least(k + s * I, C - 1) * STRIDE;
    }
    int last = least(rows, (slice + 1) * EACH_ROWS);
    for (int row = slice * EACH_ROWS; row < last; row++) {
      float left[SIDE], right[SIDE];
      UNROLL for (int s = 0; s < SIDE; s++) left[s] = d[s][row], right[s] = x[s][row];
      UNROLL for (int p = 0; p < SIDE; p++) {
        UNROLL for (int q = 0; q < SIDE; q++) sum[p][q] = fma32(left[p], right[q], sum[p][q]);
      }
    }
    UNROLL for (int p = 0; p < SIDE; p++) {
      UNROLL for (int q = 0; q < SIDE; q++) {
        int unit = n + p * J, column = k + q * I;
        if (unit >= N || column >= C) continue;
        if (SLICES == 1) put<K>(weights, biases, unit, column, sum[p][q], add);
        else slices[slice * N * C + unit * C + column] = sum[p][q];
      }
    }
  }
  if constexpr (SLICES > 1) {
    SYNC();
    EACH(place, N * C) {
      float sum = slices[place];
      for (int slice = 1; slice < SLICES; slice++) sum += slices[slice * N * C + place];
      put<K>(weights, biases, place / C, place % C, sum, add);
    }
  } else {
    SYNC();
  }
}
