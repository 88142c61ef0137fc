"""The columns that every writer is asked to write: a name, a type, the cells, and what lockstep has to make of them."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
import random

import numpy as np
import pyarrow as pa

ROWS = 24
GAPS = (2, 9, 16)


@dataclass(frozen=True)
class Source:
    """`family` says what the cells are: whole, number, infinite, bool, text, date, datetime, time, duration, empty,
    nested (lists and the like), bytes (no text), interval."""

    name: str
    label: str
    family: str
    cells: pa.Array
    # What a writer makes its own type of: an expression of DuckDB over the column x, a type of polars by its name.
    sql: str = ""
    polars: str = ""


def cycled(cells):
    return [cells[row % len(cells)] for row in range(ROWS)]


def with_gaps(cells):
    return [None if row in GAPS else cell for row, cell in enumerate(cells)]


def source(name, label, family, cells, dtype, **more):
    array = cells if isinstance(cells, pa.Array) else pa.array(cells, dtype)
    return Source(name, label, family, array, **more)


def integers():
    made = []
    for bits in (8, 16, 32, 64):
        for sign in ("", "u"):
            low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if not sign else (0, 2**bits - 1)
            cells = cycled([low, high, 0, 1, 5, 77, high // 3])
            name = f"{sign}int{bits}"
            made.append(source(name, name, "whole", cells, getattr(pa, name)()))
    few = cycled([3, 1, 4, 15, 92])
    made.append(source("int64_gaps", "int64 with gaps", "whole", with_gaps(few), pa.int64()))
    made.append(source("uint8_gaps", "uint8 with gaps", "whole", with_gaps(few), pa.uint8()))
    huge = cycled([Decimal(2) ** 100, Decimal(-7), Decimal(0), Decimal(12)])
    wide = pa.decimal128(38, 0)
    made.append(source("int128", "int128", "number", huge, wide, sql="x::HUGEINT", polars="Int128"))
    made.append(
        source("uint128", "uint128", "number", [abs(cell) for cell in huge], wide, sql="x::UHUGEINT", polars="UInt128")
    )
    return made


def floats():
    rng = random.Random(1)
    halves = cycled([0.5, -1.25, 3.0, 1000.0, 0.099975586])
    singles = [float(np.float32(rng.gauss(0, 100))) for _ in range(ROWS)]
    doubles = [rng.gauss(0, 1) * 10.0 ** rng.randint(-12, 12) for _ in range(ROWS)]
    some_nan = [float("nan") if row in GAPS else cell for row, cell in enumerate(doubles)]
    infinite = [float("inf") if row == 4 else -float("inf") if row == 5 else cell for row, cell in enumerate(doubles)]
    return [
        source("float16", "float16", "number", np.array(halves, np.float16), pa.float16()),
        source("float32", "float32", "number", singles, pa.float32()),
        source("float64", "float64", "number", doubles, pa.float64()),
        source("float64_gaps", "float64 with gaps", "number", with_gaps(doubles), pa.float64()),
        source("float64_nan", "float64 with NaN", "number", some_nan, pa.float64()),
        source("float64_inf", "float64 with infinities", "infinite", infinite, pa.float64()),
    ]


def decimals():
    prices = cycled([Decimal("12.345"), Decimal("-0.001"), Decimal("99999.999"), Decimal("0.000"), Decimal("7.100")])
    long = cycled([Decimal("1234567890123456789.0123456789"), Decimal("-0.0000000001"), Decimal("5")])
    return [
        source("decimal", "decimal(12, 3)", "number", prices, pa.decimal128(12, 3)),
        source("decimal_gaps", "decimal with gaps", "number", with_gaps(prices), pa.decimal128(12, 3)),
        source("decimal_38", "decimal(38, 10)", "number", long, pa.decimal128(38, 10)),
        source("decimal32", "decimal32", "number", cycled([Decimal("1.25"), Decimal("-3.50")]), pa.decimal32(9, 2)),
        source("decimal64", "decimal64", "number", cycled([Decimal("1.25"), Decimal("-3.50")]), pa.decimal64(18, 2)),
        source("decimal256", "decimal256", "number", long, pa.decimal256(60, 10)),
    ]


def texts():
    plain = cycled(["red", "green", "blue", "azure"])
    odd = cycled(['say "hi"', "a,b;c\td|e", "two\nlines", " blanks ", "naïve 日本 🎈", "it's", "plain", "back\\slash"])
    words = cycled(["NA", "n/a", "#N/A", "<NA>", "NaN", "None", "null", "NaT", "?", "", "word", "text"])
    return [
        source("text", "text", "text", plain, pa.utf8()),
        source("text_gaps", "text with gaps", "text", with_gaps(plain), pa.utf8()),
        source("text_empty", "text with empty cells", "text", cycled(["", "red", "blue"]), pa.utf8()),
        source("text_odd", "text with quotes, delimiters, lines, blanks, Unicode", "text", odd, pa.utf8()),
        source("text_words", "text with words for missing", "text", words, pa.utf8()),
        source("text_numbers", "text of numbers", "text", cycled(["1.5", "2", " 3", "-4e2"]), pa.utf8()),
        source("text_codes", "text of codes such as 007", "text", cycled(["007", "012", "123"]), pa.utf8()),
        source("text_truth", "text of True and False", "text", cycled(["True", "False"]), pa.utf8()),
        source("text_large", "large text", "text", plain, pa.large_utf8()),
        source("text_view", "text view", "text", plain, pa.string_view()),
        source(
            "dictionary",
            "dictionary or categorical",
            "text",
            pa.array(plain).dictionary_encode(),
            None,
            polars="Categorical",
        ),
        source(
            "ordered",
            "ordered dictionary",
            "text",
            ordered(),
            None,
            sql="x::ENUM('low', 'middle', 'high', 'never')",
            polars="Enum",
        ),
        source(
            "dictionary_gaps",
            "dictionary with gaps",
            "text",
            pa.array(with_gaps(plain)).dictionary_encode(),
            None,
            polars="Categorical",
        ),
        source(
            "dictionary_int",
            "dictionary of whole numbers",
            "whole",
            pa.array(cycled([10, 30, 20])).dictionary_encode(),
            None,
        ),
        source("run_end", "run-end encoded text", "text", run_end(plain), None),
        source("run_end_int", "run-end encoded int64", "whole", run_end([row // 5 for row in range(ROWS)]), None),
        source("binary", "binary of UTF-8", "text", [cell.encode() for cell in plain], pa.binary()),
        source("binary_large", "large binary of UTF-8", "text", [cell.encode() for cell in plain], pa.large_binary()),
        source("binary_view", "binary view of UTF-8", "text", [cell.encode() for cell in plain], pa.binary_view()),
        source("binary_fixed", "fixed-size binary of UTF-8", "text", cycled([b"one", b"two"]), pa.binary(3)),
        source("bytes", "binary that is not UTF-8", "bytes", cycled([b"\xff\xfe", b"ok", b"\x80"]), pa.binary()),
        source("uuid", "UUID", "bytes", cycled([bytes([255 - row] * 16) for row in range(3)]), pa.uuid()),
        source("json", "JSON text", "text", cycled(['{"a":1}', '{"a":2}']), pa.json_(), sql="x::JSON"),
    ]


def ordered():
    places = pa.array(cycled([2, 0, 1]), pa.int8())
    return pa.DictionaryArray.from_arrays(places, pa.array(["low", "middle", "high", "never"]), ordered=True)


def run_end(cells):
    import pyarrow.compute as pc

    return pc.run_end_encode(pa.array(cells))


def booleans():
    return [
        source("bool", "bool", "bool", cycled([True, False, False]), pa.bool_()),
        source("bool_gaps", "bool with gaps", "bool", with_gaps(cycled([True, False])), pa.bool_()),
        source(
            "bool8",
            "bool8 (an extension type)",
            "bool",
            pa.ExtensionArray.from_storage(pa.bool8(), pa.array(cycled([1, 0]), pa.int8())),
            None,
        ),
    ]


def dates():
    days = [date(2024, 2, 29) + timedelta(days=31 * row) for row in range(ROWS)]
    far = cycled([date(1500, 1, 1), date(9999, 12, 31), date(1969, 12, 31)])
    return [
        source("date32", "date32", "date", days, pa.date32()),
        source("date64", "date64", "date", days, pa.date64()),
        source("date_gaps", "date with gaps", "date", with_gaps(days), pa.date32()),
        source("date_far", "dates of the years 1500 and 9999", "date", far, pa.date32()),
    ]


def times():
    """Times around both changes of Berlin's clocks in 2024."""
    start = datetime(2024, 3, 30, 20, 17, 5)
    walls = [start + timedelta(hours=217 * row) for row in range(ROWS)]
    ticks = [int((wall - datetime(1970, 1, 1)).total_seconds()) for wall in walls]
    scale = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
    made = []
    for unit, per in scale.items():
        cells = [tick * per + (per // 2 + (7 if unit == "ns" else 0) if per > 1 else 0) for tick in ticks]
        made.append(
            source(f"datetime_{unit}", f"datetime, {unit}", "datetime", pa.array(cells).cast(pa.timestamp(unit)), None)
        )
        if unit == "us":
            made.append(
                source(
                    "datetime_gaps",
                    "datetime with gaps",
                    "datetime",
                    pa.array(with_gaps(cells)).cast(pa.timestamp(unit)),
                    None,
                )
            )
        for zone, short in [("Europe/Berlin", "berlin"), ("UTC", "utc"), ("+05:30", "fixed")]:
            cells_z = pa.array(cells).cast(pa.timestamp(unit, zone))
            if unit == "us" or (unit, short) in {("ns", "berlin"), ("ms", "utc"), ("s", "berlin")}:
                made.append(source(f"datetime_{unit}_{short}", f"datetime, {unit}, {zone}", "datetime", cells_z, None))
    far = [datetime(1500, 1, 1, 6), datetime(9999, 12, 31, 23, 59, 59), datetime(1969, 12, 31, 23)]
    made.append(
        source("datetime_far", "datetimes of the years 1500 and 9999", "datetime", cycled(far), pa.timestamp("us"))
    )
    return made


def clocks():
    of_day = cycled([time(12, 30), time(0, 0, 1), time(23, 59, 59)])
    finer = cycled([time(12, 30, 0, 500000), time(0, 0, 1), time(23, 59, 59, 999000)])
    spans = cycled([93784, -50, 0, 3600])
    made = [
        source("time_s", "time of day, s", "time", of_day, pa.time32("s")),
        source("time_ms", "time of day, ms", "time", finer, pa.time32("ms")),
        source("time_us", "time of day, us", "time", finer, pa.time64("us")),
        source("time_ns", "time of day, ns", "time", finer, pa.time64("ns")),
        source("time_gaps", "time of day with gaps", "time", with_gaps(finer), pa.time64("us")),
    ]
    for unit, per in [("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9)]:
        made.append(
            source(
                f"duration_{unit}",
                f"duration, {unit}",
                "duration",
                pa.array([span * per + per // 4 for span in spans]).cast(pa.duration(unit)),
                None,
            )
        )
    gaps = pa.array(with_gaps([span * 10**6 for span in spans])).cast(pa.duration("us"))
    made.append(source("duration_gaps", "duration with gaps", "duration", gaps, None))
    made.append(
        source(
            "interval",
            "interval of months, days and time",
            "interval",
            cycled([pa.MonthDayNano([1, 2, 3])]),
            pa.month_day_nano_interval(),
        )
    )
    return made


def nested():
    pairs = cycled([[1, 2], [3, 4]])
    objects = cycled([{"a": 1, "b": "x"}, {"a": 2, "b": "y"}])
    maps = cycled([[("k", 1)], [("k", 2), ("l", 3)]])
    return [
        source("list", "list", "nested", pairs, pa.list_(pa.int64())),
        source("list_large", "large list", "nested", pairs, pa.large_list(pa.int64())),
        source("list_view", "list view", "nested", pairs, pa.list_view(pa.int64())),
        source("list_fixed", "fixed-size list", "nested", pairs, pa.list_(pa.int64(), 2)),
        source("list_text", "list of text", "nested", cycled([["a"], ["b", "c"]]), pa.list_(pa.utf8())),
        source("struct", "struct", "nested", objects, pa.struct([("a", pa.int64()), ("b", pa.utf8())])),
        source("map", "map", "nested", maps, pa.map_(pa.utf8(), pa.int64())),
        source("null", "nothing but gaps", "empty", pa.nulls(ROWS), None),
    ]


def target():
    """The column to learn, in every table."""
    return source("y", "", "number", [0.25 + row / 8 for row in range(ROWS)], pa.float64())


def sources():
    return [*integers(), *floats(), *decimals(), *booleans(), *texts(), *dates(), *times(), *clocks(), *nested()]
