"""How long a row waits for its answer: `lockstep predict MODEL -` beside the same model file in plain Python.

    .venv/bin/python scripts/bench/live.py [--rows 2000] [--lockstep target/release/lockstep]

Trains a model of data/houses.csv, starts `predict MODEL -`, and sends its rows one by one, each when the answer to the one before
it is there; then asks the same of `torch.jit.load(MODEL).forward` in this process. Prints the time to
the first answer and the median and the 99th percentile of the others, in microseconds, and the processor. Exit code 1 if an answer is
another than that of `predict MODEL houses.csv` by more than 1e-5 of it: a product of one row rounds otherwise than one of many.
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


def shown(name, first, times):
    times = sorted(times)
    print(f"| {name} | {first * 1e3:.0f} ms | {statistics.median(times) * 1e6:.0f} | {times[int(len(times) * 0.99)] * 1e6:.0f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--lockstep", type=pathlib.Path, default=HERE / "target/release/lockstep")
    options = parser.parse_args()
    program, table = options.lockstep.resolve(), HERE / "data/houses.csv"
    with tempfile.TemporaryDirectory() as folder:
        target = next(csv.reader(table.open()))[-1]
        fit = [program, "fit", table, "--target", target, "--epochs", "20", "--device", "cpu", "--quiet", "--out", "m"]
        subprocess.run(fit, cwd=folder, check=True, capture_output=True)
        model = pathlib.Path(folder) / "m/model.pt"
        whole = subprocess.run([program, "predict", model, table], check=True, capture_output=True, text=True)
        print("| | first answer | median µs | 99 % µs |\n|---|---|---|---|")
        found = lockstep(program, model, table, options.rows)
        python(model, table, options.rows)
    processor = next(line for line in open("/proc/cpuinfo") if line.startswith("model name")).split(":")[1].strip()
    print(f"\n{processor}, {os.cpu_count()} processors")
    expected = whole.stdout.splitlines()[1:]
    pairs = zip(map(float, found), (float(expected[row % len(expected)]) for row in range(len(found))))
    sys.exit(any(abs(a - b) > 1e-5 * abs(b) for a, b in pairs))


def lockstep(program, model, table, count):
    header, *rows = table.read_text().splitlines()
    begin = time.perf_counter()
    process = subprocess.Popen(
        [program, "predict", model, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    process.stdin.write(f"{header}\n")
    answers, times = [], []
    for number in range(count):
        sent = time.perf_counter()
        process.stdin.write(f"{rows[number % len(rows)]}\n")
        if number == 0:
            process.stdout.readline()
        answers.append(process.stdout.readline().rstrip("\n"))
        times.append(time.perf_counter() - sent)
        if number == 0:
            first = time.perf_counter() - begin
    process.stdin.close()
    process.wait()
    shown("`lockstep predict MODEL -`", first, times[1:])
    return answers


def python(model, table, count):
    rows = table.read_text().splitlines()[1:]
    begin = time.perf_counter()
    import torch

    module, times = torch.jit.load(model), []
    with torch.no_grad():
        for number in range(count):
            sent = time.perf_counter()
            module.forward(torch.tensor([[float(rows[number % len(rows)].split(",")[0])]], dtype=torch.float64)).item()
            times.append(time.perf_counter() - sent)
            if number == 0:
                first = time.perf_counter() - begin
    shown("`torch.jit.load(MODEL).forward` in Python", first, times[1:])


if __name__ == "__main__":
    main()
