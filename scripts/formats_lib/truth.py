"""What lockstep has to make of a column: its kind, its cells, and the features that come of them."""

from collections import Counter
from dataclasses import dataclass
from datetime import time, timedelta
import re

import numpy as np
import pandas as pd
import pyarrow as pa

# Takes the place of a gap in numbers and in the parts of a date.
FILL = -99.0
# Cells of text that mean "missing".
MISSING = set(
    "|#N/A|#N/A N/A|#NA|-1.#IND|-1.#QNAN|-NaN|-nan|1.#IND|1.#QNAN|<NA>|N/A|NA|NULL|NaN|NaT|None|n/a|nan|null|?".split(
        "|"
    )
)
NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")
PLAIN_FAMILIES = {"whole", "number", "bool", "text", "date", "datetime"}


@dataclass
class Truth:
    """`kind` is that of `lockstep inspect`, or refused (with --drop in its error), bytes (the same, found only in the
    cells), empty, infinite, index. Cells are floats (NaN: a gap), texts or truth values (None: a gap), or a Series of
    local times."""

    kind: str
    cells: object = None
    missing: int = 0
    # How far the earliest and latest time may be off, in microseconds.
    off: int = 0

    @property
    def learnt(self):
        return self.kind in {"integer", "number", "bool", "text", "date", "datetime"}

    @property
    def refused(self):
        return self.kind in {"refused", "bytes"}


def numbers(cells, whole):
    values = np.array([np.nan if cell is None else float(cell) for cell in cells])
    kind = "infinite" if np.isinf(values).any() else "integer" if whole else "number"
    return Truth(kind, values, int(np.isnan(values).sum()))


def texts(cells, as_csv=False):
    """Text as it is taken in every format; in a CSV, True and False are truth values, and 007 is 7."""
    cells = [None if cell is None or cell.strip() in MISSING else cell for cell in cells]
    present = [cell for cell in cells if cell is not None]
    missing = len(cells) - len(present)
    if not present:
        return Truth("empty", cells, missing)
    codes = any(re.fullmatch(r"0\d+", cell.strip()) for cell in present)
    if all(NUMBER.fullmatch(cell) for cell in present) and (as_csv or not codes):
        return numbers(cells, all(is_whole(cell) for cell in present))
    if as_csv and all(cell.strip().lower() in {"true", "false"} for cell in present):
        return Truth("bool", [cell and cell.strip().lower() == "true" for cell in cells], missing)
    return Truth("text", cells, missing)


def is_whole(cell):
    if isinstance(cell, str):
        return re.fullmatch(r"\s*[+-]?\d+\s*", cell) is not None and -(2**63) <= int(cell) < 2**63
    return isinstance(cell, int) and not isinstance(cell, bool) and -(2**63) <= cell < 2**63


def times(series, kind, off=0):
    return Truth(kind, series, int(series.isna().sum()), off)


def wall_clock(cells, zone):
    """A column of times by the clock of its own zone, of another, or of UTC."""
    unit, own = cells.type.unit, cells.type.tz
    naive = pd.Series(cells.cast(pa.int64()).to_numpy(zero_copy_only=False))
    gaps = naive.isna()
    whole = np.array(
        [0 if cell is None else cell for cell in cells.cast(pa.int64()).to_pylist()], f"datetime64[{unit}]"
    )
    series = pd.Series(whole)
    series[gaps] = pd.NaT
    if own is None:
        return series
    return series.dt.tz_localize("UTC").dt.tz_convert(zone or own).dt.tz_localize(None)


def seconds(cells):
    """Times of day and durations as seconds."""
    dtype = cells.type
    if pa.types.is_time32(dtype) or pa.types.is_time64(dtype):
        of = lambda cell: ((cell.hour * 60 + cell.minute) * 60 + cell.second) + cell.microsecond / 1e6
        return [None if cell is None else of(cell) for cell in pa.array(cells.to_pylist(), pa.time64("us")).to_pylist()]
    per = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[dtype.unit]
    return [None if cell is None else cell / per for cell in cells.cast(pa.int64()).to_pylist()]


def python_cells(cells):
    if pa.types.is_run_end_encoded(cells.type):
        cells = cells.combine_chunks() if isinstance(cells, pa.ChunkedArray) else cells
        import pyarrow.compute as pc

        cells = pc.run_end_decode(cells)
    return cells.to_pylist()


def plain(source, whole, zone, as_csv=False, off=0):
    """A column of a family that every format has."""
    cells, family = source.cells, source.family
    if family == "text":
        decoded = [cell.decode() if isinstance(cell, bytes) else cell for cell in python_cells(cells)]
        return texts(decoded, as_csv)
    if family == "bool":
        listed = [None if cell is None else bool(cell) for cell in python_cells(cells)]
        return Truth("bool", listed, listed.count(None))
    if family == "date":
        days = pd.Series(
            np.array(
                [np.datetime64("NaT") if day is None else np.datetime64(day) for day in cells.to_pylist()],
                "datetime64[s]",
            )
        )
        return times(days, "date")
    if family == "datetime":
        return times(wall_clock(cells, zone), "datetime", off)
    return numbers(python_cells(cells), whole)


def typed(source, whole, zone=None):
    """In a format whose columns have types."""
    if str(source.cells.type) == "extension<arrow.bool8>":
        return Truth("refused")
    if source.family in PLAIN_FAMILIES | {"infinite"}:
        return plain(source, whole, zone)
    if source.family in {"time", "duration"}:
        return numbers(seconds(source.cells), False)
    return Truth({"nested": "refused", "interval": "refused", "bytes": "bytes", "empty": "empty"}[source.family])


def written(source, raw, zone=None, as_csv=False, off=0):
    """In a format of text; `raw` are its cells as another program reads them."""
    raw = [None if is_missing(cell) else cell for cell in raw]
    present = [cell for cell in raw if cell is not None]
    whole = all(is_whole(cell) for cell in present)
    if any(isinstance(cell, (list, dict)) for cell in present):
        return Truth("refused")
    # The digits that were written are the number, not the float of fewer bits that they came from.
    if source.family in {"whole", "number", "infinite"} and present:
        return numbers(raw, whole)
    if source.family in PLAIN_FAMILIES and not is_bytes(source.cells.type):
        return plain(source, whole, zone, as_csv, off)
    if present and all(isinstance(cell, (int, float)) for cell in present):
        return numbers(raw, whole)
    if any(isinstance(cell, (time, timedelta)) for cell in present):
        return numbers(seconds(source.cells), False)
    return texts([None if cell is None else str(cell) for cell in raw], as_csv)


def is_missing(cell):
    return cell is None or isinstance(cell, str) and cell.strip() in MISSING


def is_bytes(dtype):
    return "binary" in str(dtype)


def features(name, truth):
    """The features that `preprocess --scale none` makes of a column, gaps filled as `fill` says."""
    if truth.kind in {"integer", "number"}:
        return {name: np.where(np.isnan(truth.cells), FILL, truth.cells)}
    if truth.kind in {"bool", "text"}:
        words = [
            None if cell is None else str(cell).lower() if isinstance(cell, bool) else cell for cell in truth.cells
        ]
        filler = filling(truth)
        shown = [filler if word is None else word for word in words]
        return {
            f"{name}={word}": np.array([float(cell == word) for cell in shown]) for word in sorted(set(words) - {None})
        }
    parts = ["year", "month", "day", "weekday"] + (["hour"] if truth.kind == "datetime" else [])
    return {f"{name}.{part}": getattr(truth.cells.dt, part).fillna(FILL).to_numpy(float) for part in parts}


def filling(truth):
    """What stands for a gap in the features."""
    if truth.kind in {"bool", "text"}:
        words = Counter(
            str(cell).lower() if isinstance(cell, bool) else cell for cell in truth.cells if cell is not None
        )
        return min(words, key=lambda word: (-words[word], word))
    return FILL


def imputing(truth):
    return "most-frequent" if truth.kind in {"bool", "text"} else f"constant={FILL:.0f}"


def distinct(truth):
    if truth.kind in {"date", "datetime"}:
        return truth.cells.nunique()
    if truth.kind in {"integer", "number"}:
        return len(set(truth.cells[~np.isnan(truth.cells)]))
    return len({cell for cell in truth.cells if cell is not None})
