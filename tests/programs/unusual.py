"""Small trainings, each with something in it that is not plain: a recorder must leave every one as it is.

python unusual.py prints their names, python unusual.py NAME... runs those. Each prints its name, its last loss, and checksums of
its weights and of the generator's state, which no recorder may move (tests/it/record_programs.rs).
"""
import copy
import hashlib
import io
import multiprocessing
import os
import sys
import threading
import warnings

import torch
from torch import nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

PROGRAMS = {}


def program(function):
    PROGRAMS[function.__name__] = function
    return function


def checksum(tensors):
    parts = [t.detach().to_dense().contiguous().numpy().tobytes() for t in tensors]
    return hashlib.sha256(b''.join(parts)).hexdigest()[:16]


def table(rows=32):
    x = torch.randn(rows, 4)
    return x, (x.sum(1) > 0).long()


def network():
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 2))


def fit(model, x, y, steps=3, optimizer=None, parameters=None):
    """The plain loop."""
    optimizer = optimizer or torch.optim.Adam(list(parameters or model.parameters()), lr=0.01)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
    return loss, list(model.parameters())


@program
def compiled():
    model = network()
    return fit(torch.compile(model, backend='eager'), *table())


@program
def compiled_step():
    model, (x, y) = network(), table()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    @torch.compile(backend='eager')
    def step(x, y):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    for _ in range(3):
        loss = step(x, y)
    return loss, model.parameters()


@program
def functional():
    from torch.func import functional_call, grad_and_value
    model, (x, y) = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2)), table()
    parameters = {name: p.detach().clone() for name, p in model.named_parameters()}
    loss_of = grad_and_value(lambda parameters: F.cross_entropy(functional_call(model, parameters, (x,)), y))
    for _ in range(3):
        grads, loss = loss_of(parameters)
        parameters = {name: p - 0.1 * grads[name] for name, p in parameters.items()}
    return loss, parameters.values()


@program
def per_sample():
    from torch.func import functional_call, grad, vmap
    model, (x, y) = nn.Linear(4, 2), table()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    loss_of = lambda parameters, row, label: F.cross_entropy(functional_call(model, parameters, (row,)), label)  # noqa: E731
    for _ in range(3):
        grads = vmap(grad(loss_of), in_dims=(None, 0, 0))(dict(model.named_parameters()), x, y)
        for name, p in model.named_parameters():
            p.grad = grads[name].clamp(-0.5, 0.5).mean(0)
        optimizer.step()
    return F.cross_entropy(model(x), y), model.parameters()


@program
def traced():
    model, (x, y) = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2)), table()
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        return fit(torch.jit.trace(model, x), x, y)


@program
def inference():
    model, (x, y) = network(), table()
    for _ in range(2):
        loss, parameters = fit(model, x, y)
        model.eval()
        with torch.inference_mode():
            scored = nn.CrossEntropyLoss()(model(x), y)
        model.train()
    return loss + scored.item(), parameters


@program
def lazy():
    model = nn.Sequential(nn.LazyLinear(8), nn.LazyBatchNorm1d(), nn.ReLU(), nn.LazyLinear(2))
    x, y = table()
    model(x)
    return fit(model, x, y)


@program
def lazy_late():
    """The first pass comes after the optimizer."""
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.LazyLinear(2))
    return fit(model, *table(), optimizer=torch.optim.SGD(model.parameters(), lr=0.1))


@program
def tied():
    model = nn.Module()
    model.embed, model.mix, model.head = nn.Embedding(10, 8), nn.Linear(8, 8), nn.Linear(8, 10, bias=False)
    model.head.weight = model.embed.weight
    model.again = model.mix
    model.forward = lambda words: model.head(model.again(torch.tanh(model.mix(model.embed(words)))))
    return fit(model, torch.arange(10), torch.arange(10).roll(1))


@program
def cycle():
    """A part that holds the whole."""
    model = network()
    model[0].owner = model
    return fit(model, *table())


@program
def left_early(workers=0):
    model, (x, y) = network(), table(40)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    loader = DataLoader(TensorDataset(x, y), batch_size=8, shuffle=True, num_workers=workers)
    for _ in range(2):
        for batch, (xb, yb) in enumerate(loader):
            if batch == 2:
                break
            loss, parameters = fit(model, xb, yb, 1, optimizer)
    return loss, parameters


@program
def left_early_workers():
    return left_early(workers=2)


@program
def teacher():
    frozen, model, (x, _) = network().eval(), network(), table()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(3):
        with torch.no_grad():
            wanted = frozen(x).softmax(1)
        loss = nn.KLDivLoss(reduction='batchmean')(model(x).log_softmax(1), wanted)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss, model.parameters()


@program
def gan():
    maker, judge, (x, _) = nn.Linear(2, 4), nn.Sequential(nn.Linear(4, 8), nn.LeakyReLU(), nn.Linear(8, 1)), table()
    optimizers = [torch.optim.Adam(model.parameters(), lr=0.01) for model in (maker, judge)]
    for _ in range(3):
        made = maker(torch.randn(32, 2))
        says = lambda x, real: F.binary_cross_entropy_with_logits(judge(x), torch.full((32, 1), real))  # noqa: E731
        optimizers[1].zero_grad()
        (says(x, 1.0) + says(made.detach(), 0.0)).backward()
        optimizers[1].step()
        optimizers[0].zero_grad()
        loss = says(made, 1.0)
        loss.backward()
        optimizers[0].step()
    return loss, [*maker.parameters(), *judge.parameters()]


@program
def penalty():
    """A gradient that is part of the loss."""
    model, (x, _) = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1)), table()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(3):
        x.requires_grad_()
        slope, = torch.autograd.grad(model(x).sum(), x, create_graph=True)
        loss = (slope.norm(dim=1) - 1).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss, model.parameters()


@program
def closure():
    model, (x, y) = nn.Linear(4, 2), table()
    optimizer = torch.optim.LBFGS(model.parameters(), lr=0.5, max_iter=4)

    def evaluate():
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        return loss

    for _ in range(3):
        loss = optimizer.step(evaluate)
    return loss, model.parameters()


@program
def sparse():
    model = nn.Sequential(nn.Embedding(10, 4, sparse=True), nn.Linear(4, 10))
    optimizers = [torch.optim.SparseAdam(model[0].parameters(), lr=0.1), torch.optim.SGD(model[1].parameters(), lr=0.1)]
    words = torch.tensor([1, 3, 3, 7])
    for _ in range(3):
        loss = F.cross_entropy(model(words), words + 1)
        model.zero_grad()
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
    return fit(model, words, words + 1, optimizer=torch.optim.SGD(model.parameters(), lr=0.1))


@program
def complex_numbers():
    class Rotation(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.randn(4, 2, dtype=torch.complex64))

        def forward(self, x):
            return (x.to(torch.complex64) @ self.weight.conj()).abs()
    model = Rotation()
    return fit(model, *table(), optimizer=torch.optim.SGD(model.parameters(), lr=0.1))


@program
def nested():
    model = nn.Linear(4, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    rows = torch.nested.nested_tensor([torch.randn(2, 4), torch.randn(3, 4)], layout=torch.jagged)
    for _ in range(3):
        optimizer.zero_grad()
        loss = model(rows).values().square().mean()
        loss.backward()
        optimizer.step()
    return loss, model.parameters()


@program
def checkpointed():
    from torch.utils.checkpoint import checkpoint
    blocks, (x, y) = nn.ModuleList([nn.Linear(4, 4) for _ in range(3)] + [nn.Linear(4, 2)]), table()

    def forward(x):
        for number, block in enumerate(blocks):
            x = checkpoint(lambda x, block=block: F.dropout(block(x), 0.1).tanh(), x, use_reentrant=number == 1)
        return x
    blocks.forward = forward
    return fit(blocks, x, y)


@program
def counted():
    """A mode that sees every operation of a step sees those of the program alone."""
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils.flop_counter import FlopCounterMode
    seen = []

    class Mode(TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            seen.append(str(function))
            return function(*args, **(kwargs or {}))

    model, (x, y) = network(), table()
    x = x.T.contiguous().T  # of which a copy has to be made, row by row
    loader = DataLoader(TensorDataset(x, y), batch_size=16, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    with FlopCounterMode(display=False) as flops, Mode():
        for xb, yb in loader:
            loss, parameters = fit(model, xb.T.contiguous().T, yb, 1, optimizer)
    print(flops.get_total_flops(), len(seen), hashlib.sha256(' '.join(seen).encode()).hexdigest()[:16])
    return loss, parameters


@program
def meta():
    """Shapes first, without memory."""
    from torch._subclasses.fake_tensor import FakeTensorMode
    with torch.device('meta'):
        print(network()(torch.empty(5, 4)).shape)
    with FakeTensorMode():
        print(network()(torch.empty(6, 4)).shape)
    return fit(network(), *table())


@program
def forked():
    """A child evaluates while its parent trains, and ends as a program does."""
    model, (x, y) = network(), table()
    for end in (sys.exit, os._exit):
        loss, parameters = fit(model, x, y)
        child = os.fork()
        if child == 0:
            with torch.no_grad():
                F.cross_entropy(model(x), y)
            end(0)
        assert os.waitpid(child, 0)[1] == 0
    return loss, parameters


def evaluated(seed):
    torch.manual_seed(seed)
    with torch.no_grad():
        return F.cross_entropy(network()(table()[0]), table()[1]).item()


@program
def pooled():
    with multiprocessing.get_context('fork').Pool(2) as pool:
        print(*pool.map(evaluated, range(3)))
        return fit(network(), *table())


@program
def threaded():
    """A thread that only looks, while another trains."""
    model, (x, y) = network(), table()
    watcher = network().eval()
    thread = threading.Thread(target=lambda: [watcher(x) for _ in range(5)])
    thread.start()
    loss, parameters = fit(model, x, y)
    thread.join()
    return loss, parameters


@program
def copied():
    """Copies of the model, as an average and as a file."""
    model, (x, y) = network(), table()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    average = torch.optim.swa_utils.AveragedModel(model)
    for _ in range(3):
        loss, _ = fit(model, x, y, 1, optimizer)
        average.update_parameters(model)
        file = io.BytesIO()
        torch.save((copy.deepcopy(model), optimizer.state_dict()), file)
        file.seek(0)
        model, state = torch.load(file, weights_only=False)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        optimizer.load_state_dict(state)
    return loss, [*model.parameters(), *average.parameters()]


@program
def scaled():
    model, (x, y) = network(), table()
    optimizer, scaler = torch.optim.SGD(model.parameters(), lr=0.1), torch.amp.GradScaler('cpu', init_scale=256.0)
    for _ in range(3):
        optimizer.zero_grad()
        with torch.autocast('cpu', dtype=torch.bfloat16):
            loss = F.cross_entropy(model(x), y)
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        scaler.step(optimizer)
        scaler.update()
    return loss, model.parameters()


@program
def in_backward():
    """An optimizer for each parameter, which steps as soon as its gradient is there."""
    model, (x, y) = network(), table()
    optimizers = {p: torch.optim.SGD([p], lr=0.1) for p in model.parameters()}

    def step(parameter):
        optimizers[parameter].step()
        optimizers[parameter].zero_grad()

    for parameter in model.parameters():
        parameter.register_post_accumulate_grad_hook(step)
    for _ in range(3):
        loss = F.cross_entropy(model(x), y)
        loss.backward()
    return loss, model.parameters()


@program
def parametrized():
    model = nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(4, 8)), nn.ReLU(),
                          nn.utils.parametrizations.spectral_norm(nn.Linear(8, 2)))
    return fit(model, *table())


@program
def packed():
    class Reader(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm, self.head = nn.LSTM(4, 8, batch_first=True), nn.Linear(8, 2)

        def forward(self, rows):
            _, (hidden, _) = self.lstm(rows)
            return self.head(hidden[-1])
    rows = nn.utils.rnn.pack_sequence([torch.randn(length, 4) for length in (5, 3, 2)])
    return fit(Reader(), rows, torch.tensor([0, 1, 0]))


def main():
    torch.set_num_threads(1)
    for name in sys.argv[1:]:
        torch.manual_seed(0)
        loss, weights = PROGRAMS[name]()
        print(name, repr(loss.item()), checksum(weights), checksum([torch.get_rng_state()]), flush=True)
    if len(sys.argv) == 1:
        print('\n'.join(PROGRAMS))


if __name__ == '__main__':
    main()
