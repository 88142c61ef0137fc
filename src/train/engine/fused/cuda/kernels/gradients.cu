// A batch shared out over blocks: each leaves its part of the sums, which are then added in the blocks' order.

// The tile lies in shared memory, or where it does not fit in the block's part of `tiles`.
DEVICE float *tile_of(float *tiles) {
  return tiles ? tiles + (long long)BLOCK * TILE_FLOATS : reinterpret_cast<float *>(SHARED) + FIXED;
}

// Of `rows` rows each block takes `each`, a multiple of a tile but in the last. `partials` [blocks, LENGTH] is null where only
// the loss is wanted; `sums` is [blocks, 2].
KERNEL share(const float *x, const Integer *classes, const float *values, const float *weight, const float *class_weight,
             const Integer *index, Integer begins, const float *parameters, float *partials, double *sums, float *tiles, int rows,
             int each) {
  Batch batch = {x, classes, values, weight, class_weight, index, begins};
  Memory memory(SHARED, tile_of(tiles));
  float *gradients = partials ? partials + (long long)BLOCK * LENGTH : nullptr;
  begin(memory);
  ones(memory.tile);
  work(batch, parameters, memory, gradients, BLOCK * each, least(rows, (BLOCK + 1) * each), false);
  SYNC();
  EACH(which, 2) sums[2 * BLOCK + which] = memory.totals[which];
}

// Adds up what `of` blocks left: the mean loss, the gradients of that mean divided by `batches`, with those of l1 |w|.
// `gradients` is null where only the loss is wanted.
KERNEL collect(const float *partials, const double *sums, const float *parameters, float *gradients, double *loss, int of, float l1,
               float batches) {
  double total = 0.0, divisor = 0.0;
  for (int other = 0; other < of; other++) total += sums[2 * other], divisor += sums[2 * other + 1];
  if (BLOCK == 0) EACH(only, 1) *loss = total / divisor;
  if (!gradients) return;
  float scale = (float)(1.0 / divisor);
  EACH(item, THREADS) {
    int at = BLOCK * THREADS + item;
    if (at >= LENGTH) continue;
    float sum = 0.0f;
    for (int other = 0; other < of; other++) sum += partials[(long long)other * LENGTH + at];
    sum *= scale;
    if (l1 != 0.0f) sum += of_l1(parameters[at], at, l1);
    gradients[at] = batches == 1.0f ? sum : divide(sum, batches);
  }
}
