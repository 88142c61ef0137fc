"""Tables that differ in how they are written rather than in their types: indexes, delimiters, marks, encodings."""

from dataclasses import replace
import json

import numpy as np
import pandas as pd

from . import frames
from .tables import INDEX, Writer, table, variant
from .truth import Truth
from .values import ROWS

FEW = (
    "int64",
    "int64_gaps",
    "float64",
    "float64_gaps",
    "bool",
    "text",
    "text_gaps",
    "text_words",
    "date32",
    "date_gaps",
    "datetime_s",
)
FILTERED = [3 * row + 1 for row in range(ROWS)]
LEVELS = pd.MultiIndex.from_product([["a", "b"], range(ROWS // 2)])


def indexed(index, save):
    def write(path, sources):
        frame = frames.pandas(sources)
        if index is not None:
            frame.index = index
        save(frame, path)

    return write


def index_writers():
    to_csv, to_parquet = pd.DataFrame.to_csv, pd.DataFrame.to_parquet
    unnamed, level = {"Unnamed: 0": INDEX}, {"__index_level_0__": INDEX}
    two = {"__index_level_0__": INDEX, "__index_level_1__": INDEX}
    base = Writer("pandas default index", "CSV", ".csv", indexed(None, to_csv), only=FEW, extra=unnamed, shown=False)
    yield base
    yield variant(base, name="pandas filtered index", write=indexed(FILTERED, to_csv), thorough=True)
    yield variant(
        base,
        name="pandas unnamed MultiIndex",
        write=indexed(LEVELS, to_csv),
        extra={**unnamed, "Unnamed: 1": INDEX},
        thorough=True,
    )
    twice = lambda frame, path: pd.concat([pd.Series(FILTERED, name="Unnamed: 0"), frame], axis=1).to_csv(path)
    yield variant(
        base,
        name="pandas index written twice",
        write=indexed(None, twice),
        extra={"Unnamed: 0.1": INDEX, **unnamed},
        thorough=True,
    )
    # An index with a name is a column like any other, where the file does not say that it is one.
    key = {"key": Truth("integer", np.array(FILTERED, float))}
    yield variant(base, name="pandas named index", write=indexed(pd.Index(FILTERED, name="key"), to_csv), extra=key)
    excel = lambda frame, path: frame.to_excel(path)
    yield variant(
        base, name="pandas filtered index", format="xlsx", suffix=".xlsx", write=indexed(FILTERED, excel), thorough=True
    )
    parquet = variant(base, format="Parquet", suffix=".parquet", extra={}, only=FEW[:8])
    for engine in ("pyarrow", "fastparquet"):
        save = lambda frame, path, engine=engine: to_parquet(frame, path, engine=engine)
        yield variant(parquet, name=f"pandas default index {engine}", write=indexed(None, save))
    save = lambda frame, path: to_parquet(frame, path)
    named = indexed(pd.Index(FILTERED, name="key"), save)
    yield variant(parquet, name="pandas named index", write=named, extra={"key": INDEX}, thorough=True)
    yield variant(parquet, name="pandas filtered index", write=indexed(FILTERED, save), extra=level, thorough=True)
    yield variant(parquet, name="pandas unnamed MultiIndex", write=indexed(LEVELS, save), extra=two, thorough=True)


def with_lines(before, settings):
    """A CSV with lines before its header."""

    def write(path, sources):
        path.write_text(before + frames.pandas(sources).to_csv(index=False, **settings))

    return write


def grouped(path, sources):
    """Numbers as Germans write them: 1.234.567,5."""
    frame = frames.pandas(sources)
    swap = str.maketrans(",.", ".,")
    for name in frame.select_dtypes("float").columns:
        frame[name] = [None if pd.isna(cell) else f"{cell:,.4f}".translate(swap) for cell in frame[name]]
    frame.to_csv(path, sep=";", index=False)


def polars_comma(path, sources):
    frames.polars(sources).write_csv(path, separator=";", decimal_comma=True)


def dialect_writers():
    base = Writer("pandas decimal comma", "CSV", ".csv", csv_writer(sep=";", decimal=","), only=FEW, shown=False)
    comma = {"options": ["--decimal", ","], "dialect": {"delimiter": ";", "marks": (",", "")}}
    yield variant(base, **comma, thorough=True)
    yield variant(base, name="polars decimal comma", write=polars_comma, **comma)
    points = {"options": ["--decimal", ",", "--thousands", "."], "dialect": {"delimiter": ";", "marks": (",", ".")}}
    yield variant(base, name="German numbers", write=grouped, **points, thorough=True)
    german = ["--date-format", "%d.%m.%Y"]
    dates = tuple(name for name in FEW if name != "datetime_s")
    yield variant(base, name="German dates", write=german_dates, options=german, only=dates, thorough=True)
    slashes = ["--date-format", "datetime_s=%m/%d/%y %I:%M:%S %p"]
    yield variant(base, name="American times", write=american_times, options=slashes)
    for encoding in ("latin1", "windows-1252"):
        accents = csv_writer(encoding=encoding)
        yield variant(
            base, name=encoding, write=accents, options=["--encoding", encoding], dialect={"encoding": encoding}
        )
    yield variant(
        base,
        name="skipped lines",
        write=with_lines('Report, "of" today\n\n', {}),
        options=["--skip-rows", "2"],
        dialect={"skip": 1},
    )
    yield variant(
        base,
        name="comments",
        write=with_lines("# made by a service\n", {}),
        options=["--comment", "#"],
        dialect={"skip": 1},
    )
    yield variant(
        base, name="Excel's sep line", write=with_lines("sep=;\n", {"sep": ";"}), dialect={"delimiter": ";", "skip": 1}
    )
    yield variant(base, name="CRLF", write=csv_writer(lineterminator="\r\n"))


def csv_writer(**settings):
    return lambda path, sources: frames.pandas(sources).to_csv(path, index=False, **settings)


def german_dates(path, sources):
    frame = frames.pandas(sources)
    for name in ("date32", "date_gaps"):
        frame[name] = pd.to_datetime(frame[name]).dt.strftime("%d.%m.%Y")
    frame.to_csv(path, index=False)


def american_times(path, sources):
    frame = frames.pandas(sources)
    frame["datetime_s"] = frame["datetime_s"].dt.strftime("%m/%d/%y %I:%M:%S %p")
    frame.to_csv(path, index=False)


def objects(sources, drop_missing):
    rows = json.loads(frames.pandas(sources).to_json(orient="records", date_format="iso"))
    keep = lambda row: {name: cell for name, cell in row.items() if cell is not None or not drop_missing}
    return [keep(row) for row in rows]


def late_keys(path, sources):
    """Objects without the keys of gaps, as some services do."""
    rows = objects(sources, True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def with_nan(path, sources):
    rows = [
        {name: float("nan") if cell is None else cell for name, cell in row.items()} for row in objects(sources, False)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def arrays(path, sources):
    path.write_text(json.dumps(objects(sources, False), indent=1))


def json_special_writers():
    base = Writer("json late keys", "NDJSON", ".ndjson", late_keys, only=FEW, shown=False, adapt=frames.with_midnights)
    yield base
    yield variant(base, name="json NaN", write=with_nan)
    yield variant(base, name="json array", format="JSON array", suffix=".json", write=arrays)


def parts(folder, sources):
    """One table in two files: named by their folder, and by a pattern."""
    half = ROWS // 2
    whole = table(Writer("pandas in parts", "CSV", ".csv", csv_writer(), only=FEW, shown=False), folder, sources)
    place = folder / "parts-csv"
    place.mkdir()
    header, *lines = whole.path.read_text().splitlines(keepends=True)
    for number, some in enumerate([lines[:half], lines[half:]]):
        (place / f"part-{number}.csv").write_text(header + "".join(some))
    (place / "_SUCCESS").touch()
    yield replace(whole, path=place, again=None)
    yield replace(whole, path=place / "part-*.csv", again=None)
    typed = Writer(
        "pandas in parts",
        "Parquet",
        ".parquet",
        lambda path, columns: frames.pandas(columns).to_parquet(path),
        only=FEW,
        shown=False,
    )
    whole = table(typed, folder, sources)
    place = folder / "parts-parquet"
    place.mkdir()
    frame = pd.read_parquet(whole.path)
    for number, some in enumerate([frame.iloc[:half], frame.iloc[half:]]):
        some.to_parquet(place / f"part-{number}.parquet", index=False)
    yield replace(whole, path=place, again=None)
