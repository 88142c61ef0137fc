#!/usr/bin/env python3
"""Proves how lockstep reads tables that other programs wrote, and checks the table of types in data/formats.md.

scripts/formats sets up what it needs and runs it."""

import argparse
from importlib.metadata import version
from pathlib import Path
import sys
import tempfile
import time
import warnings

from formats_lib import page, r_tables, special_writers, tables
from formats_lib.check import Checker
from formats_lib.text_writers import csv_writers, json_writers, sheet_writers
from formats_lib.typed_writers import arrow_writers, parquet_writers
from formats_lib.values import sources

# Disagreements that are known and not mended, `FORMAT: COLUMN` or `WRITER, FORMAT: COLUMN`. One that no longer occurs is
# an error too.
OPEN = {
    *(f"Parquet: {name}" for name in ["json", "decimal256", "list_view", "time_s", "date64"]),
    *(
        f"Arrow file: {name}"
        for name in ["json", "decimal256", "list_view", "run_end", "run_end_int", "date64"]
    ),
    *(
        f"Arrow stream: {name}"
        for name in ["json", "decimal256", "list_view", "run_end", "run_end_int", "date64"]
    ),
    "pyarrow no Arrow schema, Parquet: float16",
    *(
        f"pyarrow byte stream split, Parquet: {name}"
        for name in [
            "int128",
            "uint128",
            "decimal",
            "decimal_gaps",
            "decimal_38",
            "decimal32",
            "decimal64",
            "binary_fixed",
        ]
    ),
    "fastparquet int96 gzip, Parquet: datetime_ns",
    "fastparquet int96 gzip, Parquet: datetime_ns_berlin",
    *(
        f"{writer}: {name}_view"
        for writer in [
            "pyarrow feather, Arrow file",
            "pyarrow lz4, Arrow file",
            "pyarrow zstd, Arrow file",
            "pyarrow lz4, Arrow stream",
            "pandas ArrowDtype, Arrow file",
        ]
        for name in ["text", "binary"]
    ),
    "polars, xlsx: time_s",
    "pandas, openpyxl, xlsx: date_far",
    "pandas, openpyxl, xlsx: datetime_far",
}

GROUPS = {
    "parquet": parquet_writers,
    "arrow": arrow_writers,
    "csv": csv_writers,
    "json": json_writers,
    "xlsx": sheet_writers,
    "indexes": special_writers.index_writers,
    "dialects": special_writers.dialect_writers,
    "objects": special_writers.json_special_writers,
    "parts": special_writers.parts,
    "r": r_tables.tables,
}
PROGRAMS = ["pandas", "polars", "pyarrow", "duckdb", "fastparquet", "openpyxl", "XlsxWriter"]
PAGE = Path(__file__).resolve().parent.parent / "data" / "formats.md"


def written(group, folder):
    columns = sources()
    if group in {"parts", "r"}:
        yield from GROUPS[group](folder, columns)
        return
    for writer in GROUPS[group]():
        yield tables.table(writer, folder, columns)


def run_group(group, folder, checker):
    """The group's tables, and the problems that are not known."""
    begin, runs, problems, seen = time.time(), checker.runs, [], []
    for table in written(group, folder):
        problems += checker.check(table)
        seen.append(table)
    columns = sum(len(table.truths) for table in seen)
    print(
        f"{group}: {len(seen)} tables, {columns} columns, {checker.runs - runs} runs of lockstep, {time.time() - begin:.0f} s",
        flush=True,
    )
    new = [problem for problem in problems if not problem.keys & OPEN]
    print("".join(f"  {problem}\n" for problem in new), end="", flush=True)
    return seen, problems, new


def check_page(seen, write):
    versions = ", ".join(f"{name} {version(name)}" for name in PROGRAMS) + f" and R {r_tables.version()}"
    block = page.text(
        seen,
        lambda table, name: bool({f"{table.format}: {name}", f"{table.writer}, {table.format}: {name}"} & OPEN),
        versions,
    )
    old = PAGE.read_text()
    new = page.replaced(old, block)
    if write:
        PAGE.write_text(new)
    elif new != old:
        print(f"{PAGE.name}: its table of types is not what was found; scripts/formats --write renews it")
        return False
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--lockstep", type=Path, default=PAGE.parent.parent / "target/release/lockstep", help="the program to check"
    )
    parser.add_argument("--only", choices=GROUPS, help="one group of tables; the page is not checked")
    parser.add_argument("--keep", type=Path, help="a folder for the tables, which stay there")
    parser.add_argument("--write", action="store_true", help="renew the table in data/formats.md")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch) / "tables"
        folder.mkdir(parents=True, exist_ok=True)
        checker = Checker(options.lockstep.resolve(), Path(scratch), OPEN)
        results = [run_group(group, folder, checker) for group in GROUPS if options.only in (None, group)]
    seen, problems, new = ([item for result in results for item in result[part]] for part in range(3))
    good = not new
    if options.only is None:
        mended = OPEN.difference(*(problem.keys for problem in problems))
        print("".join(f"{entry} is listed as OPEN, but agrees\n" for entry in sorted(mended)), end="")
        good = check_page(seen, options.write) and good and not mended
    sys.exit(0 if good else 1)


main()
