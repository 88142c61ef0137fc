"""Draws what `scripts/bench/engines.py --json` has measured of the tutorial's Net: time an iteration against rows.

    .venv-bench/bin/python scripts/bench/engines_plot.py engines.json engines.png

Both axes are logarithmic, one line a peer, its name at its end. Needs matplotlib.
"""

import json
import sys

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot

COLOURS = {  # Okabe and Ito's, told apart by the colour-blind too
    "lockstep fused": "#D55E00",
    "lockstep exact": "#E69F00",
    "JAX": "#009E73",
    "torch.compile": "#0072B2",
    "PyTorch eager": "#56B4E9",
    "scikit-learn": "#666666",
}
APART = 0.052  # of the axis' height, between two names


def lines(path):
    with open(path) as file:
        results = json.load(file)["results"]
    found = {name: [] for name in COLOURS}
    for task in (result for result in results if result["task"] == "net"):
        for peer in (peer for peer in task["peers"] if "seconds_per_iteration" in peer):
            found[peer["peer"]].append((task["rows"], 1000 * peer["seconds_per_iteration"]))
    return {name: sorted(points) for name, points in found.items() if points}


def spread(wanted):
    """The heights, in their order, at least APART from each other and as near as may be to what was wanted."""
    order = sorted(range(len(wanted)), key=wanted.__getitem__)
    heights = list(wanted)
    for _ in range(200):
        for low, high in zip(order, order[1:]):
            lack = APART - (heights[high] - heights[low])
            if lack > 1e-6:
                heights[low], heights[high] = heights[low] - lack / 2, heights[high] + lack / 2
    return heights


def name_lines(axes, found):
    """Each line's name to the right of the axes, at the height at which the line ends."""
    to_axes = lambda point: axes.transAxes.inverted().transform(axes.transData.transform(point))
    ends = [to_axes(points[-1]) for points in found.values()]
    for name, end, height in zip(found, ends, spread([end[1] for end in ends])):
        axes.annotate(
            name, xy=end, xycoords="axes fraction", xytext=(1.03, height), textcoords="axes fraction",
            color=COLOURS[name], va="center", weight="bold" if name.startswith("lockstep") else "normal",
            arrowprops={"arrowstyle": "-", "color": COLOURS[name], "lw": 0.8, "shrinkB": 4},
        )  # fmt: skip


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    found = lines(sys.argv[1])
    if not found:
        sys.exit(f"error: {sys.argv[1]}: no measurement of the task net")
    figure, axes = pyplot.subplots(figsize=(8.5, 5), dpi=150)
    for name, points in found.items():
        ours = name.startswith("lockstep")
        axes.plot(*zip(*points), marker="o", ms=5, lw=2.4 if ours else 1.6, color=COLOURS[name], zorder=3 if ours else 2)
    axes.set_xscale("log"), axes.set_yscale("log")
    axes.set_xlabel("rows (full batch)")
    axes.set_ylabel("time an iteration, ms")
    axes.set_title("Training the tutorial's Net (2 → 100 → 2), lower is faster", loc="left", fontsize=11)
    axes.grid(True, which="major", color="#DDDDDD", lw=0.7)
    axes.spines[["top", "right"]].set_visible(False)
    figure.subplots_adjust(left=0.09, right=0.79, top=0.92, bottom=0.12)
    name_lines(axes, found)
    figure.savefig(sys.argv[2])


if __name__ == "__main__":
    main()
