"""Reads the event file of `lockstep fit --log tensorboard` with TensorBoard and holds it against the run's other files.

    python scripts/check_events.py RUN_FOLDER

Curves are history.csv's, metrics summary.json's, in float32 as SummaryWriter.add_scalar has them; the settings are
config.toml's.
"""

import csv
import json
import pathlib
import sys

import numpy as np
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

folder = pathlib.Path(sys.argv[1])
everything = {"scalars": 0, "tensors": 0}
events = EventAccumulator(str(folder), size_guidance=everything).Reload()

with open(folder / "history.csv", newline="") as file:
    history = list(csv.DictReader(file))
summary = json.loads((folder / "summary.json").read_text())
columns = {"loss/train": "loss", "loss/valid": "valid_loss", "lr": "lr"}
expected = {
    tag: [(int(row["epoch"]), np.float32(row[column])) for row in history if row[column]]
    for tag, column in columns.items()
}
for part, metrics in summary["metrics"].items():
    for name, value in (metrics or {}).items():
        if value is not None:
            expected[f"metrics/{part}/{name}"] = [(summary["best_epoch"], np.float32(value))]
expected = {tag: points for tag, points in expected.items() if points}

assert sorted(events.Tags()["scalars"]) == sorted(expected), (events.Tags()["scalars"], sorted(expected))
for tag, points in expected.items():
    found = [(event.step, np.float32(event.value)) for event in events.Scalars(tag)]
    assert found == points, (tag, found[:3], points[:3])
    times = [event.wall_time for event in events.Scalars(tag)]
    assert times == sorted(times) and times[0] > 1.7e9, tag
(text,) = events.Tensors("config/text_summary")
settings = text.tensor_proto.string_val[0].decode()
# The file has the run's seed and threads besides, by which it repeats the run.
written = (folder / "config.toml").read_text().rstrip("\n").split("\n")
assert [line.split(" = ")[0] for line in written[:2]] == ["seed", "threads"], written[:2]
assert [line[4:] for line in settings.split("\n")] == written[2:]
print(f"{folder}: {len(expected)} tags, {len(history)} epochs, all as in history.csv and summary.json")
