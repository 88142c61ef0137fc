// Many updates in one call, by one block that keeps the parameters in its shared memory: the updates of
// ../../../../optim/sweep.rs.

// beta1's and beta2's other sides; beta2 and eps are PyTorch's defaults.
constexpr float BETA2 = 0.999, OTHER2 = 1.0 - 0.999, EPS = 1e-8;

// `with`: 1 - beta1, -lr / (1 - beta1^t), the square root of 1 - beta2^t, and what the parameter is multiplied by first.
DEVICE void adam(float4 with, float decay, float *parameter, float grad, float *mean, float *square) {
  float p = *parameter * with.w;
  float g = fma32(decay, p, grad);
  float m = *mean = fma32(with.x, g - *mean, *mean);
  float v = *square = fma32(OTHER2 * g, g, *square * BETA2);
  *parameter = p + divide(with.y * m, divide(root(v), with.z) + EPS);
}

// `with`: -lr, the momentum, and how much of the buffer is kept; the last: whether Nesterov's step is taken.
DEVICE void sgd(float4 with, float decay, float *parameter, float grad, float *buffer) {
  float step = fma32(decay, *parameter, grad);
  if (with.y != 0.0f) {
    float moved = *buffer = fma32(with.z, *buffer, step);
    step = with.w != 0.0f ? fma32(with.y, moved, step) : moved;
  }
  *parameter = fma32(with.x, step, *parameter);
}

DEVICE void update(float4 with, float decay, float l1, float *parameters, float *gradients, float *first, float *second, float scale) {
  EACH(at, LENGTH) {
    float grad = gradients[at] * scale;
    if (l1 != 0.0f) grad += of_l1(parameters[at], at, l1);
    if (second) adam(with, decay, parameters + at, grad, first + at, second + at);
    else sgd(with, decay, parameters + at, grad, first + at);
  }
}

DEVICE void copy(const float *from, float *to) {
  EACH(at, LENGTH) to[at] = from[at];
}

// `count` updates in batches of `size` rows of the `seen` of an epoch. `orders` [epochs, all]: the rows' order in each epoch;
// null: as they stand. `first` and `second`: the optimizer's buffers, the second null under SGD. `settings` and `losses`: one
// an update.
KERNEL steps(const float *x, const Integer *classes, const float *values, const float *weight, const float *class_weight,
             const Integer *orders, float *parameters, float *first, float *second, const float4 *settings, double *losses, int count,
             int size, int seen, int all, float decay, float l1) {
  float *floats = reinterpret_cast<float *>(SHARED) + FIXED;
  float *own = floats, *gradients = floats + LENGTH, *m = floats + 2 * LENGTH, *v = second ? floats + 3 * LENGTH : nullptr;
  Memory memory(SHARED, floats + 4 * LENGTH);
  copy(parameters, own);
  copy(first, m);
  if (second) copy(second, v);
  EACH(at, LENGTH) gradients[at] = 0.0f;
  ones(memory.tile);
  int batches = up(seen, size);
  bool stays = !orders && batches == 1 && seen <= TILE;
  for (int step = 0; step < count; step++) {
    int from = step % batches * size, rows = least(size, seen - from);
    const Integer *index = orders ? orders + (long long)(step / batches) * all + from : nullptr;
    Batch batch = {x, classes, values, weight, class_weight, index, from};
    begin(memory);
    work(batch, own, memory, gradients, 0, rows, stays && step > 0);
    SYNC();
    double divisor = memory.totals[1];
    EACH(only, 1) losses[step] = memory.totals[0] / divisor;
    update(settings[step], decay, l1, own, gradients, m, v, (float)(1.0 / divisor));
    SYNC();
  }
  copy(own, parameters);
  copy(m, first);
  if (second) copy(v, second);
}
