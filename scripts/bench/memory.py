#!/usr/bin/env python3
"""Watches the memory of long runs: it must not grow but by the history that a run keeps.

    scripts/bench/memory.py [--lockstep target/release/lockstep] [--share 1.0]

Samples the resident memory (VmRSS) of `run moons` for 100,000 epochs and of `fit` for 20,000, every 50 ms. Start is a tenth
of the run's time, when libtorch is loaded and the first epochs have made their buffers; end is 97 %, before the pictures are
drawn. From start to the highest sample until end the memory may grow by 4 MB and, an epoch, 16 bytes for `run moons` (a
float32 loss) and 96 for `fit` (40 for losses and learning rate, in an array that doubles when it is full). Prints a table in
Markdown; exit code 1 when a run grows more. Plain Python, Linux.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MB = 1 << 20
ALLOWANCE = 4 * MB


def resident(pid):
    """Bytes, 0 for a process that has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    lines = [line for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(lines[0].split()[1]) * 1024 if lines else 0


def watch(command):
    """Samples (seconds, bytes) from the start to the end of a run."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    begin, samples = time.monotonic(), []
    while process.poll() is None:
        if size := resident(process.pid):
            samples.append((time.monotonic() - begin, size))
        time.sleep(0.05)
    if process.returncode:
        sys.exit(f"{' '.join(command)}: exit code {process.returncode}")
    return samples


def judge(name, samples, epochs, per_epoch):
    """A line of the table, and whether the memory stayed within its bound."""
    length = samples[-1][0]
    at = lambda share: next(size for seconds, size in samples if seconds >= share * length)
    start, quarter, end = at(0.1), at(0.25), at(0.97)
    grown = max(size for seconds, size in samples if 0.1 * length <= seconds <= 0.97 * length) - start
    bound = ALLOWANCE + epochs * per_epoch
    figures = " | ".join(f"{size / MB:.1f}" for size in (start, quarter, end, grown, bound))
    print(f"| {name} | {epochs:,} | {length:.0f} | {figures} |")
    return grown <= bound


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    parser.add_argument("--lockstep", default=str(target / "release/lockstep"))
    parser.add_argument("--share", type=float, default=1.0, help="of the epochs; 0.1 takes a few seconds")
    options = parser.parse_args()
    moons, fit = round(100_000 * options.share), round(20_000 * options.share)
    with tempfile.TemporaryDirectory(prefix="lockstep-memory-") as home:
        table, draw = Path(home) / "table.csv", random.Random(0)
        rows = ((draw.gauss(0, 1), draw.choice("xyz"), draw.gauss(0, 1)) for _ in range(200))
        table.write_text("a,b,y\n" + "".join(f"{a},{b},{2 * a + e}\n" for a, b, e in rows))
        common = ["--threads", "1", "--device", "cpu", "--quiet", "--out", f"{home}/run"]
        runs = [
            ("`run moons --samples 200`", moons, 16, ["run", "moons", "--samples", "200", "--epochs", str(moons)]),
            ("`fit`, 200 rows", fit, 96, ["fit", str(table), "--target", "y", "--epochs", str(fit)]),
        ]
        print("| MB resident | epochs | seconds | start | a quarter | end | growth | bound |\n|---|---|---|---|---|---|---|---|")
        flat = [judge(name, watch([options.lockstep, *arguments, *common]), epochs, size) for name, epochs, size, arguments in runs]
    sys.exit(0 if all(flat) else 1)


if __name__ == "__main__":
    main()
