"""Holds `lockstep fit`, `evaluate` and `predict` against scikit-learn's MLP on scikit-learn's own tables.

    .venv/bin/python scripts/bench/tables.py [--seeds 10] [--threads 1] [--lockstep target/release/lockstep] [TABLE …]

Each table becomes a CSV as users have them: one number column in words, the class as text, 3 % of the cells empty, `NA` or
`?`, and a word that occurs in test rows only. A column says which 70 % of the rows are trained on, so that both programs
see the same; seed s is the seed of the split, of the gaps, and of either program's weights. Both programs run as a user
runs them, one after the other, each on --threads threads: `lockstep fit` with its defaults and `--unseen ignore`,
`scripts/bench/tables_sklearn.py` with the same network and the same epochs. lockstep's also draws its pictures, measures
the importance of each column, and writes a report.

Rule: of the differences of the test scores (lockstep's minus scikit-learn's, seed by seed) the mean must not lie further
below 0 than t standard errors; t is such that equal programs fail it for one table or more in 5 % of the cases at most
(Student's t, one-sided, divided by the number of tables). Of lockstep's first model the metrics of `evaluate` must be
those of `fit`, and scikit-learn's metrics of what `predict` writes.

Prints a Markdown table. Exit code 1 if a rule does not hold.
"""

import argparse
import csv
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy
from scipy.stats import t as student
from sklearn import datasets
from sklearn.metrics import accuracy_score, log_loss, mean_squared_error, r2_score
from sklearn.model_selection import train_test_split

HERE = pathlib.Path(__file__).resolve().parents[2]
PEER = HERE / "scripts/bench/tables_sklearn.py"
TARGET, PART = "outcome", "part"
GAPS = ("", "NA", "?")
GAP_SHARE, TEST_SHARE, UNSEEN_SHARE = 0.03, 0.3, 0.05
WORDS = ("low", "middle", "high")
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
TABLES = {
    "iris": datasets.load_iris,
    "wine": datasets.load_wine,
    "breast_cancer": datasets.load_breast_cancer,
    "digits": datasets.load_digits,
    "diabetes": lambda: datasets.load_diabetes(scaled=False),
}


def load(name):
    """Column names, cells as text column by column, and the target as text; one column is in words."""
    table = TABLES[name]()
    names = [str(column) for column in table.feature_names]
    columns = [[repr(float(value)) for value in column] for column in table.data.T]
    # The column of most distinct values, cut at its terciles.
    worded = max(range(len(names)), key=lambda index: len(numpy.unique(table.data[:, index])))
    values = table.data[:, worded]
    columns[worded] = [WORDS[place] for place in numpy.digitize(values, numpy.quantile(values, [1 / 3, 2 / 3]))]
    if name == "digits":
        target = [DIGITS[digit] for digit in table.target]
    elif "target_names" in table:
        target = [str(table.target_names[index]) for index in table.target]
    else:
        target = [repr(float(value)) for value in table.target]
    return names, columns, worded, target


def is_number(target):
    return target[0][0].isdigit()


def write(path, header, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])


def prepare(name, seed, folder):
    """Writes all.csv, and of its test rows test.csv and, without target and part, new.csv; gives their targets."""
    names, columns, worded, target = load(name)
    random = numpy.random.RandomState(seed)
    strata = None if is_number(target) else target
    _, test = train_test_split(numpy.arange(len(target)), test_size=TEST_SHARE, random_state=seed, stratify=strata)
    columns = [list(column) for column in columns]
    for row in test[: max(1, round(UNSEEN_SHARE * len(test)))]:
        columns[worded][row] = "enormous"
    for column in columns:
        for row in numpy.flatnonzero(random.random_sample(len(target)) < GAP_SHARE):
            column[row] = GAPS[random.randint(len(GAPS))]
    tested = set(test.tolist())
    rows = list(zip(*columns))
    parts = ["test" if row in tested else "train" for row in range(len(target))]
    write(folder / "all.csv", [*names, TARGET, PART], ([*r, y, part] for r, y, part in zip(rows, target, parts)))
    order = sorted(tested)
    write(folder / "test.csv", [*names, TARGET], ([*rows[row], target[row]] for row in order))
    write(folder / "new.csv", names, (rows[row] for row in order))
    return [target[row] for row in order]


def timed(command, threads, folder):
    environment = os.environ | {f"{library}_NUM_THREADS": str(threads) for library in ("OMP", "OPENBLAS", "MKL")}
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment)
    seconds = time.perf_counter() - start
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}: exit {done.returncode}: {done.stderr}")
    return seconds, json.loads(done.stdout)


def ours(options, seed):
    return [
        options.lockstep, "fit", "all.csv", "--target", TARGET, "--split-column", PART, "--unseen", "ignore",
        "--seed", str(seed), "--threads", str(options.threads), "--device", "cpu", "--out", "run", "--json", "--quiet",
    ]  # fmt: skip


def theirs(seed):
    return [
        sys.executable, str(PEER), "all.csv", "--target", TARGET, "--split-column", PART, "--seed", str(seed),
        "--model", "model.joblib",
    ]  # fmt: skip


def wrong_end_to_end(options, folder, summary, truth):
    """What of `evaluate` and `predict` does not agree with `fit` and with scikit-learn's metrics, in words."""
    common = ["--device", "cpu", "--threads", str(options.threads)]
    _, scored = timed([options.lockstep, "evaluate", "run/model.pt", "test.csv", "--json", "--quiet", *common], 1, folder)
    _, _ = timed([options.lockstep, "predict", "run/model.pt", "new.csv", "-o", "p.csv", "--json", *common], 1, folder)
    with open(folder / "p.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    predicted, found = [row["prediction"] for row in rows], scored["metrics"]
    if is_number(truth):
        values, answers = [float(y) for y in truth], [float(y) for y in predicted]
        expected = {"r2": r2_score(values, answers), "mse": mean_squared_error(values, answers)}
    else:
        classes = sorted(set(truth))
        shares = numpy.array([[float(row[f"probability_{label}"]) for label in classes] for row in rows])
        expected = {"accuracy": accuracy_score(truth, predicted), "log_loss": log_loss(truth, shares, labels=classes)}
        likeliest = [classes[index] for index in shares.argmax(axis=1)]
        if likeliest != predicted:
            yield "predict's likeliest class is not its prediction"
    for metric, value in expected.items():
        for source, other in (("evaluate", found[metric]), ("fit", summary["metrics"]["test"][metric])):
            if abs(other - value) > 1e-9 * max(1.0, abs(value)):
                yield f"{metric}: {source} says {other}, scikit-learn of predict's output {value}"


def wrong_search(options, folder):
    """What is wrong with a small search and with what it says is best, in words."""
    search = [*ours(options, 0)[:-4], "--out", "tuned", "--json", "--quiet", "--epochs", "20"]
    search[1] = "tune"
    search += ["--folds", "3", "--search", "grid", "--param", "hidden=none;16", "--param", "lr=0.001,0.01"]
    _, found = timed(search, options.threads, folder)
    if found["trials"] != 4 or found["failed"]:
        yield f"tune: {found['trials']} trials of 4, {found['failed']} failed"
    again = [options.lockstep, "fit", "all.csv", "--config", "tuned/best.toml", "--seed", "0", "--threads", str(options.threads)]
    timed([*again, "--device", "cpu", "--out", "best", "--json", "--quiet"], options.threads, folder)
    if (folder / "best/model.safetensors").read_bytes() != (folder / "tuned/model.safetensors").read_bytes():
        yield "tune: fit with best.toml gives other weights"


def measure(name, options):
    """The scores and seconds of both programs for each seed, and what did not agree end to end."""
    scores, seconds, wrong = ([], []), ([], []), []
    for seed in range(options.seeds):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            truth = prepare(name, seed, folder)
            metric = "r2" if is_number(truth) else "accuracy"
            took, summary = timed(ours(options, seed), options.threads, folder)
            scores[0].append(summary["metrics"]["test"][metric])
            seconds[0].append(took)
            took, peer = timed(theirs(seed), options.threads, folder)
            scores[1].append(peer["score"])
            seconds[1].append(took)
            work = (summary["epochs"], summary["features"])
            assert work == (peer["epochs"], peer["features"]), f"{name}: the two programs part, {work} and {peer}"
            assert sum(summary["counts"]["test"]["unseen"].values()) > 0, f"{name}: no category was new"
            if seed == 0:
                wrong = list(wrong_end_to_end(options, folder, summary, truth)) + list(wrong_search(options, folder))
    return metric, scores, seconds, wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="*", metavar="TABLE", help="of " + ", ".join(TABLES))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--lockstep", default=str(HERE / "target/release/lockstep"))
    options = parser.parse_args()
    options.lockstep = os.path.abspath(options.lockstep)
    if strange := [name for name in options.tables if name not in TABLES]:
        parser.error(f"no table {strange[0]}, expected one of {', '.join(TABLES)}")
    if options.seeds < 2:
        parser.error("--seeds: a standard error needs two seeds at least")
    tables = options.tables or list(TABLES)
    bound = student.ppf(1 - 0.05 / len(tables), options.seeds - 1)
    print("| table | score | scikit-learn | lockstep | difference ± its error | verdict | seconds, scikit-learn / lockstep |")
    print("|---|---|---|---|---|---|---|")
    failures = []
    for name in tables:
        metric, (our, their), seconds, wrong = measure(name, options)
        differences = [a - b for a, b in zip(our, their)]
        mean, error = statistics.mean(differences), statistics.stdev(differences) / len(differences) ** 0.5
        holds = mean >= -bound * error
        verdict = ("better" if mean > bound * error else "within noise") if holds else "worse"
        spread = [f"{statistics.mean(scores):.4f} ± {statistics.stdev(scores):.4f}" for scores in (their, our)]
        clock = " / ".join(f"{statistics.median(times):.2f}" for times in reversed(seconds))
        cells = [name, metric, *spread, f"{mean:+.4f} ± {error:.4f}", verdict, clock]
        print(f"| {' | '.join(cells)} |", flush=True)
        failures += [f"{name}: {text}" for text in wrong] + ([] if holds else [f"{name}: worse than scikit-learn"])
    print(f"\n{options.seeds} seeds; worse means below 0 by more than {bound:.2f} standard errors")
    for failure in failures:
        print(failure, file=sys.stderr)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
