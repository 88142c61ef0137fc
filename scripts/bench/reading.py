"""Seconds and memory of the commands that read a large table, beside what others need to read it.

    python scripts/bench/reading.py [--rows 2e6] [--runs 3] [--lockstep target/release/lockstep] [--before OLD] [--format csv]

Needs numpy, polars and duckdb in an environment of your own (`pip install numpy polars duckdb`; with --pandas also pandas,
pyarrow and scikit-learn) and, for 1e7 rows, 3 GB of disk (--folder, else the temporary folder).

The table has six columns of numbers, two of text, and a class of two as target; as CSV and as Parquet. In turn, each a process of
its own on all processors:

* polars: `scan_csv(…).sink_parquet(…)` (or `scan_parquet`), its streaming engine: what reading once and writing once costs;
* duckdb: reads, scales the numbers by their mean and deviation, and writes Parquet;
* pandas (--pandas): read_csv with the engine of pyarrow, StandardScaler and OneHotEncoder, Parquet;
* `lockstep preprocess`, `predict -o p.parquet`, `evaluate`, `inspect`, and `fit` of two epochs (fused, batches of 1,024), by
  the program at --lockstep, and by another at --before.

Prints a Markdown table: medians of wall time, of each the ratio to polars, and the largest peak of resident memory; and the
processor. All predictions and metrics of --before and --lockstep must be the same: exit code 1 if they are not.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parents[2]
POLARS = """
import polars as pl, sys
scan = pl.scan_csv if sys.argv[1].endswith("csv") else pl.scan_parquet
scan(sys.argv[1]).sink_parquet(sys.argv[2])
"""
DUCKDB = """
import duckdb, sys
x = [f"x{i}" for i in range(6)]
scaled = ", ".join(f"((t.{c} - s.{c}_m) / s.{c}_d)::FLOAT AS {c}" for c in x)
sums = ", ".join(f"avg({c}) AS {c}_m, stddev_pop({c}) AS {c}_d" for c in x)
duckdb.sql(f"COPY (WITH t AS MATERIALIZED (FROM '{sys.argv[1]}'), s AS (SELECT {sums} FROM t) "
           f"SELECT {scaled}, t.a, t.b, t.y FROM t, s) TO '{sys.argv[2]}' (FORMAT parquet)")
"""
PANDAS = """
import pandas as pd, sys
from sklearn.compose import make_column_transformer
from sklearn.preprocessing import OneHotEncoder, StandardScaler
source = sys.argv[1]
t = pd.read_csv(source, engine="pyarrow") if source.endswith("csv") else pd.read_parquet(source)
x = [c for c in t if c.startswith("x")]
encode = make_column_transformer((StandardScaler(), x), (OneHotEncoder(sparse_output=False), ["a", "b"]))
features = encode.set_output(transform="pandas").fit_transform(t).astype("float32")
features.assign(y=t["y"]).to_parquet(sys.argv[2])
"""
MAKE = """
import numpy as np, polars as pl, sys
n, r = int(float(sys.argv[1])), np.random.default_rng(0)
x = r.normal(size=(n, 6)).round(5)
a = np.array([f"a{i}" for i in range(8)])[r.integers(0, 8, n)]
b = np.array(["red", "green", "blue", "yellow"])[r.integers(0, 4, n)]
z = x[:, 0] - x[:, 1] * x[:, 2] + (b == "red") + r.normal(size=n) * 0.5
t = pl.DataFrame({**{f"x{i}": x[:, i] for i in range(6)}, "a": a, "b": b, "y": np.where(z > 0.3, "yes", "no")})
t.write_csv("t.csv")
t.write_parquet("t.parquet")
"""


def timed(command, folder):
    """Seconds, and the peak of resident memory in MB."""
    measured = subprocess.run(
        [sys.executable, "-c", RUN, *map(str, command)], cwd=folder, capture_output=True, text=True
    )
    if measured.returncode:
        sys.exit(f"{' '.join(map(str, command))}: {measured.stderr}")
    return json.loads(measured.stdout.splitlines()[-1])


# A process of its own, so that the peak is that of one command.
RUN = """
import json, resource, subprocess, sys, time
begin = time.perf_counter()
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
seconds = time.perf_counter() - begin
if done.returncode:
    sys.exit(done.stderr[-2000:])
print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024]))
"""


def verbs(program, table, name):
    fit = ["fit", table, "--target", "y", "--epochs", "2", "--batch-size", "1024", "--engine", "fused", "--device", "cpu"]
    model = f"first-{name}/model.pt"
    return {
        "preprocess": [program, "preprocess", table, "--target", "y", "--out", f"prepared-{name}"],
        "predict": [program, "predict", model, table, "-o", f"{name}.parquet"],
        "evaluate": [program, "evaluate", model, table],
        "inspect": [program, "inspect", table],
        "fit": [program, *fit, "--out", f"fit-{name}"],
    }


def same(one, other):
    """Whether two files hold the same numbers: those of Parquet may lie in row groups of other lengths."""
    if one.suffix != ".parquet":
        return one.read_bytes() == other.read_bytes()
    import polars as pl

    return pl.read_parquet(one).equals(pl.read_parquet(other))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", default="2e6")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--lockstep", type=pathlib.Path, default=HERE / "target/release/lockstep")
    parser.add_argument("--before", type=pathlib.Path)
    parser.add_argument("--format", choices=("csv", "parquet"), nargs="+", default=["csv", "parquet"])
    parser.add_argument("--pandas", action="store_true")
    parser.add_argument("--only", nargs="+", help="verbs that are timed")
    parser.add_argument("--folder", type=pathlib.Path)
    options = parser.parse_args()
    programs = {"lockstep": options.lockstep.resolve()}
    if options.before:
        programs["before"] = options.before.resolve()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        folder = pathlib.Path(folder)
        subprocess.run([sys.executable, "-c", MAKE, options.rows], cwd=folder, check=True)
        # Each has a model of its own, as an older program does not read a newer one's; the weights are the same.
        for name, program in programs.items():
            first = verbs(program, "t.parquet", name)["fit"][:-1] + [f"first-{name}"]
            subprocess.run(first, cwd=folder, check=True, capture_output=True)
        wrong = [measure(options, programs, f"t.{format}", folder) for format in options.format]
    model = next(line for line in open("/proc/cpuinfo") if line.startswith("model name")).split(":")[1].strip()
    print(f"\n{model}, {os.cpu_count()} processors; medians of {options.runs} runs in turn")
    sys.exit(any(wrong))


def measure(options, programs, table, folder):
    peers = {"polars": POLARS, "duckdb": DUCKDB, **({"pandas": PANDAS} if options.pandas else {})}
    runs = {(peer, ""): [sys.executable, "-c", code, table, f"{peer}.parquet"] for peer, code in peers.items()}
    for name, program in programs.items():
        for verb, command in verbs(program, table, name).items():
            if not options.only or verb in options.only:
                runs[verb, name] = command
    found = {key: [] for key in runs}
    for _ in range(options.runs):
        for key, command in runs.items():
            found[key].append(timed(command, folder))
    median = {key: statistics.median(seconds for seconds, _ in values) for key, values in found.items()}
    peak = {key: max(memory for _, memory in values) for key, values in found.items()}
    print(f"\n| {table}, {float(options.rows):,.0f} rows | seconds | of polars' | MB at most |\n|---|---|---|---|")
    for (what, name), seconds in median.items():
        label = what if not name else f"{what}" if name == "lockstep" else f"{what}, before"
        print(f"| {label} | {seconds:.2f} | {seconds / median['polars', '']:.2f} | {peak[what, name]:.0f} |")
    if "before" not in programs:
        return False
    pairs = [("lockstep.parquet", "before.parquet")]
    pairs += [(f"prepared-lockstep/{part}.parquet", f"prepared-before/{part}.parquet") for part in ("train", "test")]
    pairs += [("fit-lockstep/model.safetensors", "fit-before/model.safetensors")]
    pairs = [(folder / a, folder / b) for a, b in pairs]
    differ = [str(a) for a, b in pairs if a.exists() and b.exists() and not same(a, b)]
    if differ:
        print("other numbers than before:", ", ".join(differ))
    return bool(differ)


if __name__ == "__main__":
    main()
