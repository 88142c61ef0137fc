"""Writers, and the tables that they write, each with what lockstep has to read in it."""

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
import os
from pathlib import Path
from typing import Callable

import polars
import pyarrow as pa
import pyarrow.parquet as pq

from . import raw
from .truth import Truth, typed, written
from .values import target


@dataclass
class Writer:
    """`write(path, sources)` writes the columns; what it raises means that it cannot."""

    name: str
    format: str
    suffix: str
    write: Callable
    # What lockstep has to be told.
    options: list = field(default_factory=list)
    # What Python's csv module has to be told.
    dialect: dict = field(default_factory=dict)
    # The zone by whose clock times are written, if it is not that of the column.
    zone: str | None = None
    # Columns that become another one before they are written.
    adapt: Callable = lambda source: source
    # Columns that stand in the file beside those asked for.
    extra: dict = field(default_factory=dict)
    leave: frozenset = frozenset()
    # The only columns to write, if not all.
    only: tuple = ()
    # Whether fit, predict and every refusal are tried too.
    thorough: bool = True
    # Whether the table of types in data/formats.md has a column for it.
    shown: bool = True


@dataclass
class Table:
    writer: str
    format: str
    path: Path
    truths: dict
    options: list = field(default_factory=list)
    labels: dict = field(default_factory=dict)
    thorough: bool = True
    shown: bool = False
    # Writes the same file with some of the columns, to find the one that spoils it.
    again: Callable | None = None

    @property
    def name(self):
        return f"{self.writer}, {self.format} ({self.path.name})"


def accepts(writer, path, sources):
    """The columns that this writer can write."""
    try:
        with silent():
            writer.write(path, [*sources, target()])
        return sources
    except KeyboardInterrupt:
        raise
    # polars panics where it cannot.
    except BaseException:
        half = len(sources) // 2
        return accepts(writer, path, sources[:half]) + accepts(writer, path, sources[half:]) if half else []


@contextmanager
def silent():
    """Keeps what a library writes to stderr while it panics."""
    saved, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)


def integers_of(path, format):
    """The columns of whole numbers of up to 64 bits, as the file's schema has them."""
    try:
        schema = arrow_schema(path, format)
    except pa.ArrowNotImplementedError:
        # Arrow has no integers of 128 bits; polars has.
        readers = {"Parquet": polars.read_parquet_schema, "Arrow file": polars.read_ipc_schema}
        schema = readers[format](path) if format in readers else polars.read_ipc_stream(path).schema
        return {name for name, dtype in schema.items() if dtype.is_integer() and "128" not in str(dtype)}
    return {field.name for field in schema if is_integer(field.type)}


def is_integer(dtype):
    if pa.types.is_dictionary(dtype) or pa.types.is_run_end_encoded(dtype):
        dtype = dtype.value_type
    return pa.types.is_integer(dtype)


def arrow_schema(path, format):
    if format == "Parquet":
        return pq.read_schema(path)
    with pa.memory_map(str(path)) as file:
        reader = pa.ipc.open_stream if "stream" in format else pa.ipc.open_file
        return reader(file).schema


def truth_of(writer, source, cells, integers):
    adapted = writer.adapt(source)
    if integers is not None:
        return typed(adapted, source.name in integers, writer.zone)
    is_csv, off = writer.format.startswith("CSV"), 1000 if writer.suffix == ".xlsx" else 0
    return written(adapted, cells[source.name], writer.zone, is_csv, off)


def cells_of(writer, path):
    if writer.suffix == ".xlsx":
        return raw.sheet_cells(path)
    return raw.json_cells(path) if "json" in writer.suffix else raw.csv_cells(path, **writer.dialect)


def table(writer, folder, sources):
    sources = [
        source
        for source in sources
        if source.name not in writer.leave and (not writer.only or source.name in writer.only)
    ]
    stem = f"{writer.name}-{writer.format}".replace(" ", "-").replace(",", "").replace("'", "")
    path = folder / f"{stem}{writer.suffix}"
    kept = accepts(writer, path, sources)
    return write(writer, path, kept)


def write(writer, path, sources):
    every = [*sources, target()]
    writer.write(path, every)
    is_typed = writer.format.startswith(("Parquet", "Arrow"))
    integers, cells = (integers_of(path, writer.format), None) if is_typed else (None, cells_of(writer, path))
    truths = {source.name: truth_of(writer, source, cells, integers) for source in every}
    again = lambda names: write(
        writer, path.with_stem(path.stem + "-part"), [source for source in sources if source.name in names]
    )
    labels = {source.name: source.label for source in sources}
    return Table(
        writer.name,
        writer.format,
        path,
        {**writer.extra, **truths},
        writer.options,
        labels,
        writer.thorough,
        writer.shown,
        again,
    )


def variant(writer, **changes):
    """The same writer with other settings: its file is only inspected and preprocessed."""
    return replace(writer, **{"thorough": False, "shown": False, **changes})


INDEX = Truth("index")
