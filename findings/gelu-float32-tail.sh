#!/usr/bin/env bash
# torch 2.15.0 on the CPU: torch.nn.functional.gelu in its default, the "exact" form x Φ(x), loses the tail below 0 in float32. At -3 it
# is 1e-4 of its value off, at -5 a sixth, and from about -5.5 on it is 0, where the value is -5.9e-09 at -6 and float32 holds 1e-38. A
# single number goes another way than a tensor of many, to other values; and of +infinity the one is infinity, a tensor of many NaN.
# float64 keeps ten digits at -6, and +infinity.
# A guess would be a few units in the last place, as of tanh or erf, and the same value in a tensor of any size: 1 + erf cancels
# below 0, whatever the digits of erf.
# Exits with an error if what is seen has changed. Seen on AVX-512:
#   gelu(-3): 1.3e-04 off in a tensor of 32, 1.4e-06 alone
#   gelu(-5): 1.7e-01 off in a tensor of 32, 4.0e-02 alone
#   gelu(-6): 1.0e+00 off in a tensor of 32, 1.0e+00 alone
#   gelu(inf): nan in a tensor of 32, inf alone
#   float64: gelu(-6) 1.3e-10 off, gelu(inf): inf
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.15.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PY'
import math, sys, torch
from torch.nn.functional import gelu


def off(found, x):
    exact = x * 0.5 * math.erfc(-x / math.sqrt(2))
    return abs(found / exact - 1)


def many(x, dtype=torch.float32):
    return gelu(torch.full((32,), x, dtype=dtype))[0].item()


alone = lambda x: gelu(torch.tensor(x)).item()
for x in (-3.0, -5.0, -6.0):
    print(f"gelu({x:.0f}): {off(many(x), x):.1e} off in a tensor of 32, {off(alone(x), x):.1e} alone")
infinity = math.inf
print(f"gelu(inf): {many(infinity)} in a tensor of 32, {alone(infinity)} alone")
double = [off(many(x, torch.float64), x) for x in (-3.0, -5.0, -6.0)]
print(f"float64: gelu(-6) {double[2]:.1e} off, gelu(inf): {many(infinity, torch.float64)}")
same = (
    off(many(-3.0), -3.0) > 1e-5
    and off(many(-5.0), -5.0) > 1e-2
    and many(-6.0) == 0
    and math.isnan(many(infinity))
    and alone(infinity) == infinity
    and many(infinity, torch.float64) == infinity
)
sys.exit(0 if same else "what is seen has changed")
PY
