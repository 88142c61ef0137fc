"""Opens a model.pt of `lockstep fit` in plain Python and reproduces `lockstep predict` from the raw table.

    python scripts/check_table_model.py MODEL TABLE.csv PREDICTIONS.csv

Nothing of lockstep is imported: the file says itself which columns it takes, in which order, and what means "missing".
"""

import csv
import datetime
import json
import math
import sys
import warnings

import torch

warnings.filterwarnings("ignore", message="`torch.jit.[a-z]+` is (deprecated|not supported)")
model_file, table_file, predictions_file = sys.argv[1:]
extra = {"lockstep.json": ""}
model = torch.jit.load(model_file, _extra_files=extra)
about = json.loads(extra["lockstep.json"])
inputs, missing = about["table"]["inputs"], set(about["table"]["na"])
numbers = [column["name"] for column in inputs["numbers"]]
dates = [column["name"] for column in inputs["dates"]]
categories = [column["name"] for column in inputs["categories"]]
assert about["schema"]["features"] == numbers + dates + categories

with open(table_file, newline="") as file:
    rows = list(csv.DictReader(file))
number = lambda cell: math.nan if cell in missing else float(cell)
text = lambda cell: "" if cell in missing else cell
epoch = datetime.datetime(1970, 1, 1)
seconds = lambda cell: math.nan if cell in missing else (datetime.datetime.fromisoformat(cell) - epoch).total_seconds()
x = [[number(row[name]) for name in numbers] + [seconds(row[name]) for name in dates] for row in rows]
x = torch.tensor(x, dtype=torch.float64).reshape(len(rows), -1)
strings = [[text(row[name]) for name in categories] for row in rows]

with open(predictions_file, newline="") as file:
    predictions = list(csv.DictReader(file))
assert len(predictions) == len(rows)
answers = model.predict_table(x, strings)
raw = torch.cat([x, model.codes(strings).double()], 1)
if about["classes"] is None:
    for answer, row in zip(answers.tolist(), predictions):
        assert answer == float(row["prediction"]), (answer, row)
else:
    assert answers == [row["prediction"] for row in predictions], "the labels differ"
    logits = model(raw).double()
    probabilities = logits.softmax(1) if logits.shape[1] > 1 else torch.cat([1 - logits.sigmoid(), logits.sigmoid()], 1)
    for column, name in enumerate(about["classes"]):
        found = torch.tensor([float(row[f"probability_{name}"]) for row in predictions], dtype=torch.float64)
        assert torch.allclose(found, probabilities[:, column], rtol=1e-12, atol=1e-12), f"probability_{name} differs"
assert all(parameter.requires_grad for parameter in model.parameters())
print(f"{model_file}: {len(rows)} rows from raw cells, the same answers as `lockstep predict`")
