"""Runs lockstep on a table and compares what it says with the truth."""

import csv
from dataclasses import dataclass
import json
import math
import re

import numpy as np
import pandas as pd

from .raw import run
from .truth import distinct, features, imputing
from .values import ROWS


@dataclass
class Problem:
    table: str
    column: str
    what: str
    # The whole table could not be read.
    fatal: bool = False
    format: str = ""
    writer: str = ""

    @property
    def keys(self):
        """By which it may be listed as known."""
        return {f"{self.format}: {self.column}", f"{self.writer}, {self.format}: {self.column}"}

    def __str__(self):
        return f"{self.table}: {self.column + ': ' if self.column else ''}{self.what}"


class Checker:
    def __init__(self, lockstep, folder, known):
        """`known` are disagreements that may spoil a table, as [`Problem.keys`] has them."""
        self.lockstep, self.folder, self.runs, self.known = lockstep, folder, 0, known

    def check(self, table):
        """All problems of a table; where it cannot be read at all, those of the columns that spoil it."""
        problems = self.once(table)
        names = [name for name in table.labels if name in table.truths]
        if not any(problem.fatal for problem in problems) or table.again is None:
            return problems
        # Those that are known are tried alone, and only where it is their turn.
        own = [name for name in names if f"{table.writer}, {table.format}: {name}" in self.known]
        common = [name for name in names if f"{table.format}: {name}" in self.known]
        alone = own + (common if table.thorough else [])
        spoilt = [problem for name in alone for problem in self.spoilt(table, [name])]
        left_out = {problem.column for problem in spoilt} | set(() if table.thorough else common)
        problems = self.once(table.again([name for name in names if name not in left_out]))
        if not any(problem.fatal for problem in problems):
            return spoilt + problems
        spoilt += self.spoilt(table, [name for name in names if name not in left_out])
        left_out |= {problem.column for problem in spoilt}
        return spoilt + self.once(table.again([name for name in names if name not in left_out]))

    def spoilt(self, table, names):
        if not names:
            return []
        fatal = [problem for problem in self.once(table.again(names), quick=True) if problem.fatal]
        if not fatal:
            return []
        if len(names) == 1:
            return [
                Problem(
                    table.name,
                    names[0],
                    f"its column spoils the table: {fatal[0].what}",
                    False,
                    table.format,
                    table.writer,
                )
            ]
        half = len(names) // 2
        return self.spoilt(table, names[:half]) + self.spoilt(table, names[half:])

    def once(self, table, quick=False):
        self.problems, self.table = [], table
        if self.inspect() and self.preprocess() and table.thorough and not quick:
            self.refusals()
            self.train()
        return self.problems

    def say(self, column, what, fatal=False):
        self.problems.append(Problem(self.table.name, column, what, fatal, self.table.format, self.table.writer))

    def call(self, *command):
        self.runs += 1
        return run([self.lockstep, *command])

    def inspect(self):
        done = self.call("inspect", self.table.path, "--json", *self.table.options)
        if done.returncode != 0:
            self.say("", f"inspect ends with {done.returncode}: {done.stderr.strip()[-300:]}", fatal=True)
            return False
        profile = json.loads(done.stdout)
        if profile["rows"] != ROWS:
            self.say("", f"inspect counts {profile['rows']} rows, expected {ROWS}", fatal=True)
            return False
        columns = {column["name"]: column for column in profile["columns"]}
        unreadable = {name for note in profile["notes"] if note["kind"] == "unreadable" for name in note["columns"]}
        for name, truth in self.table.truths.items():
            if truth.refused:
                if name not in unreadable:
                    self.say(name, f"inspect does not say that it cannot be read: {columns.get(name)}")
            elif name not in columns:
                self.say(name, "inspect does not show it")
            else:
                self.profile(name, truth, columns[name])
        for name in columns.keys() - self.table.truths.keys():
            self.say(name, "inspect shows a column that is not in the file")
        return True

    def profile(self, name, truth, said):
        if truth.kind == "index":
            if said["role"] != "id":
                self.say(name, f"is an index, inspect says that its role is {said['role']}")
            return
        expected = {"missing": ROWS if truth.kind == "empty" else truth.missing}
        if truth.learnt:
            expected |= {"kind": truth.kind, "distinct": distinct(truth)}
        if truth.kind == "infinite":
            expected["kind"] = "number"
        for key, value in expected.items():
            if said[key] != value:
                self.say(name, f"inspect says {key} {said[key]}, expected {value}")
        if truth.kind in {"integer", "number"}:
            cells = truth.cells[~np.isnan(truth.cells)]
            for key, value in [("min", cells.min()), ("max", cells.max()), ("mean", math.fsum(cells) / len(cells))]:
                if not isinstance(said[key], (int, float)) or not math.isclose(
                    said[key], value, rel_tol=1e-12, abs_tol=1e-12
                ):
                    self.say(name, f"inspect says {key} {said[key]}, expected {value}")
        if truth.kind in {"date", "datetime"}:
            for key, value in [("min", truth.cells.min()), ("max", truth.cells.max())]:
                if said[key] is None or not same_time(said[key], value, truth.off):
                    self.say(name, f"inspect says {key} {said[key]}, expected {value}")

    def settings(self):
        """Columns that cannot be learnt from are dropped; gaps are filled so that they can be told."""
        truths = self.table.truths
        dropped = [name for name, truth in truths.items() if not truth.learnt and truth.kind != "index"]
        gaps = [(name, truth) for name, truth in truths.items() if truth.learnt and truth.missing]
        fills = [word for name, truth in gaps for word in ("--column", f"{name}:impute={imputing(truth)}")]
        return [
            "--target",
            "y",
            "--split",
            "1,0,0",
            "--threads",
            "1",
            *fills,
            *(["--drop", ",".join(dropped)] if dropped else []),
        ]

    def preprocess(self):
        if not any(truth.learnt for name, truth in self.table.truths.items() if name != "y"):
            return False
        out = self.folder / "preprocessed"
        command = ["preprocess", self.table.path, *self.settings(), "--scale", "none", "--to", "csv", "--out", out]
        done = self.call(*command, *self.table.options)
        if done.returncode != 0:
            self.say("", f"preprocess ends with {done.returncode}: {done.stderr.strip()[-300:]}", fatal=True)
            return False
        header, *rows = csv.reader((out / "train.csv").open(newline=""))
        got = {name: np.array([row[index] for row in rows], np.float32) for index, name in enumerate(header)}
        for name, truth in self.table.truths.items():
            if truth.learnt:
                self.compare(name, features(name, truth), got)
        for name in got:
            column = re.split(r"[=.]", name)[0]
            self.say(
                column if column in self.table.truths else name,
                f"preprocess writes the feature {name!r}, which is not expected",
            )
        return True

    def compare(self, name, expected, got):
        """Takes the features of a column out of `got`."""
        for feature, values in expected.items():
            values = values.astype(np.float32)
            if feature not in got:
                self.say(name, f"preprocess does not write the feature {feature!r}")
                continue
            said = got.pop(feature)
            wrong = np.flatnonzero(said != values) if said.shape == values.shape else [0]
            if len(wrong):
                row = wrong[0]
                self.say(
                    name,
                    f"{feature!r} is {said[row]} in row {row + 1}, expected {values[row]} ({len(wrong)} rows differ)",
                )

    def refusals(self):
        for name, truth in self.table.truths.items():
            if not truth.refused:
                continue
            out = self.folder / "refused"
            command = ["preprocess", self.table.path, "--target", "y", "--features", name, "--out", out]
            done = self.call(*command, *self.table.options)
            line = done.stderr.strip()
            if done.returncode != 2 or "\n" in line or name not in line or f"--drop {name}" not in line:
                self.say(name, f"cannot be read, but preprocess ends with {done.returncode}: {line[-300:]}")

    def train(self):
        out = self.folder / "fitted"
        command = [
            "fit",
            self.table.path,
            *self.settings(),
            "--epochs",
            "1",
            "--hidden",
            "none",
            "--batch-size",
            "full",
        ]
        done = self.call(*command, "--device", "cpu", "--out", out, *self.table.options)
        if done.returncode != 0:
            return self.say("", f"fit ends with {done.returncode}: {done.stderr.strip()[-300:]}")
        if (
            any(truth.kind == "index" for truth in self.table.truths.values())
            and "left out" not in done.stderr + done.stdout
        ):
            self.say("", "fit does not say that it leaves the index out")
        predictions = self.folder / "predictions.csv"
        done = self.call("predict", out / "model.pt", self.table.path, "-o", predictions, *self.table.options)
        if done.returncode != 0:
            return self.say("", f"predict ends with {done.returncode}: {done.stderr.strip()[-300:]}")
        if len(pd.read_csv(predictions)) != ROWS:
            self.say("", "predict gives another number of rows")


def same_time(said, expected, off):
    # Times may be given to the microsecond.
    try:
        apart = np.datetime64(said, "us") - np.datetime64(expected.to_datetime64(), "us")
    except ValueError:
        return False
    return abs(apart.astype(int)) <= off
