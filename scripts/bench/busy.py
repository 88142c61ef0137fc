#!/usr/bin/env python3
"""Times training loops on quiet cores, and while other work keeps every core busy: Python's own beside lockstep's.

    .venv/bin/python scripts/bench/busy.py [--runs 5] [--spins 1000,100000] [--write] [--readme data/benchmarks.md] [--lockstep PATH]

Busy means: as many endless loops as there are cores. The programs take turns, and so do quiet and busy cores; a run that takes
longer than --limit seconds is ended and counts as that long. Each row is a program on as many threads as there are cores, or on
lockstep's and PyTorch's own number; `fit` has no original. The clock is that of the training loop, kept by each program.

--spins has `run moons` on all threads also with each of these counts in GOMP_SPINCOUNT, which decides how long a thread of
libtorch looks for work before it sleeps. Otherwise lockstep's own holds, whatever the environment says.

Prints a Markdown table of medians, with the processor and the load before the quiet runs, which should be near 0. With --write
it goes between `<!-- bench:busy -->` and `<!-- /bench -->` in data/benchmarks.md.
"""

import argparse
import contextlib
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parents[2]
CORES = len(os.sched_getaffinity(0))
OWN = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def original(name, *more):
    return [sys.executable, HERE / f"scripts/original/{name}.py", "--trace", "-", *more]


def programs(spins):
    """Name, Python's command or none, lockstep's arguments, and what is set in lockstep's environment."""
    threads = ("--threads", str(CORES))
    yield f"moons, 200 rows, {CORES} threads", original("moons", *threads), ["run", "moons", *threads], {}
    for count in spins:
        yield f"the same, GOMP_SPINCOUNT={count}", None, ["run", "moons", *threads], {"GOMP_SPINCOUNT": count}
    yield "moons, 200 rows", original("moons"), ["run", "moons"], {}
    many = ("--samples", "10000", "--epochs", "200")
    yield "moons, 10,000 rows, 200 epochs", original("moons", *many), ["run", "moons", *many], {}
    fused = ["run", "moons", "--engine", "fused"]
    yield f"moons, 200 rows, fused, {CORES} threads", None, [*fused, *threads], {}
    fit = ["fit", "table.csv", "--target", "y", "--batch-size", "32", "--epochs", "20"]
    yield f"fit, 2,000 rows, batches of 32, 20 epochs, {CORES} threads", None, [*fit, *threads], {}
    yield "fit, 2,000 rows, batches of 32, 20 epochs", None, fit, {}
    yield "boston", original("boston", "--data", HERE / "data/boston.csv"), ["run", "boston"], {}


@contextlib.contextmanager
def load(count):
    """So many cores at work on nothing."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def seconds(command, environment, folder, limit):
    """Of the training loop, by the program's own clock."""
    plain = {name: value for name, value in os.environ.items() if name not in OWN}
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words, check=True, capture_output=True, text=True, cwd=folder, env=plain | environment, timeout=limit
        )
    except subprocess.TimeoutExpired:
        return limit
    found = json.loads(done.stdout)
    return found["seconds"]["training"] if isinstance(found.get("seconds"), dict) else found["training_seconds"]


def measure(options, folder):
    """By program: by who and how busy, the seconds."""
    rows = {name: {} for name, *_ in programs(options.spins)}
    for _ in range(options.runs):
        for busy in (False, True):
            with load(CORES if busy else 0):
                for name, python, ours, environment in programs(options.spins):
                    ours = [options.lockstep, *ours, "--device", "cpu", "--out", "run", "--json", "--quiet"]
                    for who, command in (("Python", python), ("lockstep", ours)):
                        if command:
                            of_us = environment if who == "lockstep" else {}
                            took = seconds(command, of_us, folder, options.limit)
                            rows[name].setdefault((who, busy), []).append(took)
    return rows


def shown(times, limit):
    if not times:
        return ""
    middle = statistics.median(times)
    return f"over {limit:g}" if middle >= limit else f"{middle:.3f}"


def table(rows, options, before):
    lines = ["| training loop, seconds | Python, quiet | lockstep, quiet | Python, busy | lockstep, busy |", "|---|---|---|---|---|"]
    order = [("Python", False), ("lockstep", False), ("Python", True), ("lockstep", True)]
    for name, found in rows.items():
        lines.append(f"| {name} | " + " | ".join(shown(found.get(key), options.limit) for key in order) + " |")
    info = pathlib.Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*: (.*)", info)
    model = model[1].strip() if model else "unknown processor"
    lines += ["", f"medians of {options.runs} alternating runs, {CORES} cores, {model}; load before them {before:.2f}"]
    return "\n".join(lines)


def write(readme, text):
    old = readme.read_text()
    pattern = re.compile(r"(<!-- bench:busy -->\n).*?(<!-- /bench -->)", re.DOTALL)
    new, count = pattern.subn(lambda found: f"{found[1]}{text}\n{found[2]}", old)
    if count != 1:
        sys.exit(f"error: {readme}: expected one <!-- bench:busy --> … <!-- /bench -->")
    readme.write_text(new)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--spins", type=lambda text: text.split(","), default=[])
    parser.add_argument("--limit", type=float, default=60.0)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--readme", type=pathlib.Path, default=HERE / "data/benchmarks.md")
    parser.add_argument("--lockstep", default=str(HERE / "target/release/lockstep"))
    options = parser.parse_args()
    options.lockstep = os.path.abspath(options.lockstep)
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        draw = [options.lockstep, "data", "moons", "--samples", "2000", "--output", "table.csv"]
        subprocess.run(draw, check=True, capture_output=True, cwd=folder)
        text = table(measure(options, folder), options, before)
    print(text)
    if options.write:
        write(options.readme, text)


if __name__ == "__main__":
    main()
