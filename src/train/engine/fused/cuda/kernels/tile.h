// The network over the rows of a batch, a tile of them at a time: forward, loss, and back.

// Where the values of layer l's inputs begin in a tile; those of the outputs are the inputs of layer LAYERS.
COUNTING int place(int l) {
  int units = 0;
  for (int below = 0; below < l; below++) units += WIDTHS[below] + 1;
  return units * STRIDE;
}

// The losses of a tile are summed up by so many lanes, and those by one thread.
constexpr int LANES = 32;
constexpr int ROWS = up(TILE, 4) * 4;
// The memory of a block: first doubles, then floats, each part at a multiple of 16 bytes.
constexpr int SUMS = 2 * LANES + 2;
constexpr int FIXED = 2 * SUMS + SLICED + 2 * ROWS;
constexpr int TILE_FLOATS = up(place(LAYERS) + OUTPUTS * STRIDE, 4) * 4;

struct Memory {
  // [loss, divisor][lane], and the two totals behind them.
  double *lanes, *totals;
  float *slices, *losses, *shares, *tile;

  DEVICE explicit Memory(double *shared, float *tile) : lanes(shared), totals(shared + 2 * LANES), tile(tile) {
    slices = reinterpret_cast<float *>(shared + SUMS);
    losses = slices + SLICED;
    shares = losses + ROWS;
  }
};

template <int L = 0>
DEVICE void ones(float *tile) {
  EACH(row, TILE) tile[place(L) + WIDTHS[L] * STRIDE + row] = 1.0f;
  if constexpr (L + 1 < LAYERS) ones<L + 1>(tile);
}

template <int L = 0>
DEVICE void up_through(const float *parameters, float *tile, int rows) {
  constexpr int K = WIDTHS[L], N = WIDTHS[L + 1];
  constexpr bool LAST = L + 1 == LAYERS;
  forward<K, N, LAST>(parameters + WEIGHTS[L], parameters + BIASES[L], tile + place(L), tile + place(L + 1), rows);
  SYNC();
  if constexpr (!LAST) up_through<L + 1>(parameters, tile, rows);
}

template <int L = LAYERS - 1>
DEVICE void down_through(const float *parameters, const Memory &memory, float *gradients, int rows, bool add) {
  constexpr int K = WIDTHS[L], N = WIDTHS[L + 1];
  float *a = memory.tile + place(L), *dz = memory.tile + place(L + 1);
  outer<K, N>(dz, a, gradients + WEIGHTS[L], gradients + BIASES[L], memory.slices, rows, add);
  if constexpr (L > 0) {
    backward<K, N>(parameters + WEIGHTS[L], dz, a, rows);
    SYNC();
    down_through<L - 1>(parameters, memory, gradients, rows, add);
  }
}

DEVICE void load(const Batch &batch, int from, float *tile, int rows) {
  EACH(item, rows * INPUTS) {
    int place = item / INPUTS, unit = item % INPUTS;
    tile[unit * STRIDE + place] = batch.x[batch.row(from + place) * INPUTS + unit];
  }
}

DEVICE void begin(const Memory &memory) {
  EACH(which, 2) memory.totals[which] = 0.0;
}

// Adds the rows from `from` to `to`, of losses and divisors to the totals, of gradients, if they are wanted, to `gradients`;
// those of the first tile replace what stands there. `loaded`: the one tile that there is has its inputs already. Totals and
// gradients are complete behind the next SYNC().
DEVICE void work(const Batch &batch, const float *parameters, const Memory &memory, float *gradients, int from, int to, bool loaded) {
  for (int first = from; first < to; first += TILE) {
    int rows = least(TILE, to - first);
    SYNC();
    if (!loaded) load(batch, first, memory.tile, rows);
    SYNC();
    up_through(parameters, memory.tile, rows);
    score(batch, first, memory.tile + place(LAYERS), memory.losses, memory.shares, rows);
    SYNC();
    EACH(item, 2 * LANES) {
      const float *numbers = item < LANES ? memory.losses : memory.shares;
      double sum = 0.0;
      for (int row = item % LANES; row < rows; row += LANES) sum += numbers[row];
      memory.lanes[item] = sum;
    }
    if (gradients) down_through(parameters, memory, gradients, rows, first > from);
    else SYNC();
    EACH(which, 2) {
      double sum = memory.totals[which];
      for (int lane = 0; lane < LANES; lane++) sum += memory.lanes[which * LANES + lane];
      memory.totals[which] = sum;
    }
  }
}

template <int L = 0>
DEVICE bool is_weight(int at) {
  if (at >= WEIGHTS[L] && at < WEIGHTS[L] + WIDTHS[L] * WIDTHS[L + 1]) return true;
  if constexpr (L + 1 < LAYERS) return is_weight<L + 1>(at);
  return false;
}

// The gradient of l1 |w|, 0 at 0, and for biases.
DEVICE float of_l1(float parameter, int at, float l1) {
  return parameter == 0.0f || !is_weight(at) ? 0.0f : parameter < 0.0f ? -l1 : l1;
}
