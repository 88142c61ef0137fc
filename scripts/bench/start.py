#!/usr/bin/env python3
"""Times whole commands from start to exit: how long a user waits for what needs no training.

    scripts/bench/start.py [--runs 20] [--lockstep target/release/lockstep] [--before OTHER] [--write]

Medians of alternating runs, in milliseconds; peak memory of one. --before names another build, such as one of an earlier commit,
timed in the same run. `python -c pass` and `python -c "import torch"` of .venv stand beside them if it is there. --write puts the
table into data/benchmarks.md. Plain Python; nothing else should run meanwhile.
"""

import argparse
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMMANDS = {
    "--help": ["--help"],
    "--version": ["--version"],
    "completions bash": ["completions", "bash"],
    "doctor": ["doctor", "--python", "/nonexistent"],
    "data boston": ["data", "boston"],
    "inspect DATA (506 rows)": ["inspect", "boston.csv"],
    "inspect MODEL": ["inspect", "model/model.pt"],
    "preprocess (506 rows)": ["preprocess", "boston.csv", "--target", "MEDV", "--out", "preprocess"],
    "run exhaustive": ["run", "exhaustive", "--out", "exhaustive"],
    "run descent": ["run", "descent", "--out", "descent"],
    "rerun of other data": ["rerun", "stale"],
    "fit, a flag misspelt": ["fit", "boston.csv", "--target", "MEDV", "--optimiser", "adam"],
    "fit, no such column": ["fit", "boston.csv", "--target", "MEDX"],
    "run moons (trains)": ["run", "moons", "--out", "moons"],
}


def once(command, folder):
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return (time.perf_counter() - start) * 1000


def peak(command, folder):
    """Megabytes of one run, measured in a process of its own."""
    code = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run([sys.executable, "-c", code, *command], cwd=folder, capture_output=True, text=True, check=True)
    return int(done.stdout) / 1000


def prepare(lockstep, folder):
    """The table, a model, and a run whose table has changed since."""
    quiet = {"cwd": folder, "check": True, "stdout": subprocess.DEVNULL}
    for name in ("boston.csv", "changed.csv"):
        subprocess.run([lockstep, "data", "boston", "-o", name], **quiet)
    fit = ["--target", "MEDV", "--epochs", "2", "--quiet"]
    subprocess.run([lockstep, "fit", "boston.csv", *fit, "--out", "model"], **quiet)
    subprocess.run([lockstep, "fit", "changed.csv", *fit, "--out", "stale"], **quiet)
    with open(pathlib.Path(folder, "changed.csv"), "a") as table:
        table.write("0,0,0,0,0,0,0,0,0,0,0,0,0,0\n")


def processor():
    return re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--lockstep", default=str(ROOT / "target/release/lockstep"))
    parser.add_argument("--before")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    programs = {"lockstep": os.path.abspath(options.lockstep)}
    if options.before:
        programs = {"before": os.path.abspath(options.before), **programs}
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        prepare(programs["lockstep"], folder)
        timed = {name: {who: [program, *words] for who, program in programs.items()} for name, words in COMMANDS.items()}
        python = ROOT / ".venv/bin/python"
        if python.exists():
            for name, code in (("python -c pass", "pass"), ("python -c 'import torch'", "import torch")):
                timed[name] = {"lockstep": [str(python), "-c", code]}
        for name, commands in timed.items():
            times = {who: [] for who in commands}
            for run in range(options.runs + 1):
                for who, command in commands.items():
                    spent = once(command, folder)
                    if run:  # the first warms the file cache
                        times[who].append(spent)
            cells = [
                f"{statistics.median(times[who]):.1f} | {peak(commands[who], folder):.0f}" if who in commands else " | "
                for who in programs
            ]
            rows.append(f"| `{name}` | {' | '.join(cells)} |")
    head = " | ".join(f"{who}, ms | MB" for who in programs)
    lines = [f"| command | {head} |", "|---|" + "---|---|" * len(programs), *rows]
    text = "\n".join(lines) + f"\n\nmedians of {options.runs} alternating runs, {processor()}\n"
    print(text)
    if options.write:
        readme = ROOT / "data/benchmarks.md"
        old = readme.read_text()
        new = re.sub(r"(<!-- bench:start -->\n).*?(<!-- /bench -->)", lambda m: m[1] + text + m[2], old, flags=re.S)
        assert "<!-- bench:start -->" in old, "data/benchmarks.md has no place for it"
        readme.write_text(new)


if __name__ == "__main__":
    main()
