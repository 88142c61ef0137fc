"""The columns as the writing programs hold them."""

from dataclasses import replace
import uuid

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa

LABELS = ["low", "middle", "high", "never"]
CAST = {"Int128": pl.Int128, "UInt128": pl.UInt128, "Categorical": pl.Categorical, "Enum": pl.Enum(LABELS)}
# numpy has no such type: pandas makes integers of it.
NO_NUMPY = frozenset({"bool8"})


def arrow(sources):
    return pa.table({source.name: source.cells for source in sources})


def pandas(sources, kind="numpy"):
    """A frame of numpy's types, of pandas' nullable ones, or of Arrow's."""
    if kind == "arrow":
        return arrow(sources).to_pandas(types_mapper=pd.ArrowDtype)
    frame = arrow(sources).to_pandas()
    return frame.convert_dtypes(dtype_backend="numpy_nullable") if kind == "nullable" else frame


def polars(sources):
    def series(source):
        made = pl.from_arrow(source.cells)
        return (made.cast(CAST[source.polars]) if source.polars else made).alias(source.name)

    return pl.DataFrame([series(source) for source in sources])


def duck(sources, zone="UTC"):
    """A connection in which the columns are the table `cells`."""
    connection = duckdb.connect()
    connection.execute(f"SET TimeZone = '{zone}'; SET threads = 1; SET preserve_insertion_order = true")
    connection.register("given", arrow(sources))
    expressions = [
        f'{source.sql.replace("x::", chr(34) + source.name + chr(34) + "::") or chr(34) + source.name + chr(34)} AS "{source.name}"'
        for source in sources
    ]
    connection.execute(f"CREATE TABLE cells AS SELECT {', '.join(expressions)} FROM given")
    return connection


def duck_family(source):
    """DuckDB has intervals for durations, and truth values for bool8."""
    if source.name == "bool8":
        return replace(source, cells=source.cells.storage.cast(pa.bool_()))
    return replace(source, family="interval") if source.family == "duration" else source


def duck_arrow_family(source):
    """DuckDB gives Arrow a UUID as text."""
    if source.name != "uuid":
        return duck_family(source)
    words = [str(uuid.UUID(bytes=cell.bytes)) for cell in source.cells.to_pylist()]
    return replace(source, family="text", cells=pa.array(words))


def polars_family(source):
    """polars has datetimes for dates in milliseconds."""
    if source.name != "date64":
        return source
    return with_midnights(source)


def with_midnights(source):
    """A date as a datetime."""
    if source.family != "date":
        return source
    return replace(
        source, family="datetime", cells=source.cells.cast(pa.timestamp("s" if source.name != "date64" else "ms"))
    )
