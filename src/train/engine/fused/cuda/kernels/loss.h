// The losses of a tile's rows, and in place of the outputs their gradients: the formulas of ../../loss.rs.

// The rows of a batch, in the memory of a training part.
struct Batch {
  const float *x;
  // The classes, or the values of each output.
  const Integer *classes;
  const float *values;
  // A weight of each row and of each class, or null.
  const float *weight, *class_weight;
  // The rows' numbers; null: as they stand, from the first on.
  const Integer *index;
  Integer first;

  DEVICE Integer row(int place) const { return index ? index[place] : first + place; }
};

// w (ln sum exp(z) - z[y]), and w (softmax(z) - [y]).
DEVICE float cross_entropy(float *z, int own, float weight) {
  float top = z[0], sum = 0.0f;
  for (int n = 1; n < OUTPUTS; n++) top = z[n * STRIDE] > top ? z[n * STRIDE] : top;
  float below = z[own * STRIDE] - top;
  for (int n = 0; n < OUTPUTS; n++) {
    float e = exp32(z[n * STRIDE] - top);
    z[n * STRIDE] = e;
    sum += e;
  }
  float scale = divide(weight, sum);
  for (int n = 0; n < OUTPUTS; n++) z[n * STRIDE] = z[n * STRIDE] * scale - (n == own ? weight : 0.0f);
  return weight * (ln32(sum) - below);
}

// w (max(z, 0) - z y + ln(1 + exp(-|z|))), and w (sigmoid(z) - y).
DEVICE float bce(float *z, float y, float weight) {
  float x = *z, e = exp32(x < 0.0f ? x : -x);
  float p = divide(x < 0.0f ? e : 1.0f, 1.0f + e);
  *z = weight * (p - y);
  return weight * ((x < 0.0f ? 0.0f : x) - x * y + ln_1p32(e));
}

// w sum (z - y)^2 / outputs, and 2 w (z - y) / outputs.
DEVICE float mse(float *z, const float *y, float weight) {
  float share = weight * divide(1.0f, (float)OUTPUTS), sum = 0.0f;
  for (int n = 0; n < OUTPUTS; n++) {
    float difference = z[n * STRIDE] - y[n], scaled = share * difference;
    sum = fma32(scaled, difference, sum);
    z[n * STRIDE] = scaled + scaled;
  }
  return sum;
}

// The losses of the tile's rows, and what each adds to the divisor of their mean: w under weights of rows, however classes weigh.
DEVICE void score(const Batch &batch, int from, float *z, float *losses, float *shares, int rows) {
  EACH(place, rows) {
    Integer row = batch.row(from + place);
    float *own = z + place, y = 0.0f;
    int label = 0;
    if (batch.classes) label = (int)batch.classes[row], y = (float)label;
    else if (OUTPUTS == 1) y = batch.values[row], label = batch.class_weight ? (int)y : 0;
    float weight = batch.weight ? batch.weight[row] : 1.0f, share = weight;
    if (batch.class_weight) {
      weight *= batch.class_weight[label];
      if (!batch.weight) share = weight;
    }
    shares[place] = share;
#if CRITERION == CROSS_ENTROPY
    losses[place] = cross_entropy(own, label, weight);
#elif CRITERION == BCE
    losses[place] = bce(own, y, weight);
#else
    losses[place] = mse(own, batch.values + row * OUTPUTS, weight);
#endif
  }
}
