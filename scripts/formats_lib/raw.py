"""The cells of a file of text, as Python's own modules read them."""

import csv
import gzip
import io
import json
import re
import subprocess

import openpyxl


def opened(path):
    data = path.read_bytes()
    if path.suffix == ".gz":
        return gzip.decompress(data)
    if path.suffix == ".zst":
        import pyarrow as pa

        with pa.CompressedInputStream(pa.BufferReader(data), "zstd") as stream:
            return stream.read()
    return data


def csv_cells(path, delimiter=",", encoding="utf-8-sig", escape=None, skip=0, marks=None):
    """`marks` are those before the fraction and between thousands."""
    text = opened(path).decode(encoding)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, escapechar=escape, doublequote=escape is None)
    header, *rows = [row for row in rows if row][skip:]
    if rows and len(rows[0]) == len(header) + 1:
        header = ["", *header]
    plain = (lambda cell: usual(cell, *marks)) if marks else str
    return {name: [plain(row[index]) for row in rows] for index, name in enumerate(header)}


def usual(cell, decimal, thousands):
    """A number with a point before its fraction."""
    if not re.fullmatch(r"[-+\d.,]+(e[-+]?\d+)?", cell):
        return cell
    return cell.replace(thousands, "").replace(decimal, ".") if thousands else cell.replace(decimal, ".")


def json_cells(path):
    text = opened(path).decode()
    rows = (
        json.loads(text)
        if text.lstrip().startswith("[")
        else [json.loads(line) for line in text.splitlines() if line.strip()]
    )
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def sheet_cells(path):
    header, *rows = openpyxl.load_workbook(path).worksheets[0].iter_rows(values_only=True)
    # NaN is a formula whose answer is an error.
    cell = lambda value: None if isinstance(value, str) and value.startswith("=#") else value
    return {name or "": [cell(row[index]) for row in rows] for index, name in enumerate(header)}


def run(command, **more):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, **more)
