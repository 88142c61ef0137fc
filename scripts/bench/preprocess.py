"""Holds `lockstep preprocess` against pandas + scikit-learn: seconds and memory, side by side.

    python scripts/bench/preprocess.py [--rows 1e6,1e7] [--runs 3] [--lockstep target/release/lockstep]

Needs numpy, pandas, pyarrow and scikit-learn: `pip install pandas pyarrow scikit-learn` into an environment of your own,
and 5 GB of disk (--folder, else the temporary folder) for 1e7 rows; the peer takes as much memory.

The table has a row number, six columns of numbers and two of text, three of them with 3 % of their cells empty or `NA`, and
a number as target. Both programs read it, divide it 60/20/20 by the same permutation, fit imputer, standard scaler and
one-hot encoder on the training rows, and write float32 features as Parquet (zstd): `lockstep preprocess` with its
defaults, and preprocess_pandas.py with either CSV engine of pandas. They run in turn, each a process of its own, on
all processors. Seconds are wall time, memory is the process's peak of resident memory.

Rule: the parts hold the same rows and targets, and features that differ by 1e-6 of max(1, |x|) at most; lockstep is faster
than the faster engine, and stays below 1 GB (10^9 bytes). Prints a Markdown table. Exit code 1 if the rule does not hold.
"""

import argparse
import importlib.metadata
import importlib.util
import math
import multiprocessing
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parents[2]
PEER = HERE / "scripts/bench/preprocess_pandas.py"
PARTS, SEED, GAPS = ("train", "valid", "test"), 0, 0.03
CITIES = ("Berlin", "Paris", "Rome", "Oslo", "Madrid", "Vienna", "Prague", "Lisbon")
KINDS = ("house", "flat", "loft")
ENGINES = ("c", "pyarrow")
STEP = 200_000


# A process inherits the peak of the one that starts it, so this one stays small: what needs arrays runs apart.
def apart(work, *arguments):
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


def generate(path, rows):
    import numpy
    import pyarrow
    from pyarrow import csv

    random = numpy.random.default_rng(0)
    with open(path, "wb") as file:
        for first in range(0, rows, STEP):
            n = min(STEP, rows - first)
            area, rooms = random.normal(100, 30, n).round(2), random.integers(1, 9, n)
            age, income = random.integers(0, 120, n), random.lognormal(10, 0.5, n).round(2)
            distance, rating = random.exponential(5, n).round(3), random.random(n).round(4)
            city, kind = random.integers(0, len(CITIES), n), random.integers(0, len(KINDS), n)
            noise = random.normal(0, 10, n)
            price = (3 * area + 10 * rooms - 0.2 * age + 0.001 * income - 4 * distance + 5 * city + noise).round(2)
            gap = random.random((3, n)) < GAPS
            columns = {
                "id": numpy.arange(first, first + n),
                "area": pyarrow.array(area, mask=gap[0]),
                "rooms": rooms,
                "age": pyarrow.array(age.astype(str), mask=gap[1]).fill_null("NA"),
                "income": income,
                "distance": distance,
                "rating": rating,
                "city": pyarrow.array(numpy.array(CITIES)[city], mask=gap[2]),
                "kind": numpy.array(KINDS)[kind],
                "price": price,
            }
            options = csv.WriteOptions(include_header=first == 0, quoting_style="none", quoting_header="none")
            csv.write_csv(pyarrow.table(columns), file, options)


def disagreement(ours, theirs, rows):
    """Where the files of the two programs do not agree, in words; None: nowhere."""
    import numpy
    from pyarrow import parquet

    order = numpy.random.RandomState(SEED).permutation(rows)
    share = math.ceil(0.2 * rows - 1e-9)
    drawn = {"test": order[:share], "valid": order[share : 2 * share], "train": order[2 * share :]}
    for part in PARTS:
        a, b = (parquet.ParquetFile(folder / f"{part}.parquet") for folder in (ours, theirs))
        names = a.schema_arrow.names
        if names != b.schema_arrow.names:
            return f"{part}: columns {names} and {b.schema_arrow.names}"
        # lockstep's rows are in the order of the table, the peer's in the order drawn.
        place = numpy.argsort(drawn[part])
        for name in names:
            x, y = (file.read([name])[name].to_numpy() for file in (a, b))
            if len(x) != len(place) or len(y) != len(place):
                return f"{part}: {len(x)} and {len(y)} rows, expected {len(place)}"
            if name != "price" and not x.dtype == y.dtype == numpy.float32:
                return f"{part}, {name}: {x.dtype} and {y.dtype}, expected float32"
            y = y[place]
            wrong = ~(numpy.abs(x - y) <= (0 if name == "price" else 1e-6) * numpy.maximum(1, numpy.abs(y)))
            if wrong.any():
                row = int(numpy.argmax(wrong))
                return f"{part}, {name}: row {row} is {x[row]} and {y[row]}"
    return None


def measured(command, folder):
    """Wall seconds, and the peak of resident memory in bytes."""
    with open(folder / "said", "w+") as said:
        start = time.perf_counter()
        child = subprocess.Popen([str(word) for word in command], stdout=said, stderr=said)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            said.seek(0)
            sys.exit(f"{command[0]}: exit {child.returncode}: {said.read()}")
    return seconds, usage.ru_maxrss * 1024


def bench(rows, options, folder):
    table = folder / "t.csv"
    apart(generate, table, rows)
    common = [table, "--target", "price", "--seed", SEED]
    programs = {"lockstep": [options.lockstep, "preprocess", *common, "--id", "id", "--device", "cpu", "--quiet", "--out"]}
    for engine in ENGINES:
        programs[engine] = [sys.executable, PEER, *common, "--engine", engine, "--out"]
    results = {name: [] for name in programs}
    for _ in range(options.runs):
        for name, command in programs.items():
            results[name].append(measured([*command, folder / name], folder))
    for engine in ENGINES:
        if wrong := apart(disagreement, folder / "lockstep", folder / engine, rows):
            sys.exit(f"{rows} rows: the programs part, lockstep and pandas ({engine}): {wrong}")
    size = table.stat().st_size
    seconds = {name: statistics.median(second for second, _ in runs) for name, runs in results.items()}
    peak = {name: max(bytes_ for _, bytes_ in runs) for name, runs in results.items()}
    return size, seconds, peak


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", default="1e6,1e7", help="rows of the tables, separated by commas")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=pathlib.Path, help="where the tables are written, and removed again")
    parser.add_argument("--lockstep", default=str(HERE / "target/release/lockstep"))
    options = parser.parse_args()
    options.lockstep = os.path.abspath(options.lockstep)
    needed = ("numpy", "pandas", "pyarrow", "sklearn")
    if missing := [name for name in needed if importlib.util.find_spec(name) is None]:
        sys.exit(f"{sys.executable} has no {', '.join(missing)}: pip install numpy pandas pyarrow scikit-learn")
    if options.runs < 1:
        parser.error("--runs: one at least")
    print("| rows | CSV | program | seconds | ratio | peak memory |")
    print("|---|---|---|---|---|---|")
    failures = []
    for rows in (int(float(text)) for text in options.rows.split(",")):
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            size, seconds, peak = bench(rows, options, pathlib.Path(folder))
        faster = min(ENGINES, key=seconds.get)
        for name in ("lockstep", *sorted(ENGINES, key=seconds.get)):
            shown = "lockstep" if name == "lockstep" else f"pandas + scikit-learn, engine {name}"
            cells = [f"{rows:,}", f"{size / 1e6:.0f} MB", shown, f"{seconds[name]:.1f}"]
            cells += [f"{seconds[name] / seconds['lockstep']:.1f}", f"{peak[name] / 1e6:,.0f} MB"]
            print(f"| {' | '.join(cells)} |", flush=True)
        if seconds["lockstep"] >= seconds[faster]:
            failures.append(f"{rows} rows: {seconds['lockstep']:.1f} s, the peer {seconds[faster]:.1f} s")
        if peak["lockstep"] >= 1e9:
            failures.append(f"{rows} rows: {peak['lockstep'] / 1e6:.0f} MB")
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("pandas", "pyarrow", "scikit-learn"))
    print(f"\nmedian of {options.runs} runs, highest peak; {os.cpu_count()} processors; {versions}")
    for failure in failures:
        print(failure, file=sys.stderr)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
