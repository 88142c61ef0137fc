#!/usr/bin/env python3
"""What recording costs: the tutorial's training loop without and with scripts/record.py, and `lockstep run moons` without and
with --record, in alternation.

    .venv/bin/python scripts/bench/record.py [--rounds 15] [--steps 500] [--threads 1]

Prints the median microseconds of a step, and the ratio; then the size of a record.
"""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import make_moons

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')
sys.path.insert(0, os.path.join(ROOT, 'scripts'))
from record import record  # noqa: E402


class Net(nn.Module):
    """The tutorial's."""

    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(2, 100)
        self.fc2 = nn.Linear(100, 2)

    def forward(self, x):
        return self.fc2(torch.tanh(self.fc1(x)))


def train(steps, file=None):
    """Seconds of a step of the loop, recorded or not."""
    torch.manual_seed(0)
    np.random.seed(0)
    points, labels = make_moons(200, noise=0.2)
    x, y = torch.from_numpy(points).float(), torch.from_numpy(labels)
    model, criterion = Net(), nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)

    def loop():
        losses = []
        for _ in range(steps):
            loss = criterion(model(x), y)
            losses.append(loss.item())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    start = time.perf_counter()
    if file is None:
        loop()
    else:
        with record(model, optimizer, file):
            loop()
    return (time.perf_counter() - start) / steps


def moons(lockstep, folder, steps, threads, file=None):
    """Seconds of a step of `lockstep run moons`, the whole process."""
    command = [lockstep, 'run', 'moons', '--epochs', str(steps), '--threads', str(threads), '--device', 'cpu', '--quiet',
               '--out', os.path.join(folder, 'moons')]
    start = time.perf_counter()
    subprocess.run(command + (['--record', file] if file else []), check=True)
    return (time.perf_counter() - start) / steps


def main():
    parser = argparse.ArgumentParser(description='What recording costs.')
    parser.add_argument('--rounds', type=int, default=15)
    parser.add_argument('--steps', type=int, default=500)
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--lockstep', default=os.path.join(ROOT, 'target/release/lockstep'))
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    times = {'PyTorch': [], 'PyTorch, recorded': [], 'run moons': [], 'run moons, recorded': []}
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, 'a.record')
        train(50), train(50, file)
        for _ in range(args.rounds):
            times['PyTorch'].append(train(args.steps))
            times['PyTorch, recorded'].append(train(args.steps, file))
            times['run moons'].append(moons(args.lockstep, folder, args.steps, args.threads))
            times['run moons, recorded'].append(moons(args.lockstep, folder, args.steps, args.threads, file))
        size = os.path.getsize(file) / args.steps
    middle = {name: statistics.median(all_) * 1e6 for name, all_ in times.items()}
    for name, micros in middle.items():
        print(f'{name:22} {micros:8.0f} us a step')
    print(f"recorded / not: PyTorch {middle['PyTorch, recorded'] / middle['PyTorch']:.2f}, "
          f"run moons {middle['run moons, recorded'] / middle['run moons']:.2f}; {size / 1024:.1f} KB a step")


if __name__ == '__main__':
    main()
