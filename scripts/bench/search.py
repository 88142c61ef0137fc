"""A search of settings by `lockstep tune` beside scikit-learn's GridSearchCV: seconds, and the best score.

    python scripts/bench/search.py [--rows 2000] [--runs 3] [--lockstep target/release/lockstep] [--before OLD]

Needs scikit-learn and pandas in an environment of your own. The table has 20 numbers and a class of two
(`sklearn.datasets.make_classification`). Searched are four networks and eight learning rates, 32 trials in five folds each:
160 trainings of 50 epochs in batches of 32 rows, with ReLU and Adam, and one on all rows at the end. In turn, each a process of its
own on two processors:

* GridSearchCV(n_jobs=2) over StandardScaler and MLPClassifier, without a penalty and without stopping early;
* `lockstep tune --engine fused`, and `--engine exact` with --exact, by the program at --lockstep, and by another at --before.

What differs is first weights, shuffling, the division into folds, and that lockstep keeps a test part of 2 % of the rows apart and
draws its pictures. Prints a Markdown table of medians. The trials of --before and --lockstep must have the same scores: exit code 1
if they do not.
"""

import argparse
import csv
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parents[2]
MAKE = """
import pandas as pd, sys
from sklearn.datasets import make_classification
x, y = make_classification(int(sys.argv[1]), 20, n_informative=12, n_clusters_per_class=4, flip_y=0.02, random_state=0)
pd.DataFrame(x.round(5), columns=[f"x{i}" for i in range(20)]).assign(y=y).to_csv("t.csv", index=False)
"""
GRID = """
import warnings
import pandas as pd
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
warnings.simplefilter("ignore")
t = pd.read_csv("t.csv")
mlp = MLPClassifier(max_iter=50, batch_size=32, n_iter_no_change=1000, tol=0, alpha=0, random_state=0)
grid = {"mlpclassifier__hidden_layer_sizes": [(16,), (32,), (64,), (32, 32)],
        "mlpclassifier__learning_rate_init": [1e-4, 3e-4, 1e-3, 3e-3, 5e-3, 1e-2, 2e-2, 3e-2]}
search = GridSearchCV(make_pipeline(StandardScaler(), mlp), grid, cv=KFold(5, shuffle=True, random_state=0), n_jobs=2)
print(search.fit(t.drop(columns="y").to_numpy("float32"), t["y"]).best_score_)
"""
TUNE = [
    "tune", "t.csv", "--target", "y", "--folds", "5", "--split", "0.98,0,0.02", "--epochs", "50", "--batch-size", "32",
    "--activation", "relu", "--optimizer", "adam", "--device", "cpu", "--restart", "--quiet",
    "--param", "hidden=16;32;64;32,32", "--param", "lr=1e-4,3e-4,1e-3,3e-3,5e-3,1e-2,2e-2,3e-2",
]  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--exact", action="store_true")
    parser.add_argument("--lockstep", type=pathlib.Path, default=HERE / "target/release/lockstep")
    parser.add_argument("--before", type=pathlib.Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-c", MAKE, str(options.rows)], cwd=folder, check=True)
        programs = {"scikit-learn GridSearchCV(n_jobs=2)": grid}
        engines = ["fused", "exact"] if options.exact else ["fused"]
        for name, program in [("before", options.before), ("lockstep", options.lockstep)]:
            for engine in engines if program else []:
                programs[f"{name} tune --engine {engine}"] = tune(program.resolve(), engine, f"{name}-{engine}")
        found = {name: [] for name in programs}
        for _ in range(options.runs):
            for name, program in programs.items():
                begin = time.perf_counter()
                score = program(folder)
                found[name].append((time.perf_counter() - begin, score))
        same = all(scores(folder, f"before-{e}") == scores(folder, f"lockstep-{e}") for e in engines if options.before)
    show(found)
    sys.exit(not same)


def grid(folder):
    command = [sys.executable, "-c", GRID]
    return float(subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout)


def tune(program, engine, out):
    def run(folder):
        subprocess.run([program, *TUNE, "--engine", engine, "--out", out], cwd=folder, check=True, capture_output=True)
        return max(float(mean) for mean in scores(folder, out))

    return run


def scores(folder, out):
    with open(pathlib.Path(folder) / out / "trials.csv", newline="", encoding="utf-8") as file:
        return [row["mean"] for row in csv.DictReader(file)]


def show(found):
    medians = {name: statistics.median(seconds for seconds, _ in runs) for name, runs in found.items()}
    least = min(medians.values())
    print("| | seconds | ratio | best accuracy |\n|---|---|---|---|")
    for name, median in medians.items():
        print(f"| {name} | {median:.2f} | {median / least:.2f} | {found[name][0][1]:.4f} |")
    processor = next(line for line in open("/proc/cpuinfo") if line.startswith("model name")).split(":")[1].strip()
    print(f"\n{processor}, {os.cpu_count()} processors, {len(next(iter(found.values())))} runs in turn")


if __name__ == "__main__":
    main()
