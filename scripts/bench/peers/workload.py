"""The training tasks that `scripts/bench/engines.py` gives to every peer, and what the peers have in common.

    python scripts/bench/peers/workload.py moons --rows 200 --folder FOLDER
    python scripts/bench/peers/workload.py table --rows 100096 --held-out 20000 --folder FOLDER

Writes FOLDER/moons-200.npz (or table-100096.npz): x, y, held-out x and y, the initial weights and the settings, so that
all peers begin with the same numbers. moons is the tutorial's: make_moons(noise=0.2) and Net's weights at seed 0, as
`lockstep run moons --seed 0` has them. table is 32 normal columns, standardised, and a class by a rule that is not linear
and has noise; for `lockstep fit` it is also written as Parquet, with a column `part`: table-test.parquet (training rows
and a test part), table-valid.parquet (the same rows as a validation part), table-tiny.parquet (20 rows, to measure what a
run holds without data) and held-out.parquet. Weights are drawn as torch.nn.Linear draws them.

As a module it reads such a file and measures a peer: import it after the framework, so that `baseline_mb` has it.
"""

import argparse
import json
import os
import pathlib
import time

import numpy

MB = 1e6
NOISE, COLUMNS = 0.2, 32
SETTINGS = {
    "moons": {"layers": [2, 100, 2], "activation": "tanh", "loss": "cross-entropy", "lr": 1e-2},
    "table": {"layers": [COLUMNS, 256, 128, 1], "activation": "relu", "loss": "bce", "lr": 1e-3},
}


def memory(field):
    """Megabytes of this process: VmRSS, resident now, or VmHWM, the peak."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) * 1024 / MB for line in file if line.startswith(field))


class Workload:
    """x, y [n], held_x, held_y, weights [w1, b1, w2, …] (w [outputs, inputs]), layers, activation, loss, lr."""

    def __init__(self, path):
        self.baseline_mb = memory("VmRSS")
        with numpy.load(path) as file:
            self.x, self.y, self.held_x, self.held_y = (file[name] for name in ("x", "y", "held_x", "held_y"))
            self.__dict__.update(json.loads(str(file["settings"])))
            self.weights = [file[f"p{index}"] for index in range(2 * len(self.layers) - 2)]
        if not len(self.held_x):  # the tutorial scores its training samples
            self.held_x, self.held_y = self.x, self.y
        self.data_mb = (self.x.nbytes + self.y.nbytes) / MB


def arguments(doc, settings):
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workload", help="a file of workload.py")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--batch-size", type=int, default=0, help="0: full batch; else it must divide the rows")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--seed", type=int, default=0, help="of the shuffling")
    parser.add_argument("--setting", choices=settings, help="the peer's way of doing it")
    parser.add_argument("--choose", metavar="A,B", help="only find out which of these settings is the fastest here")
    parser.add_argument("--until", type=float, metavar="ACCURACY", help="train until the held-out rows reach it")
    return parser


def fastest(build, options):
    """The setting that trains fastest, and the seconds an epoch of each; one that fails says why instead."""
    seconds, count = {}, stride(options)
    for setting in options.choose.split(","):
        try:
            trainer = build(setting)
            trainer.epochs(count)
            times = []
            while len(times) < 7 and sum(times) < 1:
                times.append(timed(trainer, count)[0])
            seconds[setting] = min(times) / count
        except Exception as error:
            seconds[setting] = f"{type(error).__name__}: {str(error).strip().splitlines()[0][:200]}"
    works = {name: value for name, value in seconds.items() if isinstance(value, float)}
    if not works:
        raise SystemExit(f"error: no setting works: {seconds}")
    return {"setting": min(works, key=works.get), "seconds_per_epoch": seconds}


def stride(options):
    """Epochs that are run in one call: warm-up takes as many, and divides what follows."""
    if options.batch_size or options.until:
        return 1
    return next(count for count in range(max(1, options.epochs // 10), 0, -1) if options.epochs % count == 0)


def timed(trainer, epochs):
    start = time.perf_counter()
    losses = trainer.epochs(epochs)
    return time.perf_counter() - start, losses


def until(trainer, options):
    """Seconds, evaluation included, until the held-out accuracy is reached; at most options.epochs epochs."""
    trainer.accuracy()  # warm
    start = time.perf_counter()
    for epoch in range(1, options.epochs + 1):
        loss = trainer.epochs(1)[-1]
        accuracy = trainer.accuracy()
        if accuracy >= options.until:
            break
    return {"seconds": time.perf_counter() - start, "epochs": epoch, "loss": loss, "accuracy": accuracy,
            "reached": accuracy >= options.until}  # fmt: skip


def measure(build, workload, options, versions):
    """Prints one line of JSON. build(setting) gives a trainer with epochs(n) (trains on, gives the epochs' losses),
    reset() (back to the initial weights) and accuracy() (of the held-out rows)."""
    if options.choose:
        print(json.dumps(fastest(build, options)))
        return
    trainer = build(options.setting)
    trainer.epochs(stride(options))
    trainer.reset()
    if options.until:
        result = until(trainer, options)
    else:
        seconds, losses = timed(trainer, options.epochs)
        iterations = options.epochs * (len(workload.x) // (options.batch_size or len(workload.x)))
        result = {"seconds": seconds, "iterations": iterations, "seconds_per_iteration": seconds / iterations}
        result["peak_mb"] = memory("VmHWM")  # before the accuracy, which is not part of the training
        result |= {"loss": losses[-1], "accuracy": trainer.accuracy()}
    result |= {"setting": options.setting, "peak_mb": result.get("peak_mb", memory("VmHWM"))}
    result |= {"baseline_mb": workload.baseline_mb, "data_mb": workload.data_mb, "versions": versions}
    if hasattr(trainer, "device_mb"):
        result["device_mb"] = trainer.device_mb()
    print(json.dumps(result))


def moons(rows):
    from sklearn.datasets import make_moons

    numpy.random.seed(0)
    x, y = make_moons(rows, noise=NOISE)
    return x.astype(numpy.float32), y.astype(numpy.int64)


def table(rows):
    random = numpy.random.default_rng(0)
    x = random.standard_normal((rows, COLUMNS), dtype=numpy.float32)
    weights = random.normal(0, 0.4, COLUMNS)
    rule = x @ weights + 1.5 * numpy.sin(2 * x[:, 0]) + 1.5 * x[:, 1] * x[:, 2] + 2 * (numpy.abs(x[:, 3]) - 0.8)
    rule += numpy.where(x[:, 4] > 0, 2 * x[:, 5], -x[:, 6]) + random.normal(0, 0.4, rows)
    return (x - x.mean(0)) / x.std(0), (rule > 0).astype(numpy.int64)


def initial(layers):
    import torch

    torch.manual_seed(0)
    linear = [torch.nn.Linear(a, b) for a, b in zip(layers, layers[1:])]
    return [p.detach().numpy() for layer in linear for p in (layer.weight, layer.bias)]


def write_parquet(path, x, y, parts):
    import pyarrow
    from pyarrow import parquet

    columns = {f"f{index}": x[:, index] for index in range(x.shape[1])} | {"y": y}
    if parts is not None:
        columns["part"] = parts
    parquet.write_table(pyarrow.table(columns), path)


def write_tables(folder, x, y, held_x, held_y):
    both = numpy.concatenate([x, held_x]), numpy.concatenate([y, held_y])
    for part in ("test", "valid"):
        write_parquet(folder / f"table-{part}.parquet", *both, ["train"] * len(x) + [part] * len(held_x))
    write_parquet(folder / "held-out.parquet", held_x, held_y, None)
    tiny = numpy.r_[0:12, len(x) : len(x) + 8]
    write_parquet(folder / "table-tiny.parquet", both[0][tiny], both[1][tiny], ["train"] * 12 + ["test"] * 8)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=SETTINGS)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--held-out", type=int, default=0)
    parser.add_argument("--folder", type=pathlib.Path, required=True)
    options = parser.parse_args()
    x, y = {"moons": moons, "table": table}[options.kind](options.rows + options.held_out)
    parts = x[: options.rows], y[: options.rows], x[options.rows :], y[options.rows :]
    if options.kind == "table":
        write_tables(options.folder, *parts)
    arrays = dict(zip(("x", "y", "held_x", "held_y"), parts))
    arrays |= {f"p{index}": p for index, p in enumerate(initial(SETTINGS[options.kind]["layers"]))}
    settings = json.dumps(SETTINGS[options.kind])
    numpy.savez(options.folder / f"{options.kind}-{options.rows}.npz", settings=settings, **arrays)


if __name__ == "__main__":
    main()
