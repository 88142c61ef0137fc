"""What `lockstep preprocess` does, as one writes it in pandas and scikit-learn; the peer of preprocess.py.

    python preprocess_pandas.py TABLE --target price [--seed 0] [--engine c|pyarrow] -o FOLDER

The rows are divided 60/20/20 by `np.random.RandomState(seed).permutation`, as lockstep divides them; what the columns
need is fitted on the training rows; train.parquet, valid.parquet and test.parquet hold float32 features and the target,
their rows in the order drawn. The columns' types are named, as by a user who knows the table; of str, object and category
the last is the fastest for the columns of text, and takes the least memory.
"""

import argparse
import math
import pathlib

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

NUMBERS = ["area", "rooms", "age", "income", "distance", "rating"]
TEXTS = ["city", "kind"]


def read(path, target, engine):
    types = dict.fromkeys([*NUMBERS, target], "float64") | dict.fromkeys(TEXTS, "category")
    return pd.read_csv(path, usecols=[*NUMBERS, *TEXTS, target], dtype=types, engine=engine)


def parts(rows, seed):
    """The rows of each part, in the order drawn."""
    order = np.random.RandomState(seed).permutation(rows)
    test = valid = math.ceil(0.2 * rows - 1e-9)
    return {"train": order[test + valid :], "valid": order[test : test + valid], "test": order[:test]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", metavar="TABLE")
    parser.add_argument("--target", required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--engine", default="c", choices=["c", "pyarrow"])
    parser.add_argument("-o", "--out", required=True, type=pathlib.Path)
    options = parser.parse_args()
    data = read(options.table, options.target, options.engine)
    rows = parts(len(data), options.seed)
    numbers = make_pipeline(SimpleImputer(strategy="mean"), StandardScaler())
    texts = make_pipeline(
        SimpleImputer(strategy="most_frequent", missing_values=np.nan),
        OneHotEncoder(sparse_output=False, dtype=np.float32),
    )
    columns = ColumnTransformer([("number", numbers, NUMBERS), ("text", texts, TEXTS)])
    train = data.iloc[rows["train"]]
    columns.fit(train[[*NUMBERS, *TEXTS]])
    categories = columns.named_transformers_["text"][-1].categories_
    names = NUMBERS + [f"{text}={value}" for text, values in zip(TEXTS, categories) for value in values]
    options.out.mkdir(parents=True, exist_ok=True)
    for name, chosen in rows.items():
        part = data.iloc[chosen]
        features = columns.transform(part[[*NUMBERS, *TEXTS]]).astype(np.float32)
        frame = pd.DataFrame(features, columns=names)
        frame[options.target] = part[options.target].to_numpy()
        # zstd at level 3 is what lockstep writes.
        frame.to_parquet(options.out / f"{name}.parquet", index=False, compression="zstd", compression_level=3)


if __name__ == "__main__":
    main()
