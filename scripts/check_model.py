"""Opens a model.pt of `lockstep run moons` in plain Python, as a colleague would, and checks what it promises."""

import copy
import json
import sys
import warnings

import torch
import torch.nn as nn


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


# torch 2.13 announces TorchScript's end at every call of its API, whatever the file; any other warning is an error.
warnings.filterwarnings("ignore", message="`torch.jit.[a-z]+` is (deprecated|not supported)")

extra = {"lockstep.json": ""}
model = torch.jit.load(sys.argv[1], _extra_files=extra)
about = json.loads(extra["lockstep.json"])
assert about["format"] == 1 and about["program"] == "moons", about

state = model.state_dict()
assert list(state) == ["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"], list(state)
net = Net(about["config"]["hidden"])
net.load_state_dict(state, strict=True)

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
print("model.pt: loads, equals Net to the bit, freezes, can be fine-tuned")
