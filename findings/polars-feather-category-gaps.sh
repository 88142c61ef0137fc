#!/usr/bin/env bash
# polars 2.1.0 does not read a Feather or Arrow file of pandas 3.1.1 (pyarrow 26.0.1) in which a categorical column has a gap:
# pandas keeps the code -1 for a missing category, pyarrow writes it below the gap's validity bit, where the Arrow format lets
# any value stand, and polars checks every key against the categories, those below gaps too. Without a gap, and from Parquet,
# which writes no key for a gap, the same column is read.
# A guess would be that two libraries over the same Arrow format exchange a categorical column in it.
# Exits with an error if what is seen has changed. Seen:
#   feather, no gap: ['a', 'b', 'b']
#   feather, gap: ComputeError: The dictionary key must fit in a `usize`, but -1 does not
#   parquet, gap: ['a', None, 'b']
#   feather, gap, pyarrow: ['a', None, 'b']
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pandas==3.1.1 pyarrow==26.0.1 polars==2.1.0
cd "$folder"
venv/bin/python - <<'PY'
import pandas as pd
import polars as pl
import pyarrow.feather as feather

pd.DataFrame({"c": pd.Categorical(["a", "b", "b"])}).to_feather("whole.feather")
gap = pd.DataFrame({"c": pd.Categorical(["a", None, "b"])})
gap.to_feather("gap.feather")
gap.to_parquet("gap.parquet")


def seen(read):
    try:
        return str(read())
    except pl.exceptions.ComputeError as error:
        return f"ComputeError: {error}"


for what, read, expected in [
    ("feather, no gap", lambda: pl.read_ipc("whole.feather")["c"].to_list(), "['a', 'b', 'b']"),
    (
        "feather, gap",
        lambda: pl.read_ipc("gap.feather")["c"].to_list(),
        "ComputeError: The dictionary key must fit in a `usize`, but -1 does not",
    ),
    ("parquet, gap", lambda: pl.read_parquet("gap.parquet")["c"].to_list(), "['a', None, 'b']"),
    ("feather, gap, pyarrow", lambda: feather.read_table("gap.feather")["c"].to_pylist(), "['a', None, 'b']"),
]:
    found = seen(read)
    print(f"{what}: {found}")
    assert found == expected, f"expected: {expected}"
PY
