"""Opens a model.pt of `lockstep run moons` in plain Python, as a colleague would, and checks what it promises.

    python -W error::DeprecationWarning scripts/check_model.py runs/moons/model.pt [--threads 1]

Repeats the training in Python with the file's own seed and settings: weights, Adam's moments and the generator's
state must be equal to the bit, so give it the thread count of the run.
"""

import argparse
import copy
import json
import struct
import warnings

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import make_moons


class Net(nn.Module):
    """The tutorial's Net."""

    def __init__(self, hidden):
        super().__init__()
        self.fc1 = nn.Linear(2, hidden)
        self.fc2 = nn.Linear(hidden, 2)

    def forward(self, x):
        return self.fc2(torch.tanh(self.fc1(x)))

    def predict(self, x):
        return torch.tensor([0 if t[0] > t[1] else 1 for t in self.forward(x)])


def safetensors(content):
    """The format in a few lines: a length, a JSON header, the tensors' bytes."""
    dtypes = {"F32": torch.float32, "F64": torch.float64, "I64": torch.int64, "U8": torch.uint8}
    (length,) = struct.unpack("<Q", content[:8])
    header, data = json.loads(content[8 : 8 + length]), content[8 + length :]
    header.pop("__metadata__", None)
    return {
        name: torch.frombuffer(bytearray(data[slice(*entry["data_offsets"])]), dtype=dtypes[entry["dtype"]]).reshape(
            entry["shape"]
        )
        for name, entry in header.items()
    }


def retrain(about):
    """The tutorial's program up to the last step; the net, its optimizer, the generator's state."""
    config = about["config"]
    np.random.seed(about["seed"])
    torch.manual_seed(about["seed"])
    x, y = make_moons(config["samples"], noise=config["noise"])
    x, y = torch.from_numpy(x).type(torch.FloatTensor), torch.from_numpy(y).type(torch.LongTensor)
    net = Net(config["hidden"])
    optimizer = torch.optim.Adam(net.parameters(), lr=config["lr"])
    for _ in range(config["epochs"]):
        loss = nn.CrossEntropyLoss()(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return x, net, optimizer, torch.get_rng_state()


# From 2.13 on torch announces TorchScript's end at every call of its API, whatever the file; any other warning is an error.
warnings.filterwarnings("ignore", message="`torch.jit.[a-z]+` is (deprecated|not supported)")

parser = argparse.ArgumentParser()
parser.add_argument("model")
parser.add_argument("--threads", type=int, default=1)
options = parser.parse_args()
torch.set_num_threads(options.threads)

extra = {"lockstep.json": "", "training.safetensors": "", "check.safetensors": ""}
model = torch.jit.load(options.model, _extra_files=extra)
about = json.loads(extra["lockstep.json"])
assert about["format"] == 2 and about["program"] == "moons", about

state = model.state_dict()
assert list(state) == ["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"], list(state)
samples, net, optimizer, generator = retrain(about)
for name, value in net.state_dict().items():
    assert torch.equal(state[name], value), f"{name}: differs from Python's"
net.load_state_dict(state, strict=True)

training = safetensors(extra["training.safetensors"])
assert training["epoch"].item() == about["config"]["epochs"], training["epoch"]
assert torch.equal(training["generator"], generator), "the generator's state differs from Python's"
for name, parameter in net.named_parameters():
    for moment in ("exp_avg", "exp_avg_sq"):
        ours, theirs = training[f"optimizer.{moment}.{name}"], optimizer.state[parameter][moment]
        assert torch.equal(ours, theirs), f"{moment} of {name}: differs from Python's"
    assert training["optimizer.step"].item() == optimizer.state[parameter]["step"].item()

check = safetensors(extra["check.safetensors"])
assert torch.equal(check["x"], samples[: len(check["x"])]), "check.x: not the first samples"
assert torch.equal(check["forward"], net(check["x"])), "check.forward: differs"
assert torch.equal(check["predict"], net.predict(check["x"])), "check.predict: differs"

torch.manual_seed(0)
x = torch.randn(500, 2)
assert torch.equal(model(x), net(x)), "forward differs"
assert torch.equal(model.predict(x), net.predict(x)), "predict differs"
assert torch.equal(torch.jit.freeze(model)(x), net(x)), "frozen forward differs"

before = copy.deepcopy(state)
assert all(parameter.requires_grad for parameter in model.parameters())
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
nn.functional.cross_entropy(model(x), net.predict(x)).backward()
optimizer.step()
assert all(not torch.equal(before[name], value) for name, value in model.state_dict().items()), "nothing was trained"
print("model.pt: loads, equals Net to the bit, moments and generator too, freezes, can be fine-tuned")
