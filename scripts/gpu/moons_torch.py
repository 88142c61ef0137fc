"""The tutorial's training in plain PyTorch, on any device and with each of Adam's ways, from the points of a moons.csv.

    python moons_torch.py moons.csv --seeds 0 [--device cuda] [--adam loop,foreach,fused] [--epochs 200] [--threads 1] [--out FILE]

Needs torch alone, so it runs where scikit-learn is missing. With `%` in the file's name each seed has a file of its own. --out
gets losses and weights of every seed and way, as JSON. With one seed and one way it is a program for scripts/record.py.
"""

import argparse
import csv
import json

import torch
from torch import nn

ADAM = {"loop": {"foreach": False}, "foreach": {"foreach": True}, "fused": {"fused": True}}


class Net(nn.Module):
    """The tutorial's."""

    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(2, 100)
        self.fc2 = nn.Linear(100, 2)

    def forward(self, x):
        return self.fc2(torch.tanh(self.fc1(x)))


def points(path):
    with open(path, newline="") as file:
        rows = [(float(row["x1"]), float(row["x2"]), int(row["y"])) for row in csv.DictReader(file)]
    return torch.tensor([row[:2] for row in rows], dtype=torch.float64).float(), torch.tensor([row[2] for row in rows])


def train(path, seed, adam, options):
    torch.manual_seed(seed)
    x, y = (tensor.to(options.device) for tensor in points(path))
    net = Net().to(options.device)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01, **ADAM[adam])
    losses = []
    for _ in range(options.epochs):
        loss = criterion(net(x), y)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    weights = {name: value.cpu().flatten().tolist() for name, value in net.state_dict().items()}
    return {"seed": seed, "adam": adam, "losses": losses, "weights": weights}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("points")
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--adam", default="foreach")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--epochs", type=int, default=200)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    runs = [
        train(options.points.replace("%", seed), int(seed), adam, options)
        for seed in options.seeds.split(",")
        for adam in options.adam.split(",")
    ]
    if options.out:
        with open(options.out, "w") as file:
            json.dump(runs, file)


if __name__ == "__main__":
    main()
