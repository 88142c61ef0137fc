"""The scikit-learn program that `scripts/bench/tables.py` holds `lockstep fit` against.

    .venv/bin/python scripts/bench/tables_sklearn.py t.csv --target y --split-column part [--seed 0] [--model m.joblib]

Reads the CSV, fits SimpleImputer + StandardScaler, SimpleImputer + OneHotEncoder(handle_unknown="ignore") and an MLP on
the rows marked `train`, and prints the score of the rows marked `test` as JSON. Everything that scikit-learn's defaults
leave open between the two programs is set to lockstep's: layers 64 and 32, ReLU, Adam at 0.001, batches of 32, 100
epochs, no penalty, and for a number the scaled target. What stays scikit-learn's own: its initial weights (Glorot), its
shuffling, its arithmetic in float64.
"""

import argparse
import csv
import json
import warnings

import joblib
import numpy
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.metrics import accuracy_score, r2_score
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

MISSING = {"", "NA", "?"}
EPOCHS = 100


def number(cell):
    try:
        return float(cell)
    except ValueError:
        return None


def read(path, target, split_column):
    """X [n, columns] of objects, y [n], which rows are trained on, and which columns are numbers."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = [name for name in rows[0] if name not in (target, split_column)]
    columns = [[None if row[name] in MISSING else row[name] for row in rows] for name in names]
    numeric = [all(cell is None or number(cell) is not None for cell in column) for column in columns]
    x = numpy.empty((len(rows), len(names)), dtype=object)
    for index, (column, is_number) in enumerate(zip(columns, numeric)):
        x[:, index] = [numpy.nan if cell is None else number(cell) for cell in column] if is_number else column
    y = [row[target] for row in rows]
    is_number = all(number(cell) is not None for cell in y)
    y = numpy.array([number(cell) for cell in y]) if is_number else numpy.array(y)
    return x, y, numpy.array([row[split_column] == "train" for row in rows]), numpy.array(numeric)


def pipeline(numeric, regression, seed):
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    words = make_pipeline(
        SimpleImputer(missing_values=None, strategy="most_frequent"),
        OneHotEncoder(handle_unknown="ignore"),
    )
    columns = ColumnTransformer(
        [("numbers", numbers, numpy.flatnonzero(numeric)), ("words", words, numpy.flatnonzero(~numeric))],
        sparse_threshold=0,
    )
    # tol and n_iter_no_change: all epochs are run, as lockstep does without --early-stop.
    settings = dict(
        hidden_layer_sizes=(64, 32), activation="relu", solver="adam", learning_rate_init=0.001, batch_size=32,
        max_iter=EPOCHS, tol=0.0, n_iter_no_change=EPOCHS, alpha=0.0, random_state=seed,
    )  # fmt: skip
    if regression:
        return TransformedTargetRegressor(make_pipeline(columns, MLPRegressor(**settings)), transformer=StandardScaler())
    return make_pipeline(columns, MLPClassifier(**settings))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--target", required=True)
    parser.add_argument("--split-column", required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model")
    options = parser.parse_args()
    # All epochs being run is what was asked for.
    warnings.simplefilter("ignore", ConvergenceWarning)
    x, y, train, numeric = read(options.data, options.target, options.split_column)
    regression = y.dtype.kind == "f"
    model = pipeline(numeric, regression, options.seed).fit(x[train], y[train])
    predicted = model.predict(x[~train])
    score = r2_score(y[~train], predicted) if regression else accuracy_score(y[~train], predicted)
    if options.model:
        joblib.dump(model, options.model)
    mlp = (model.regressor_ if regression else model)[-1]
    print(json.dumps({"score": score, "epochs": mlp.n_iter_, "features": mlp.n_features_in_}))


if __name__ == "__main__":
    main()
