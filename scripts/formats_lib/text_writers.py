"""Writers of CSV, JSON and workbooks."""

import csv
import io

import pyarrow.csv

from . import frames
from .tables import Writer, variant

INFINITE = frozenset({"float64_inf"})


def pandas_csv(kind="numpy", **settings):
    return lambda path, sources: frames.pandas(sources, kind).to_csv(path, **{"index": False, **settings})


def polars_csv(**settings):
    return lambda path, sources: frames.polars(sources).write_csv(path, **settings)


def arrow_csv(**settings):
    def write(path, sources):
        options = pyarrow.csv.WriteOptions(**settings)
        pyarrow.csv.write_csv(frames.arrow(sources), path, options)

    return write


def duck_copy(settings, zone="Europe/Berlin"):
    return lambda path, sources: frames.duck(sources, zone).execute(f"COPY cells TO '{path}' ({settings})")


def csv_writers():
    pandas = Writer("pandas", "CSV", ".csv", pandas_csv(), leave=frames.NO_NUMPY)
    yield pandas
    yield variant(pandas, name="pandas nullable", write=pandas_csv("nullable"))
    yield variant(pandas, name="pandas ArrowDtype", write=pandas_csv("arrow", na_rep="NA"))
    yield variant(
        pandas,
        name="pandas quoted",
        write=pandas_csv(quoting=csv.QUOTE_ALL, encoding="utf-8-sig", lineterminator="\r\n"),
    )
    yield variant(pandas, name="pandas not numeric", write=pandas_csv(quoting=csv.QUOTE_NONNUMERIC))
    escaped = pandas_csv(doublequote=False, escapechar="\\")
    yield variant(pandas, name="pandas escaped", write=escaped, options=["--escape", "\\"], dialect={"escape": "\\"})
    yield variant(pandas, name="pandas gz", suffix=".csv.gz", write=pandas_csv())
    yield variant(
        pandas,
        name="polars zst",
        suffix=".csv.zst",
        write=polars_csv(compression="zstd"),
        adapt=frames.polars_family,
        leave=frames.NO_NUMPY,
    )
    yield variant(pandas, name="pandas semicolon", write=pandas_csv(sep=";"), dialect={"delimiter": ";"})
    yield variant(pandas, name="pandas tab", suffix=".tsv", write=pandas_csv(sep="\t"), dialect={"delimiter": "\t"})
    yield variant(pandas, name="pandas tab txt", suffix=".txt", write=pandas_csv(sep="\t"), dialect={"delimiter": "\t"})
    yield variant(pandas, name="pandas bar", suffix=".txt", write=pandas_csv(sep="|"), dialect={"delimiter": "|"})
    for encoding in ("utf-16", "utf-16-le"):
        yield variant(
            pandas,
            name=f"pandas {encoding}",
            write=pandas_csv(encoding=encoding),
            options=["--encoding", encoding.replace("utf-16-le", "utf-16le")],
            dialect={"encoding": encoding},
        )
    polars = Writer("polars", "CSV", ".csv", polars_csv(), adapt=frames.polars_family, leave=frames.NO_NUMPY)
    yield polars
    yield variant(
        polars, name="polars quoted", write=polars_csv(quote_style="always", null_value="NA", include_bom=True)
    )
    arrow = Writer("pyarrow", "CSV", ".csv", arrow_csv())
    yield arrow
    yield variant(arrow, name="pyarrow quoted", write=arrow_csv(quoting_style="all_valid"))
    duck = Writer(
        "DuckDB", "CSV", ".csv", duck_copy("FORMAT csv, HEADER"), zone="Europe/Berlin", adapt=frames.duck_family
    )
    yield duck
    yield variant(duck, name="DuckDB gz", suffix=".csv.gz", write=duck_copy("FORMAT csv, HEADER, COMPRESSION gzip"))
    yield variant(
        duck,
        name="DuckDB semicolon",
        write=duck_copy("FORMAT csv, HEADER, DELIMITER ';', FORCE_QUOTE *"),
        dialect={"delimiter": ";"},
    )


def pandas_json(**settings):
    return lambda path, sources: frames.pandas(sources).to_json(path, orient="records", **settings)


def json_writers():
    lines = Writer(
        "pandas",
        "NDJSON",
        ".ndjson",
        pandas_json(lines=True, date_format="iso", date_unit="ns"),
        zone="UTC",
        leave=frames.NO_NUMPY,
        adapt=frames.with_midnights,
    )
    yield lines
    yield variant(
        lines, name="pandas jsonl", suffix=".jsonl", write=pandas_json(lines=True, date_format="iso", date_unit="ns")
    )
    yield variant(
        lines,
        name="pandas",
        format="JSON array",
        suffix=".json",
        write=pandas_json(date_format="iso", date_unit="ns"),
        thorough=True,
    )
    yield variant(
        lines,
        name="pandas indented",
        format="JSON array",
        suffix=".json",
        write=pandas_json(date_format="iso", date_unit="ns", indent=2),
    )
    polars = Writer(
        "polars",
        "NDJSON",
        ".ndjson",
        lambda path, sources: frames.polars(sources).write_ndjson(path),
        adapt=frames.polars_family,
        leave=frames.NO_NUMPY,
    )
    yield polars
    yield variant(
        polars, format="JSON array", suffix=".json", write=lambda path, sources: frames.polars(sources).write_json(path)
    )
    duck = Writer(
        "DuckDB", "NDJSON", ".ndjson", duck_copy("FORMAT json"), zone="Europe/Berlin", adapt=frames.duck_family
    )
    yield duck
    yield variant(duck, format="JSON array", suffix=".json", write=duck_copy("FORMAT json, ARRAY true"))


def pandas_excel(engine):
    return lambda path, sources: frames.pandas(sources).to_excel(path, engine=engine, index=False)


def polars_excel(path, sources):
    memory = io.BytesIO()
    frames.polars(sources).write_excel(memory)
    path.write_bytes(memory.getvalue())


def sheet_writers():
    # They write infinities as words or errors.
    openpyxl = Writer("pandas, openpyxl", "xlsx", ".xlsx", pandas_excel("openpyxl"), leave=INFINITE | frames.NO_NUMPY)
    yield openpyxl
    yield variant(openpyxl, name="pandas, XlsxWriter", write=pandas_excel("xlsxwriter"))
    yield variant(openpyxl, name="polars", write=polars_excel, shown=True, thorough=True)
