"""Makes the data that scripts/gpu/bench.py trains on; with NumPy and torch alone.

    python work.py FOLDER moons:200 table:98304

moons-200.npz is what scripts/bench/peers read: the points that `lockstep run moons --seed 0 --samples 200` trains on, and the
tutorial's Net's weights at seed 0. table-98304.npz is 32 normal columns and a class by a rule that is not linear, for a net of two
hidden layers of 256; `lockstep fit` reads the same rows in table-98304.csv.
"""

import json
import pathlib
import sys

import numpy
import torch

NOISE, COLUMNS = 0.2, 32
SETTINGS = {
    "moons": {"layers": [2, 100, 2], "activation": "tanh", "loss": "cross-entropy", "lr": 1e-2},
    "table": {"layers": [COLUMNS, 256, 256, 1], "activation": "relu", "loss": "bce", "lr": 1e-3},
}
# Numbers are drawn with so many decimals that their text is short and exact.
DECIMALS = 4


def moons(rows):
    """sklearn.datasets.make_moons(rows, noise=0.2) after numpy.random.seed(0)."""
    random = numpy.random.RandomState(0)
    outer = numpy.linspace(0, numpy.pi, rows // 2)
    inner = numpy.linspace(0, numpy.pi, rows - rows // 2)
    x = numpy.append(numpy.cos(outer), 1 - numpy.cos(inner)), numpy.append(numpy.sin(outer), 1 - numpy.sin(inner) - 0.5)
    y = numpy.repeat([0, 1], [len(outer), len(inner)])
    order = numpy.arange(rows)
    random.shuffle(order)
    x = numpy.vstack(x).T[order]
    x += random.normal(scale=NOISE, size=x.shape)
    return x.astype(numpy.float32), y[order].astype(numpy.int64)


def table(rows):
    random = numpy.random.default_rng(0)
    x = random.standard_normal((rows, COLUMNS)).round(DECIMALS)
    rule = x @ random.normal(0, 0.4, COLUMNS) + 1.5 * numpy.sin(2 * x[:, 0]) + 1.5 * x[:, 1] * x[:, 2]
    y = (rule + random.normal(0, 0.4, rows) > 0).astype(numpy.int64)
    return x.astype(numpy.float32), y


def write_csv(path, x, y):
    names = [f"f{index}" for index in range(x.shape[1])] + ["y", "part"]
    line = ",".join([f"%.{DECIMALS}f"] * x.shape[1])
    with open(path, "w") as file:
        file.write(",".join(names) + "\n")
        file.writelines(f"{line % tuple(row)},{label},train\n" for row, label in zip(x.tolist(), y.tolist()))


def initial(layers):
    """As torch.nn.Linear draws them."""
    torch.manual_seed(0)
    linear = [torch.nn.Linear(a, b) for a, b in zip(layers, layers[1:])]
    return [p.detach().numpy() for layer in linear for p in (layer.weight, layer.bias)]


def main():
    folder = pathlib.Path(sys.argv[1])
    for word in sys.argv[2:]:
        kind, rows = word.split(":")
        x, y = {"moons": moons, "table": table}[kind](int(rows))
        if kind == "table":
            write_csv(folder / f"table-{rows}.csv", x, y)
        weights = {f"p{index}": p for index, p in enumerate(initial(SETTINGS[kind]["layers"]))}
        none = {"held_x": x[:0], "held_y": y[:0]}  # the peers then score what they trained on
        numpy.savez(folder / f"{kind}-{rows}.npz", x=x, y=y, settings=json.dumps(SETTINGS[kind]), **none, **weights)


if __name__ == "__main__":
    main()
