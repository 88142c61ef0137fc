#!/usr/bin/env bash
# torch 2.15.0 on the CPU, float32. What a function of one number gives depends on where the number stands: in a column of a matrix
# (stride 2) or alone in a tensor, gelu, mish, softplus, silu, sigmoid, exp2, elu and selu give other last bits than for the same
# number in a contiguous tensor, for 4 to 35 numbers of 100. tanh, exp, expm1, log, log1p, sin, cos, sinh and cosh do not.
# A guess would be that an elementwise function is a function of its element. In effect: x[:, 0] and x[:, 0].contiguous(), a batch
# of one row and the same row in a batch, or a model after channels_last or a transpose, are not equal to the bit in such layers,
# and a port that computes row by row cannot be.
# The contiguous case goes through vectorised code (SLEEF and ATen's own), the strided one through the C library, element by element.
# Exits with an error if what is seen has changed; the shares depend on the processor. Seen on AVX-512:
#   strided against contiguous, share of 4096 numbers whose bits differ
#   differ: gelu 0.354, mish 0.248, softplus 0.114, silu 0.038, sigmoid 0.037, exp2 0.059, elu 0.043, selu 0.038
#   equal: tanh, exp, expm1, log, log1p, sin, cos, sinh, cosh
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.15.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PY'
import torch

DIFFER = ["gelu", "mish", "softplus", "silu", "sigmoid", "exp2", "elu", "selu"]
EQUAL = ["tanh", "exp", "expm1", "log", "log1p", "sin", "cos", "sinh", "cosh"]

torch.set_num_threads(1)
torch.manual_seed(0)
numbers = torch.randn(4096) * 3


def share(name):
    """Of the numbers whose result has other bits in a column of a matrix than in a contiguous tensor; the largest difference."""
    function = getattr(torch, name, None) or getattr(torch.nn.functional, name)
    x = numbers.abs() + 0.001 if name in ("log", "log1p") else numbers
    matrix = torch.zeros(4096, 2)
    matrix[:, 0] = x
    contiguous, strided = function(x), function(matrix[:, 0])
    alone = torch.cat([function(x[i : i + 1].clone()) for i in range(256)])
    assert torch.equal(alone, strided[:256]), f"{name}: alone is not as strided"
    assert torch.allclose(contiguous, strided, rtol=1e-5, atol=1e-6, equal_nan=True), name
    return (contiguous != strided).float().mean().item()


differ = {name: share(name) for name in DIFFER}
equal = {name: share(name) for name in EQUAL}
print("strided against contiguous, share of 4096 numbers whose bits differ")
print("differ:", ", ".join(f"{name} {value:.3f}" for name, value in differ.items()))
print("equal:", ", ".join(equal))
assert all(differ.values()), differ
assert not any(equal.values()), equal
PY
