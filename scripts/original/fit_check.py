"""Trains a network in plain PyTorch with the settings of `lockstep fit`, to hold its losses against, bit for bit.

    .venv/bin/python scripts/original/fit_check.py RUNS.json > RESULTS.json

RUNS.json holds a list of runs. A run has `seed`, `threads`; `net` (inputs, outputs, hidden, activation, dropout, norm);
`loss`, `class_weight`; `train` (epochs, batch_size, order, drop_last, valid_batch_size, accumulate, ema, lr, optimizer,
schedule, warmup, early_stop, clip_grad, l1, weight_decay, momentum, nesterov); and the NumPy files x, y, and if you like
weight, valid_x, valid_y, valid_weight; `module`, if given, is a TorchScript file of the network as it is at the start.
A choice with parameters is written as lockstep writes it: `step:step_size=30,gamma=0.5`.

The result of a run: loss, valid_loss and learning rate of every epoch, the weights in the end, the epoch they are
from, the optimizer's state, and whether the module has the network's names, weights and answers. Nothing of lockstep
is imported.
"""
import copy
import json
import sys
import warnings

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.optim import lr_scheduler, swa_utils
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler


class Mlp(nn.Module):
    def __init__(self, inputs, outputs, hidden, activation, dropout, norm='none'):
        super().__init__()
        norm = {'none': None, 'batch': nn.BatchNorm1d, 'layer': nn.LayerNorm}[norm]
        self.layers = nn.ModuleList()
        for units in hidden:
            self.layers.append(nn.Linear(inputs, units))
            if norm:
                self.layers.append(norm(units))
            inputs = units
        self.layers.append(nn.Linear(inputs, outputs))
        self.normed = norm is not None
        self.activation = (lambda x: x) if activation == 'identity' else getattr(F, activation)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        for index, layer in enumerate(self.layers[:-1]):
            x = layer(x)
            if not self.normed or index % 2:
                x = self.dropout(self.activation(x))
        return self.layers[-1](x)


def choice(text):
    """'huber:delta=0.5' is ('huber', {'delta': 0.5})."""
    name, _, rest = text.partition(':')
    return name, {key: json.loads(value) for key, value in (pair.split('=') for pair in rest.split(',') if pair)}


def make_criterion(run):
    """A function of output, y and the row weights (or None)."""
    name, parameters = choice(run['loss'])
    class_weight = run['class_weight'] and torch.tensor(run['class_weight'])

    def losses(output, y, reduction):
        if name == 'cross-entropy':
            return nn.CrossEntropyLoss(class_weight, reduction=reduction, **parameters)(output, y)
        kinds = {'mse': nn.MSELoss, 'mae': nn.L1Loss, 'huber': nn.HuberLoss, 'bce': nn.BCEWithLogitsLoss}
        return kinds[name](reduction=reduction, **parameters)(output, y)

    def criterion(output, y, weight):
        by_class = class_weight if name == 'bce' else None
        if name == 'bce':
            y = y.float().unsqueeze(1)
        if by_class is None and weight is None:
            return losses(output, y, 'mean')
        loss = losses(output, y, 'none')
        if by_class is not None:
            by_class = by_class[y.long()]
            if weight is None:
                return (by_class * loss).sum() / by_class.sum()
            loss = by_class * loss
        weight = weight.reshape(loss.shape)
        return (weight * loss).sum() / weight.sum()

    return criterion


def make_optimizer(net, train):
    options = {} if train['weight_decay'] is None else {'weight_decay': train['weight_decay']}
    if train['optimizer'] == 'sgd':
        return torch.optim.SGD(net.parameters(), train['lr'], train['momentum'], nesterov=train['nesterov'], **options)
    return {'adam': torch.optim.Adam, 'adamw': torch.optim.AdamW}[train['optimizer']](
        net.parameters(), train['lr'], **options)


def make_scheduler(optimizer, train, batches):
    """What to call after each batch, and after each epoch with the watched loss."""
    name, parameters = choice(train['schedule'])
    epochs, warmup = train['epochs'], train['warmup']
    if name == 'one-cycle':
        cycle = lr_scheduler.OneCycleLR(optimizer, train['lr'], epochs * batches, **parameters)
        return cycle.step, lambda loss: None
    warm = lr_scheduler.LinearLR(optimizer, total_iters=warmup) if warmup else None
    main = None
    if name == 'step':
        parameters.setdefault('step_size', -(-(epochs - warmup) // 3))
        main = lr_scheduler.StepLR(optimizer, **parameters)
    elif name == 'cosine':
        t_max = parameters.pop('t_max', epochs - warmup)
        main = lr_scheduler.CosineAnnealingLR(optimizer, t_max, **parameters)
    elif name == 'plateau':
        plateau = lr_scheduler.ReduceLROnPlateau(optimizer, **parameters)
        done = iter(range(1, epochs + 1))
        return lambda: None, lambda loss: warm.step() if next(done) <= warmup else plateau.step(loss)
    if warm and main:
        main = lr_scheduler.SequentialLR(optimizer, [warm, main], [warmup])
    main = main or warm
    return lambda: None, lambda loss: main and main.step()


class Slices:
    """Batches without a loader."""
    def __init__(self, tensors, order, batch_size, drop_last=False):
        self.tensors, self.shuffled, self.n = tensors, order == 'randperm' and batch_size is not None, len(tensors[0])
        self.size = batch_size or self.n
        self.ends = range(0, self.n - self.size + 1 if drop_last else self.n, self.size)

    def __len__(self):
        return len(self.ends)

    def __iter__(self):
        order = torch.randperm(self.n) if self.shuffled else None
        for first in self.ends:
            rows = slice(first, first + self.size) if order is None else order[first:first + self.size]
            if len(self.ends) == 1 and self.size == self.n and order is None:
                rows = slice(None)
            yield [tensor[rows] for tensor in self.tensors]


def make_loader(train, tensors):
    """The training rows, batch by batch: by a real DataLoader, or by slices of `torch.randperm(n)` or of nothing."""
    name, options = order_of(train)
    if name != 'dataloader':
        return Slices(tensors, name, train['batch_size'], train['drop_last'])
    generator = torch.Generator().manual_seed(int(options['generator'])) if 'generator' in options else None
    sampler, y = None, tensors[1]
    if options.get('sampler') == 'balanced':
        weights = 1 / np.bincount(y)
        sampler = WeightedRandomSampler(weights[y], len(y), replacement=True, generator=generator)
    shuffle = options.get('shuffle', 'true') == 'true' if sampler is None else None
    return DataLoader(TensorDataset(*tensors), train['batch_size'] or len(y), shuffle=shuffle, sampler=sampler,
                      drop_last=train['drop_last'], generator=generator, **workers(options, 'persistent'))


def make_valid_loader(train, tensors):
    name, options = order_of(train)
    size = train['valid_batch_size']
    if size is None or name != 'dataloader':
        return Slices(tensors, 'sequential', size or None)
    return DataLoader(TensorDataset(*tensors), size or len(tensors[0]), **workers(options, 'valid_persistent'))


def order_of(train):
    name, _, rest = train.get('order', 'randperm').partition(':')
    return name, dict(pair.split('=') for pair in rest.split(',') if pair)


def workers(options, name):
    return {'num_workers': 1, 'persistent_workers': True} if options.get(name) == 'true' else {}


def is_same(path, net, x):
    """Whether the TorchScript file is `net`, to the bit."""
    module = torch.jit.load(path)
    ours, theirs = net.state_dict(), module.state_dict()
    net.eval()
    with torch.no_grad():
        return (list(ours) == list(theirs) and all(torch.equal(ours[name], theirs[name]) for name in ours)
                and torch.equal(net(x), module(x)))


def fit(run):
    torch.set_num_threads(run['threads'])
    load = lambda name: torch.from_numpy(np.load(run[name])) if run.get(name) else None
    x, y, weight = load('x'), load('y'), load('weight')
    valid_x, valid_y, valid_weight = load('valid_x'), load('valid_y'), load('valid_weight')
    train = run['train']
    torch.manual_seed(run['seed'])
    net = Mlp(**run['net'])
    module = is_same(run['module'], net, x) if run.get('module') else None
    criterion, optimizer = make_criterion(run), make_optimizer(net, train)
    have = lambda *tensors: [tensor for tensor in tensors if tensor is not None]
    loader = make_loader(train, have(x, y, weight))
    valid_loader = None if valid_x is None else make_valid_loader(train, have(valid_x, valid_y, valid_weight))
    accumulate = train['accumulate']
    after_update, after_epoch = make_scheduler(optimizer, train, -(-len(loader) // accumulate))
    ema = None
    if train['ema'] is not None:
        ema = swa_utils.AveragedModel(net, multi_avg_fn=swa_utils.get_ema_multi_avg_fn(train['ema']))
    history, best = {'loss': [], 'valid_loss': [], 'lr': []}, None
    for epoch in range(1, train['epochs'] + 1):
        history['lr'].append(optimizer.param_groups[0]['lr'])
        net.train()
        total, seen = 0.0, 0
        for i, (xb, yb, *wb) in enumerate(loader):
            loss = criterion(net(xb), yb, *(wb or [None]))
            objective = loss
            if train['l1']:
                linear = [layer for layer in net.layers if isinstance(layer, nn.Linear)]
                objective = loss + train['l1'] * sum(layer.weight.abs().sum() for layer in linear)
            if accumulate > 1:
                objective = objective / accumulate
            objective.backward()
            if (i + 1) % accumulate == 0 or i + 1 == len(loader):
                if train['clip_grad']:
                    nn.utils.clip_grad_norm_(net.parameters(), train['clip_grad'])
                optimizer.step()
                after_update()
                optimizer.zero_grad()
                if ema:
                    ema.update_parameters(net)
            total, seen = total + loss.item() * len(xb), seen + len(xb)
        history['loss'].append(total / seen)
        watched = history['loss'][-1]
        model = ema.module if ema else net
        if valid_loader is not None:
            model.eval()
            total, seen = 0.0, 0
            with torch.no_grad():
                for xb, yb, *wb in valid_loader:
                    loss = criterion(model(xb), yb, *(wb or [None]))
                    total, seen = total + loss.item() * len(xb), seen + len(xb)
            watched = loss.item() if train['valid_batch_size'] is None else total / seen
            history['valid_loss'].append(watched)
        after_epoch(watched)
        if train['early_stop']:
            if best is None or watched < best[0]:
                best = watched, epoch, copy.deepcopy(model.state_dict())
            if epoch - best[1] >= train['early_stop']:
                break
    if best:
        model.load_state_dict(best[2])
    state = {}
    for name, parameter in net.named_parameters():
        for key, value in optimizer.state[parameter].items():
            if key != 'step' and value is not None:
                state[f'{key}.{name}'] = value.flatten().tolist()
    return history | {
        'module': module,
        'best_epoch': best[1] if best else epoch,
        'weights': {name: value.flatten().tolist() for name, value in model.state_dict().items()},
        'optimizer': state,
        'generator': torch.get_rng_state()[:64].tolist(),
        'capability': torch.backends.cpu.get_cpu_capability(),
    }


if __name__ == '__main__':
    warnings.filterwarnings('ignore', message='`torch.jit.load` is deprecated')
    with open(sys.argv[1]) as file:
        runs = json.load(file)
    json.dump([fit(run) for run in runs], sys.stdout)
