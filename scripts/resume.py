"""Goes on in plain Python from a model.pt or checkpoint of `lockstep run moons`, and saves what lockstep goes on from.

    python scripts/resume.py runs/moons/model.pt --epochs 500 --save python.pt
    lockstep run moons --resume python.pt --epochs 1500

Needs torch, numpy and scikit-learn. On the processor, with the thread count of the run, every loss and weight has the bits
of a training that was never stopped: 500 epochs in Rust and 500 in Python are 1000 in either.

    python scripts/resume.py --begin --epochs 500 --save python.pt       the first epochs, in Python alone
    python scripts/resume.py --check python.pt runs/moons                two states, to the bit

--save FILE.pt is `torch.save` of a dict of state_dict()s. lockstep reads it without running anything: dicts, lists, numbers,
texts and tensors are taken, any other object is refused. --save-torchscript FILE.pt (only after a FILE of lockstep) is that
file with the new weights and state, for `lockstep verify`, `predict` and `--resume`.
"""

import argparse
import json
import os
import struct
import sys
import warnings

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import make_moons

# From 2.13 on torch announces TorchScript's end at every call of its API, whatever the file.
warnings.filterwarnings("ignore", message="`torch.jit.[a-z]+` is (deprecated|not supported)")
warnings.filterwarnings("ignore", message=".torch.load. received a zip file that looks like a TorchScript archive")

DTYPES = {"F32": torch.float32, "F64": torch.float64, "I64": torch.int64, "U8": torch.uint8}
EXTRA = ("lockstep.json", "training.safetensors", "check.safetensors")


class Net(nn.Module):
    """The tutorial's Net."""

    def __init__(self, hidden):
        super().__init__()
        self.fc1 = nn.Linear(2, hidden)
        self.fc2 = nn.Linear(hidden, 2)

    def forward(self, x):
        return self.fc2(torch.tanh(self.fc1(x)))

    def predict(self, x):
        logits = self.forward(x)
        return torch.where(logits[:, 0] > logits[:, 1], 0, 1)


def safetensors(content):
    """The format in a few lines: a length, a JSON header, the tensors' bytes."""
    (length,) = struct.unpack("<Q", content[:8])
    header, data = json.loads(content[8 : 8 + length]), content[8 + length :]
    header.pop("__metadata__", None)
    return {
        name: torch.frombuffer(bytearray(data[slice(*entry["data_offsets"])]), dtype=DTYPES[entry["dtype"]]).reshape(
            entry["shape"]
        )
        for name, entry in header.items()
    }


def to_safetensors(tensors):
    names = {dtype: name for name, dtype in DTYPES.items()}
    header, parts, at = {}, [], 0
    for name, tensor in tensors.items():
        part = tensor.detach().contiguous().numpy().tobytes()
        header[name] = {"dtype": names[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [at, at + len(part)]}
        parts.append(part)
        at += len(part)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(parts)


def resume(file):
    """The network, its optimizer, the generator and the losses as they were, and what the file says of itself."""
    extra = dict.fromkeys(EXTRA, "")
    model = torch.jit.load(file, _extra_files=extra)
    about, training = json.loads(extra["lockstep.json"]), safetensors(extra["training.safetensors"])
    net = Net(about["config"]["hidden"])
    net.load_state_dict(model.state_dict(), strict=True)
    optimizer = torch.optim.Adam(net.parameters(), lr=about["config"]["lr"])
    for name, parameter in net.named_parameters():
        state = {moment: training[f"optimizer.{moment}.{name}"] for moment in ("exp_avg", "exp_avg_sq")}
        optimizer.state[parameter] = {"step": training["optimizer.step"][0].to(torch.float32), **state}
    torch.set_rng_state(training["generator"])
    return net, optimizer, training["history.loss"].tolist(), about, (model, extra)


def begin(options):
    """The tutorial's program up to its loop."""
    np.random.seed(options.seed)
    torch.manual_seed(options.seed)
    config = {"samples": options.samples, "noise": options.noise, "hidden": options.hidden, "lr": options.lr}
    net = Net(options.hidden)
    return net, torch.optim.Adam(net.parameters(), lr=options.lr), [], {"seed": options.seed, "config": config}, None


def points(about):
    """make_moons draws from NumPy's generator, which nothing else uses."""
    np.random.seed(about["seed"])
    x, y = make_moons(about["config"]["samples"], noise=about["config"]["noise"])
    return torch.from_numpy(x).type(torch.FloatTensor), torch.from_numpy(y).type(torch.LongTensor)


def save_torchscript(path, net, optimizer, losses, about, source, x):
    model, extra = source
    model.load_state_dict(net.state_dict(), strict=True)
    training = {}
    for name, parameter in net.named_parameters():
        for moment in ("exp_avg", "exp_avg_sq"):
            training[f"optimizer.{moment}.{name}"] = optimizer.state[parameter][moment]
    training["optimizer.step"] = training["epoch"] = torch.tensor([len(losses)])
    training["generator"], training["history.loss"] = torch.get_rng_state(), torch.tensor(losses, dtype=torch.float32)
    about["config"]["epochs"], about["metrics"] = len(losses), {"loss": losses[-1]}
    check = {"x": safetensors(extra["check.safetensors"])["x"]}
    check["forward"], check["predict"] = net(check["x"]), net.predict(check["x"])
    files = (json.dumps(about).encode(), to_safetensors(training), to_safetensors(check))
    torch.jit.save(model, path, _extra_files=dict(zip(EXTRA, files)))


def state(file):
    """Weights, moments, steps, generator and losses of a file of either kind, or of a run folder's model.pt."""
    file = os.path.join(file, "model.pt") if os.path.isdir(file) else file
    try:
        saved = torch.load(file, weights_only=True)
        net, found = Net(len(saved["model"]["fc1.bias"])), dict(saved["model"])
        for index, (name, _) in enumerate(net.named_parameters()):
            for key, value in saved["optimizer"]["state"][index].items():
                found[f"{key}.{name}"] = value
        return {**found, "generator": saved["generator"], "losses": torch.tensor(saved["losses"])}
    except RuntimeError:
        net, optimizer, losses, _, _ = resume(file)
        found = dict(net.state_dict())
        for name, parameter in net.named_parameters():
            for key, value in optimizer.state[parameter].items():
                found[f"{key}.{name}"] = value
        return {**found, "generator": torch.get_rng_state(), "losses": torch.tensor(losses)}


def check(first, second):
    first, second = state(first), state(second)
    assert first.keys() == second.keys(), first.keys() ^ second.keys()
    for name, value in first.items():
        if not torch.equal(value, second[name]):
            sys.exit(f"{name}: differs")
    print(f"{len(first)} tensors and {len(first['losses'])} losses: equal to the bit")


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("file", nargs="?", help="a model.pt or checkpoint-<epoch>.pt of `lockstep run moons`")
parser.add_argument("--begin", action="store_true", help="start anew instead")
parser.add_argument("--check", nargs=2, metavar="FILE", help="compare two states and stop")
parser.add_argument("--epochs", type=int, default=500, help="how many more")
parser.add_argument("--save", metavar="FILE", help="for lockstep, by torch.save")
parser.add_argument("--save-torchscript", metavar="FILE", help="for lockstep, as its own file")
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--samples", type=int, default=200)
parser.add_argument("--noise", type=float, default=0.2)
parser.add_argument("--hidden", type=int, default=100)
parser.add_argument("--lr", type=float, default=0.01)
options = parser.parse_args()
torch.set_num_threads(options.threads)
if options.check:
    check(*options.check)
    sys.exit()
if (options.file is None) != options.begin:
    parser.error("expected a file to go on from, or --begin")

net, optimizer, losses, about, source = begin(options) if options.begin else resume(options.file)
x, y = points(about)
for _ in range(options.epochs):
    loss = nn.CrossEntropyLoss()(net(x), y)
    losses.append(loss.item())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"{len(losses)} epochs, loss {losses[-1]!r}")
if options.save:
    saved = {"model": net.state_dict(), "optimizer": optimizer.state_dict(), "generator": torch.get_rng_state()}
    torch.save({**saved, "epoch": len(losses), "losses": losses}, options.save)
if options.save_torchscript:
    if source is None:
        parser.error("--save-torchscript: needs a file of lockstep to go on from")
    save_torchscript(options.save_torchscript, net, optimizer, losses, about, source, x)
