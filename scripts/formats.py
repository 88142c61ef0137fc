#!/usr/bin/env python3
"""Proves how lockstep reads tables that other programs wrote, and checks the table in data/formats.md.

scripts/formats sets up what it needs. Options: --lockstep FILE, --only GROUP, --keep FOLDER, --write."""

import argparse
from pathlib import Path
import sys
import tempfile
import time
import warnings

from formats_lib import tables
from formats_lib.check import Checker
from formats_lib.text_writers import csv_writers, json_writers, sheet_writers
from formats_lib.typed_writers import arrow_writers, parquet_writers
from formats_lib.values import sources

# Disagreements that are known and not mended yet: what a problem's line begins with. One that no longer occurs is an error.
OPEN = []

WRITERS = {"parquet": parquet_writers, "arrow": arrow_writers, "csv": csv_writers, "json": json_writers, "xlsx": sheet_writers}


def written(group, folder):
    columns = sources()
    for writer in WRITERS[group]():
        yield tables.table(writer, folder, columns)


def run_group(group, made, checker):
    begin, runs, problems, count = time.time(), checker.runs, [], 0
    seen = []
    for table in made:
        count += 1
        problems += checker.check(table)
        seen.append(table)
    columns = sum(len(table.truths) for table in seen)
    print(f"{group}: {count} tables, {columns} columns, {checker.runs - runs} runs of lockstep, {len(problems)} problems, {time.time() - begin:.0f} s", flush=True)
    return seen, [str(problem) for problem in problems]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lockstep", type=Path, default=Path("target/release/lockstep"))
    parser.add_argument("--only", default="")
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    scratch = tempfile.TemporaryDirectory()
    folder = options.keep or Path(scratch.name)
    folder.mkdir(parents=True, exist_ok=True)
    checker = Checker(options.lockstep.resolve(), Path(scratch.name))
    problems = []
    for group in WRITERS:
        if options.only in group:
            problems += run_group(group, written(group, folder), checker)[1]
    for problem in problems:
        print(problem)
    sys.exit(1 if problems else 0)


main()
