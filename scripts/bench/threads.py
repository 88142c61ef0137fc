#!/usr/bin/env python3
"""Times an iteration of `lockstep run moons` on one thread and on several, taking turns.

    scripts/bench/threads.py [--threads 1,2] [--rows 200,1e4,1e6] [--engine fused] [--runs 7] [--lockstep PATH]

Prints a Markdown table of medians, and how many times as fast as the first thread count each other one is. Plain Python;
nothing else should run meanwhile.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parents[2]


def numbers(text):
    return [int(float(word)) for word in text.split(",")]


def seconds(options, rows, threads, folder):
    """Of one iteration, by the run's own clock."""
    epochs = max(20, 20_000_000 // rows)
    command = [options.lockstep, "run", "moons", "--engine", options.engine, "--samples", rows, "--epochs", epochs]
    command += ["--threads", threads, "--device", "cpu", "--out", folder, "--json", "--quiet"]
    done = subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)["training_seconds"] / epochs


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=numbers, default=[1, 2])
    parser.add_argument("--rows", type=numbers, default=[200, 10_000, 1_000_000])
    parser.add_argument("--engine", choices=("fused", "exact"), default="fused")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--lockstep", default=str(HERE / "target/release/lockstep"))
    options = parser.parse_args()
    print("| rows | " + " | ".join(f"µs, {count} threads" for count in options.threads) + " | ratio |")
    print("|---" * (len(options.threads) + 2) + "|")
    with tempfile.TemporaryDirectory() as folder:
        for rows in options.rows:
            found = {count: [] for count in options.threads}
            for _ in range(options.runs):
                for count in options.threads:
                    found[count].append(seconds(options, rows, count, folder))
            medians = [1e6 * statistics.median(found[count]) for count in options.threads]
            ratios = ", ".join(f"{medians[0] / median:.2f}" for median in medians[1:])
            print(f"| {rows:,} | " + " | ".join(f"{median:,.1f}" for median in medians) + f" | {ratios} |", flush=True)


if __name__ == "__main__":
    main()
