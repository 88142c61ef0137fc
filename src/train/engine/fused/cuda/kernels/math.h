// tanh, exp, sigmoid and ln of a float: the polynomials of ../../math.rs, so that no card has an own opinion of them.

DEVICE float tanh32(float x) {
  float u = x * x;
  u = u > 81.36f ? 81.36f : u;
  float p = fma32(1.3319102e-8f, u, 2.0583506e-5f);
  p = fma32(p, u, 3.4940362e-3f);
  p = fma32(p, u, 1.337972e-1f);
  p = fma32(p, u, 1.0f);
  float q = fma32(7.7620325e-7f, u, 3.2830954e-4f);
  q = fma32(q, u, 2.587108e-2f);
  q = fma32(q, u, 4.6713033e-1f);
  q = fma32(q, u, 1.0f);
  float y = divide(x * p, q);
  y = y < -1.0f ? -1.0f : y;
  return y > 1.0f ? 1.0f : y;
}

DEVICE float exp32(float x) {
  if (x != x) return x;
  x = x < -87.336f ? -87.336f : x;
  x = x > 88.376f ? 88.376f : x;
  // Added to a small number it leaves the nearest whole one in the last bits.
  const float round = 12582912.0f;
  float rounded = fma32(x, 1.44269504f, round);
  float n = rounded - round;
  float r = fma32(n, -0.6933594f, x);
  r = fma32(n, 2.1219444e-4f, r);
  float p = fma32(1.3813145e-3f, r, 8.369419e-3f);
  p = fma32(p, r, 4.1668456e-2f);
  p = fma32(p, r, 1.6666515e-1f);
  p = fma32(p, r, 4.9999994e-1f);
  float e = fma32(r * r, p, r) + 1.0f;
  return number(bits(e) + (bits(rounded) << 23));
}

DEVICE float sigmoid32(float x) { return divide(1.0f, 1.0f + exp32(-x)); }

DEVICE float ln32(float x) {
  if (x != x) return x;
  const unsigned half = 0x3f3504f3u;
  unsigned above = bits(x) - half;
  float n = number(((above + 0x3f800000u) >> 23) | 0x4b000000u) - (8388608.0f + 127.0f);
  float f = number((above & 0x007fffffu) + half) - 1.0f;
  float p = fma32(-7.646105e-2f, f, 1.2779115e-1f);
  p = fma32(p, f, -1.3164186e-1f);
  p = fma32(p, f, 1.4199695e-1f);
  p = fma32(p, f, -1.6622765e-1f);
  p = fma32(p, f, 2.0001292e-1f);
  p = fma32(p, f, -2.5000837e-1f);
  p = fma32(p, f, 3.333333e-1f);
  float square = f * f;
  float tail = fma32(square * f, p, square * -0.5f);
  float low = f + fma32(n, -2.1219444e-4f, tail);
  return fma32(n, 0.6933594f, low);
}

// ln(1 + t) for t from 0 up, also where 1 + t is rounded.
DEVICE float ln_1p32(float t) {
  float u = 1.0f + t;
  float lost = t - (u - 1.0f);
  return ln32(u) + divide(lost, u);
}

// f(z) of the hidden layers.
DEVICE float activate(float z) {
#if ACTIVATION == RELU
  return z < 0.0f ? 0.0f : z;
#elif ACTIVATION == TANH
  return tanh32(z);
#elif ACTIVATION == SIGMOID
  return sigmoid32(z);
#else
  return z;
#endif
}

// d f'(z), f' in terms of h = f(z); relu lets NaN through, as PyTorch's does.
DEVICE float derive(float h, float d) {
#if ACTIVATION == RELU
  return h <= 0.0f ? 0.0f : d;
#elif ACTIVATION == TANH
  return d * fma32(-h, h, 1.0f);
#elif ACTIVATION == SIGMOID
  return d * (h * (1.0f - h));
#else
  return d;
#endif
}
