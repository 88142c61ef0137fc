"""PyTorch as a peer of `scripts/bench/engines.py`, eager or compiled: trains one task, prints one line of JSON.

    python scripts/bench/peers/peer_torch.py moons-200.npz --epochs 1000 --setting eager-fused [--batch-size 256] [--until 0.9]
    python scripts/bench/peers/peer_torch.py moons-200.npz --choose eager-loop,eager-foreach,eager-fused

Settings: eager-loop, eager-foreach, eager-fused are torch.optim.Adam's three ways. compile-step compiles net and loss (and so
their backward pass) and, apart, the optimizer's step, as PyTorch's tutorial on compiled optimizers does. compile-whole is one
graph of everything: torch.func.grad_and_value and Adam on the parameters in place (fullgraph). -autotune: mode
max-autotune-no-cudagraphs; -graphs: mode reduce-overhead, CUDA graphs. Losses are not read until an epoch's end.
"""

import os

os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")  # no pool of compilers beside the run

import torch
from torch import nn
from torch.nn import functional

import workload as common

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8
MODES = {"": None, "-autotune": "max-autotune-no-cudagraphs", "-graphs": "reduce-overhead"}
EAGER = {"eager-loop": {"foreach": False}, "eager-foreach": {"foreach": True}, "eager-fused": {"fused": True}}
SETTINGS = (*EAGER, *(f"compile-{way}{mode}" for way in ("step", "whole") for mode in MODES))


class Net(nn.Module):
    def __init__(self, layers, activation):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(layers, layers[1:]))
        self.activation = getattr(torch, activation)

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = self.activation(layer(x))
        return self.layers[-1](x)


class Trainer:
    def __init__(self, workload, options, setting):
        self.device, self.seed = options.device, options.seed
        self.net = Net(workload.layers, workload.activation).to(self.device)
        self.parameters = list(self.net.parameters())
        self.initial = [torch.from_numpy(weight).to(self.device) for weight in workload.weights]
        classes = workload.layers[-1] > 1
        self.criterion = functional.cross_entropy if classes else functional.binary_cross_entropy_with_logits
        self.x, self.held_x = (torch.from_numpy(x).to(self.device) for x in (workload.x, workload.held_x))
        self.y, self.held_y = (torch.from_numpy(y).to(self.device) for y in (workload.y, workload.held_y))
        if not classes:
            self.y = self.y.to(torch.float32).unsqueeze(1)
        self.batch = options.batch_size
        self.lr = workload.lr
        self.prepare(setting)
        self.reset()

    def reset(self):
        torch.manual_seed(self.seed)
        with torch.no_grad():
            for parameter, weight in zip(self.parameters, self.initial):
                parameter.copy_(weight)
            for tensor in self.state():
                tensor.zero_()

    def epochs(self, count):
        losses = []
        for _ in range(count):
            losses.append(self.shuffled() if self.batch else self.step(self.x, self.y))
        return [loss.item() for loss in losses]

    def shuffled(self):
        order = torch.randperm(len(self.x), device=self.device)
        pairs = zip(self.x[order].split(self.batch), self.y[order].split(self.batch))
        total = torch.zeros((), device=self.device)
        for batches, (x, y) in enumerate(pairs, 1):
            total += self.step(x, y)
        return total / batches

    @torch.no_grad()
    def accuracy(self):
        output = self.net(self.held_x)
        label = output.argmax(1) if output.shape[1] > 1 else (output[:, 0] > 0).long()
        return (label == self.held_y).double().mean().item()

    def device_mb(self):
        return torch.cuda.max_memory_allocated() / common.MB if self.device == "cuda" else None


class Eager(Trainer):
    def prepare(self, setting):
        self.optimizer = torch.optim.Adam(self.parameters, lr=self.lr, **EAGER[setting])

    def state(self):
        return [tensor for state in self.optimizer.state.values() for tensor in state.values()]

    def step(self, x, y):
        loss = self.criterion(self.net(x), y)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.detach()


class CompiledStep(Eager):
    def prepare(self, setting):
        self.optimizer = torch.optim.Adam(self.parameters, lr=self.lr)
        how = {"mode": MODES[setting.removeprefix("compile-step")], "dynamic": False}
        self.loss = torch.compile(lambda x, y: self.criterion(self.net(x), y), fullgraph=True, **how)
        self.update = torch.compile(self.optimizer.step, **how)

    def step(self, x, y):
        loss = self.loss(x, y)
        self.optimizer.zero_grad()
        loss.backward()
        self.update()
        return loss.detach().clone()


class CompiledWhole(Trainer):
    def prepare(self, setting):
        mode = MODES[setting.removeprefix("compile-whole")]
        self.names = [name for name, _ in self.net.named_parameters()]
        self.parameters = [parameter.requires_grad_(False) for parameter in self.parameters]
        self.moments = [[torch.zeros_like(parameter) for parameter in self.parameters] for _ in range(2)]
        self.done = torch.zeros((), device=self.device)
        self.compiled = torch.compile(self.whole, mode=mode, fullgraph=True, dynamic=False)

    def state(self):
        return [self.done, *self.moments[0], *self.moments[1]]

    def whole(self, parameters, means, squares, done, x, y):
        def loss_of(parameters):
            return self.criterion(torch.func.functional_call(self.net, dict(zip(self.names, parameters)), x), y)

        gradients, loss = torch.func.grad_and_value(loss_of)(parameters)
        done += 1
        rate, root = self.lr / (1 - BETA1**done), torch.sqrt(1 - BETA2**done)
        for parameter, mean, square, gradient in zip(parameters, means, squares, gradients):
            mean.lerp_(gradient, 1 - BETA1)
            square.mul_(BETA2).addcmul_(gradient, gradient, value=1 - BETA2)
            parameter.sub_(rate * mean / (square.sqrt() / root + EPSILON))
        return loss

    @torch.no_grad()
    def step(self, x, y):
        return self.compiled(self.parameters, *self.moments, self.done, x, y).clone()


def kind(setting):
    return Eager if setting in EAGER else CompiledStep if setting.startswith("compile-step") else CompiledWhole


def main():
    options = common.arguments(__doc__, SETTINGS).parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        raise SystemExit("error: --device cuda: this PyTorch sees no CUDA device")
    torch.set_num_threads(options.threads)
    workload = common.Workload(options.workload)
    build = lambda setting: kind(setting)(workload, options, setting)
    common.measure(build, workload, options, {"torch": torch.__version__})


if __name__ == "__main__":
    main()
