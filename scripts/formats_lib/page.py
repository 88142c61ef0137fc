"""The table of types in data/formats.md, made of what was checked."""

import re

BEGIN, END = "<!-- formats:types -->", "<!-- /formats -->"
FORMATS = ["Parquet", "Arrow", "CSV", "JSON", "xlsx"]
WORDS = {
    "integer": "whole number",
    "bool": "truth value",
    "bytes": "refused",
    "infinite": "number",
    "datetime": "time",
    "empty": "empty",
}


def family(format):
    return next(name for name in FORMATS if name in format)


def rows(tables, is_open):
    """Type, then for each format what the writers' columns are read as."""
    found = {}
    for table in tables:
        for name, label in table.labels.items() if table.shown else []:
            label = f"{label} (R)" if table.writer == "R" else label
            kind = table.truths[name].kind
            word = WORDS.get(kind, kind) + (" (open)" if is_open(table, name) else "")
            found.setdefault(label, {}).setdefault(family(table.format), {}).setdefault(word, []).append(table.writer)
    return found


def cell(words):
    if not words:
        return "–"
    if len(words) == 1:
        return next(iter(words))
    most = max(words, key=lambda word: len(words[word]))
    others = [f"{', '.join(dict.fromkeys(writers))}: {word}" for word, writers in words.items() if word != most]
    return "; ".join([most, *others])


def text(tables, is_open, versions):
    lines = [f"Written by {versions}.", "", "| type | " + " | ".join(FORMATS) + " |", "|---" * (len(FORMATS) + 1) + "|"]
    for label, formats in rows(tables, is_open).items():
        lines.append("| " + " | ".join([label, *(cell(formats.get(name)) for name in FORMATS)]) + " |")
    return "\n".join([BEGIN, *lines, END])


def replaced(page, block):
    return re.sub(f"{BEGIN}.*{END}", lambda _: block, page, flags=re.DOTALL)
