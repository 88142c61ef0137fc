#!/usr/bin/env bash
# torch 2.13.0, torch.optim.lr_scheduler.OneCycleLR. `pct_start` is checked to lie in [0, 1], and yet of its bounds and between:
#  - pct_start * total_steps == 1 (a rise of one step, such as 0.1 of 10) raises ZeroDivisionError in the constructor: the rise is
#    taken to end at step pct_start * total_steps - 1 = 0, and is divided by it. 0.05 and 0.0 are fine, 0.2 is;
#  - pct_start = 1.0 raises ZeroDivisionError at the tenth of ten permitted step()s, when every update has been made;
#  - pct_start = 0.0 never reaches max_lr: the fall is taken to begin at step -1, so the first rate is 0.09755 of 0.1;
#  - the last permitted step() takes a finished schedule back up: with 0.9 from 4e-07 to max_lr itself.
# A guess would be that the bounds that are checked are those that work, and that a cycle stays at its end.
# Exits with an error if what is seen has changed. Seen:
#   pct_start 0.0: 0.09755 … 4e-07, then 0.002448
#   pct_start 0.1: ZeroDivisionError in the constructor
#   pct_start 0.9: 0.004 … 4e-07, then 0.1
#   pct_start 1.0: 0.004 … 0.1, then ZeroDivisionError
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.1
"$folder/venv/bin/python" - <<'PY'
import torch

STEPS = 10
EXPECTED = {
    0.0: "0.09755 … 4e-07, then 0.002448",
    0.1: "ZeroDivisionError in the constructor",
    0.9: "0.004 … 4e-07, then 0.1",
    1.0: "0.004 … 0.1, then ZeroDivisionError",
}


def one_cycle(pct_start):
    """The rates of the first and the last of ten updates, and what the tenth step() gives."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    try:
        scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=STEPS, pct_start=pct_start)
    except ZeroDivisionError:
        return "ZeroDivisionError in the constructor"
    rates = [scheduler.get_last_lr()[0]]
    for _ in range(STEPS - 1):
        optimizer.step()
        scheduler.step()
        rates.append(scheduler.get_last_lr()[0])
    optimizer.step()
    try:
        scheduler.step()
        after = f"{scheduler.get_last_lr()[0]:.4g}"
    except ZeroDivisionError:
        after = "ZeroDivisionError"
    return f"{rates[0]:.4g} … {rates[-1]:.4g}, then {after}"


for pct_start, expected in EXPECTED.items():
    found = one_cycle(pct_start)
    print(f"pct_start {pct_start}: {found}")
    assert found == expected, f"expected: {expected}"
PY
