"""Trains a classifier on two CSV files whose last column is the class.

    python usual_classifier.py train.csv valid.csv --out runs/classifier
"""
import argparse
import csv
import json
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


class Net(nn.Module):
    def __init__(self, n_features, n_classes, dropout=0.3):
        super().__init__()
        self.fc1 = nn.Linear(n_features, 64)
        self.bn1 = nn.BatchNorm1d(64)
        self.fc2 = nn.Linear(64, 32)
        self.bn2 = nn.BatchNorm1d(32)
        self.out = nn.Linear(32, n_classes)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        x = self.dropout(F.relu(self.bn1(self.fc1(x))))
        x = self.dropout(F.relu(self.bn2(self.fc2(x))))
        return self.out(x)


def read_csv(path):
    with open(path) as f:
        rows = list(csv.reader(f))[1:]
    return np.array([row[:-1] for row in rows], dtype=float), [row[-1] for row in rows]


def train(model, loader, criterion, optimizer):
    model.train()
    running_loss, n = 0.0, 0
    for inputs, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(inputs), labels)
        loss.backward()
        optimizer.step()
        running_loss += loss.item() * inputs.size(0)
        n += inputs.size(0)
    return running_loss / n


@torch.no_grad()
def evaluate(model, loader, criterion):
    model.eval()
    total_loss, correct = 0.0, 0
    for inputs, labels in loader:
        outputs = model(inputs)
        total_loss += criterion(outputs, labels).item() * inputs.size(0)
        correct += (outputs.argmax(dim=1) == labels).sum().item()
    n = len(loader.dataset)
    return total_loss / n, correct / n


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("train")
    parser.add_argument("valid")
    parser.add_argument("--out", default="runs/classifier")
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=42)
    args = parser.parse_args()
    torch.manual_seed(args.seed)

    x_train, train_names = read_csv(args.train)
    x_valid, valid_names = read_csv(args.valid)
    mean, std = x_train.mean(axis=0), x_train.std(axis=0)
    classes = sorted(set(train_names))
    label = {name: i for i, name in enumerate(classes)}

    def dataset(x, names):
        x = torch.tensor((x - mean) / std, dtype=torch.float32)
        return TensorDataset(x, torch.tensor([label[name] for name in names]))

    train_loader = DataLoader(dataset(x_train, train_names), batch_size=args.batch_size, shuffle=True, drop_last=True)
    valid_loader = DataLoader(dataset(x_valid, valid_names), batch_size=args.batch_size)

    model = Net(x_train.shape[1], len(classes))
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)

    history = {"train": [], "valid": []}
    for epoch in range(1, args.epochs + 1):
        train_loss = train(model, train_loader, criterion, optimizer)
        valid_loss, accuracy = evaluate(model, valid_loader, criterion)
        history["train"].append(train_loss)
        history["valid"].append(valid_loss)
        print(f"epoch {epoch:3d}  train {train_loss:.4f}  valid {valid_loss:.4f}  accuracy {accuracy:.3f}")

    os.makedirs(args.out, exist_ok=True)
    with open(os.path.join(args.out, "losses.json"), "w") as f:
        json.dump(history, f)
    torch.save(model.state_dict(), os.path.join(args.out, "model.pt"))


if __name__ == "__main__":
    main()
