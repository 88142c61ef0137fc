"""Regression with an MLP; the last column of the CSV files is the target.

    python usual_regression.py train.csv valid.csv OUT
"""
import json
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn, optim
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader, TensorDataset

SEED = 1
EPOCHS = 20
BATCH_SIZE = 64

torch.manual_seed(SEED)


class Net(nn.Module):
    def __init__(self, n_in):
        super(Net, self).__init__()
        self.layers = nn.Sequential(
            nn.Linear(n_in, 50),
            nn.Tanh(),
            nn.Linear(50, 20),
            nn.Tanh(),
            nn.Linear(20, 1),
        )

    def forward(self, x):
        return self.layers(x)


train_csv, valid_csv, out = sys.argv[1:4]
train_data = np.loadtxt(train_csv, delimiter=",", skiprows=1)
valid_data = np.loadtxt(valid_csv, delimiter=",", skiprows=1)

# standardize with the statistics of the training set
mu, sigma = train_data.mean(axis=0), train_data.std(axis=0)
train_data = torch.from_numpy((train_data - mu) / sigma).float()
valid_data = torch.from_numpy((valid_data - mu) / sigma).float()
x_train, y_train = train_data[:, :-1], train_data[:, -1:]
x_valid, y_valid = valid_data[:, :-1], valid_data[:, -1:]

loader = DataLoader(TensorDataset(x_train, y_train), batch_size=BATCH_SIZE, shuffle=True)

net = Net(x_train.shape[1])
loss_fn = nn.MSELoss()
optimizer = optim.SGD(net.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)
scheduler = StepLR(optimizer, step_size=8, gamma=0.5)

losses = []
for epoch in range(EPOCHS):
    net.train()
    epoch_loss = 0.0
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = loss_fn(net(xb), yb)
        loss.backward()
        optimizer.step()
        epoch_loss += loss.item() * len(xb)
    scheduler.step()
    losses.append(epoch_loss / len(loader.dataset))

net.eval()
with torch.no_grad():
    mse = loss_fn(net(x_valid), y_valid).item()
print(f"validation MSE {mse:.4f} (scaled)")

Path(out).mkdir(parents=True, exist_ok=True)
Path(out, "losses.json").write_text(json.dumps({"train": losses}))
torch.save(net.state_dict(), Path(out, "model.pt"))
