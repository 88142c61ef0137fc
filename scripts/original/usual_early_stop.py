"""Binary classification with gradient clipping and early stopping. The last column of the CSV files is 0 or 1.

    python usual_early_stop.py train.csv valid.csv OUT
"""
import copy
import csv
import json
import os
import sys

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


class CsvDataset(Dataset):
    def __init__(self, path, mean=None, std=None):
        with open(path, newline="") as f:
            data = np.array(list(csv.reader(f))[1:], dtype=np.float64)
        x = data[:, :-1]
        self.mean = x.mean(axis=0) if mean is None else mean
        self.std = x.std(axis=0) if std is None else std
        self.x = torch.tensor((x - self.mean) / self.std, dtype=torch.float32)
        self.y = torch.tensor(data[:, -1:], dtype=torch.float32)

    def __len__(self):
        return len(self.x)

    def __getitem__(self, index):
        return self.x[index], self.y[index]


class Classifier(nn.Module):
    def __init__(self, in_features, hidden=48, p=0.2):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(in_features, hidden), nn.ReLU(), nn.Dropout(p),
            nn.Linear(hidden, hidden), nn.ReLU(), nn.Dropout(p),
            nn.Linear(hidden, 1),
        )

    def forward(self, x):
        return self.net(x)


def run_epoch(model, loader, criterion, optimizer=None, max_norm=1.0):
    training = optimizer is not None
    model.train(training)
    total = 0.0
    with torch.set_grad_enabled(training):
        for x, y in loader:
            loss = criterion(model(x), y)
            if training:
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), max_norm)
                optimizer.step()
            total += loss.item() * x.size(0)
    return total / len(loader.dataset)


def main(train_path, valid_path, out, epochs=100, patience=5):
    torch.manual_seed(7)
    train_set = CsvDataset(train_path)
    valid_set = CsvDataset(valid_path, train_set.mean, train_set.std)
    train_loader = DataLoader(train_set, batch_size=24, shuffle=True)
    valid_loader = DataLoader(valid_set, batch_size=100, shuffle=False)

    model = Classifier(train_set.x.shape[1])
    criterion = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)

    best_loss, best_state, bad_epochs = float("inf"), None, 0
    history = {"train": [], "valid": []}
    for epoch in range(epochs):
        history["train"].append(run_epoch(model, train_loader, criterion, optimizer))
        valid_loss = run_epoch(model, valid_loader, criterion)
        history["valid"].append(valid_loss)
        if valid_loss < best_loss:
            best_loss, bad_epochs = valid_loss, 0
            best_state = copy.deepcopy(model.state_dict())
        else:
            bad_epochs += 1
            if bad_epochs >= patience:
                print(f"early stopping after epoch {epoch + 1}")
                break
    model.load_state_dict(best_state)

    os.makedirs(out, exist_ok=True)
    with open(os.path.join(out, "losses.json"), "w") as f:
        json.dump(history, f)
    torch.save(model.state_dict(), os.path.join(out, "model.pt"))


if __name__ == "__main__":
    main(*sys.argv[1:4])
