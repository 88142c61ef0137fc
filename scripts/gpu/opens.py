"""Opens a model.pt of `lockstep run moons` as a colleague would, on any device, and holds its answers against `predict`'s.

    python opens.py model.pt moons.csv answers.csv [--device cuda]
"""

import argparse
import csv

import torch

from moons_torch import points

# Of probabilities, absolute: answers.csv may come from the other device.
BOUND = 1e-5


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("points")
    parser.add_argument("answers")
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    model = torch.jit.load(options.model, map_location=options.device)
    x, y = (tensor.to(options.device) for tensor in points(options.points))
    with open(options.answers, newline="") as file:
        rows = [(float(row["probability_0"]), float(row["probability_1"])) for row in csv.DictReader(file)]
    answers = torch.tensor(rows, dtype=torch.float64).float().to(options.device)
    with torch.no_grad():
        far = (model(x).softmax(1) - answers).abs().max().item()
        other = (model.predict(x) != answers.argmax(1)).sum().item()
    parameters = list(model.parameters())
    places = {parameter.device.type for parameter in parameters}
    optimizer = torch.optim.Adam(parameters, lr=0.01)
    losses = []
    for _ in range(20):
        loss = torch.nn.functional.cross_entropy(model(x), y)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    wrong = [
        text
        for true, text in (
            (far <= BOUND, f"answers are {far:.1e} from those of predict, more than {BOUND}"),
            (other == 0, f"{other} rows have another class"),
            (places == {torch.device(options.device).type}, f"the parameters are on {places}"),
            (losses[-1] < losses[0], f"20 steps of fine-tuning took the loss from {losses[0]} to {losses[-1]}"),
        )
        if not true
    ]
    if wrong:
        raise SystemExit("error: " + "; ".join(wrong))
    print(f"answers {far:.1e} from predict's, fine-tuned from loss {losses[0]:.4f} to {losses[-1]:.4f}")


if __name__ == "__main__":
    main()
