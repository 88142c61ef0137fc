"""The tables that R writes, if it is installed."""

from datetime import date, datetime, timedelta
import shutil

import pyarrow as pa

from . import raw
from .tables import INDEX, Table
from .truth import written
from .values import cycled, source, target, with_gaps

R = r"""
y <- 0.25 + (0:23) / 8
gap <- c(3, 10, 17)
cells <- data.frame(
  integer = rep(c(3L, 1L, 4L), 8), double = y * 1.5 + 1000, logical = rep(c(TRUE, FALSE, FALSE), 8),
  character = rep(c("red", "green"), 12), factor = factor(rep(c("low", "high", "it's"), 8)),
  quoted = rep(c("say \"hi\"", "a,b;c\td"), 12),
  date = as.Date("2024-02-29") + 31 * (0:23), time = as.POSIXct("2024-03-30 20:17:05", tz = "UTC") + 3600 * 217 * (0:23),
  y = y)
cells$integer_gaps <- cells$integer; cells$integer_gaps[gap] <- NA
cells$double_gaps <- cells$double; cells$double_gaps[gap] <- NA; cells$double_gaps[4] <- NaN
cells$character_gaps <- cells$character; cells$character_gaps[gap] <- NA
cells$date_gaps <- cells$date; cells$date_gaps[gap] <- NA
out <- commandArgs(TRUE)[1]
path <- function(name) file.path(out, name)
write.csv(cells, path("write.csv"))
write.csv(cells, path("write.csv-no-names.csv"), row.names = FALSE)
write.csv2(cells, path("write.csv2.csv"))
# Without the times: their blank is not quoted.
write.table(cells[names(cells) != "time"], path("write.table.txt"))
write.table(cells, path("write.table-tab.tsv"), sep = "\t", qmethod = "double")
write.table(cells, path("write.table-tab-named.tsv"), sep = "\t", col.names = NA, qmethod = "double")
"""


def cells():
    """The same columns as in R."""
    doubles = [(0.25 + row / 8) * 1.5 + 1000 for row in range(24)]
    days = [date(2024, 2, 29) + timedelta(days=31 * row) for row in range(24)]
    times = [datetime(2024, 3, 30, 20, 17, 5) + timedelta(hours=217 * row) for row in range(24)]
    plain, whole = cycled(["red", "green"]), cycled([3, 1, 4])
    return [
        source("integer", "integer", "whole", whole, pa.int32()),
        source("double", "double", "number", doubles, pa.float64()),
        source("logical", "logical", "bool", cycled([True, False, False]), pa.bool_()),
        source("character", "character", "text", plain, pa.utf8()),
        source("factor", "factor", "text", cycled(["low", "high", "it's"]), pa.utf8()),
        source("quoted", "character with quotes and delimiters", "text", cycled(['say "hi"', "a,b;c\td"]), pa.utf8()),
        source("date", "Date", "date", days, pa.date32()),
        source("time", "POSIXct", "datetime", times, pa.timestamp("us")),
        source("integer_gaps", "integer with NA", "whole", with_gaps(whole), pa.int32()),
        source("double_gaps", "double with NA and NaN", "number", with_gaps(doubles), pa.float64()),
        source("character_gaps", "character with NA", "text", with_gaps(plain), pa.utf8()),
        source("date_gaps", "Date with NA", "date", with_gaps(days), pa.date32()),
        target(),
    ]


COMMA = {"delimiter": ";", "marks": (",", "")}
# File, what lockstep is told, what Python is told, the column of the row names.
FILES = [
    ("write.csv", [], {}, "Unnamed: 0"),
    ("write.csv-no-names.csv", [], {}, None),
    ("write.csv2.csv", ["--decimal", ","], COMMA, "Unnamed: 0"),
    ("write.table.txt", ["--delimiter", " ", "--escape", "\\"], {"delimiter": " ", "escape": "\\"}, "Unnamed: 0"),
    ("write.table-tab.tsv", [], {"delimiter": "\t"}, "Unnamed: 0"),
    ("write.table-tab-named.tsv", [], {"delimiter": "\t"}, "Unnamed: 0"),
]


def tables(folder, _):
    if shutil.which("Rscript") is None:
        print("Rscript is not installed: R's tables are left out")
        return
    script = folder / "write.R"
    script.write_text(R)
    done = raw.run(["Rscript", script, folder])
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    for name, options, dialect, index in FILES:
        path = folder / name
        read = raw.csv_cells(path, **dialect)
        truths = {
            source.name: written(source, read[source.name], as_csv=True) for source in cells() if source.name in read
        }
        labels = {source.name: source.label for source in cells() if source.name in truths and source.label}
        extra = {index: INDEX} if index else {}
        yield Table("R", "CSV", path, {**extra, **truths}, options, labels, True, name == "write.csv")


def version():
    if shutil.which("Rscript") is None:
        return ""
    return raw.run(["Rscript", "--version"]).stdout.split()[3]
