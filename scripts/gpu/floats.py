"""Reads what a run leaves, and counts by how many ULPs numbers differ; without torch and NumPy."""

import array
import csv
import json
import math
import struct


def losses(path, column="loss"):
    """A column of a history.csv."""
    return [float(row[column]) for row in rows(path)]


def single(values):
    """The float32 that each value is a short text of."""
    return array.array("f", values).tolist()


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def safetensors(path):
    """The float32 tensors of a file, each as a flat list."""
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header, data = json.loads(content[8 : 8 + length]), content[8 + length :]
    header.pop("__metadata__", None)
    return {
        name: array.array("f", data[slice(*entry["data_offsets"])]).tolist()
        for name, entry in header.items()
        if entry["dtype"] == "F32"
    }


def place(value):
    """The place of a float32 among all float32 in order."""
    (bits,) = struct.unpack("<i", struct.pack("<f", value))
    return bits if bits >= 0 else -(bits & 0x7FFFFFFF)


def ulps(a, b):
    """The most by which two lists of float32 differ."""
    if len(a) != len(b) or not all(map(math.isfinite, a)) or not all(map(math.isfinite, b)):
        return math.inf
    return max((abs(place(x) - place(y)) for x, y in zip(a, b)), default=0)


def relative(a, b):
    """The most by which two lists differ, relative to the first's value."""
    if len(a) != len(b) or not all(map(math.isfinite, a)) or not all(map(math.isfinite, b)):
        return math.inf
    return max((abs(x - y) / max(abs(x), 1e-30) for x, y in zip(a, b) if x != y), default=0.0)


def first_difference(a, b):
    """Where two lists part, from 1; None where they are equal."""
    end = None if len(a) == len(b) else min(len(a), len(b)) + 1
    return next((index for index, (x, y) in enumerate(zip(a, b), 1) if x != y), end)
