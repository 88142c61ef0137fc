"""Pairs of trainings that part for one planted reason, recorded for `lockstep diff` (tests/it/diff.rs).

python scripts/record_pairs.py FOLDER writes FOLDER/REASON.a.record and FOLDER/REASON.b.record for each reason, and prints a
line for each: the reason, the cause that diff must name (-: equal; ?: none of its list), and step, kind and path of the first
tensor that differs. Everything but the reason is the same in both: one seed, one network, one table.

python scripts/record_pairs.py FOLDER NAME writes FOLDER/NAME.record of a training whose bits depend on threads and on the
libraries' kernels.
"""
import functools
import math
import os
import sys

import torch
from torch import nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from record import record  # noqa: E402

ROWS, BATCH, STEPS = 43, 8, 12  # three rows over in the last batch of an epoch


class Net(nn.Module):
    def __init__(self, o):
        super().__init__()
        self.fc1 = layer(4, 16, o)
        self.drop = nn.Dropout(o.get('p', 0.25))
        self.activation = nn.BatchNorm1d(16) if 'norm' in o else o.get('activation', torch.tanh)
        self.end = nn.Sigmoid() if o.get('sigmoid') else nn.Identity()
        self.fc2 = layer(16, 3, o)
        if o.get('double'):
            self.double()

        self.calls, self.late = 0, o.get('bias')

    def forward(self, x):
        self.calls += 1
        x = self.drop(self.activation(self.fc1(x)))
        return self.end(self.fc2(x + 1e-3 if self.late and self.calls == 3 else x))


def layer(inputs, outputs, o):
    made = nn.Linear(inputs, outputs)
    if 'init' not in o:
        return made
    torch.manual_seed(3 * inputs)
    weight = {'plain': lambda: nn.init.kaiming_uniform_(made.weight, a=math.sqrt(5)),
              'kaiming': lambda: nn.init.kaiming_uniform_(made.weight, nonlinearity='relu'),
              'xavier': lambda: nn.init.xavier_uniform_(made.weight),
              'normal': lambda: nn.init.normal_(made.weight, std=0.3),
              'orthogonal': lambda: nn.init.orthogonal_(made.weight),
              'doubled': lambda: nn.init.kaiming_uniform_(made.weight, a=math.sqrt(5)).detach().mul_(2)}[o['init']]
    bias = lambda: nn.init.uniform_(made.bias, -1 / math.sqrt(inputs), 1 / math.sqrt(inputs))  # noqa: E731
    for draw in ((bias, weight) if o.get('bias_first') else (weight, bias)):
        draw()
    return made


def in_groups(parameters, lr, **settings):
    """Adam with a learning rate of its own for the biases."""
    parameters = list(parameters)
    weights, biases = ([p for p in parameters if (p.dim() > 1) == matrix] for matrix in (True, False))
    return torch.optim.Adam([{'params': weights}, {'params': biases, 'lr': lr / 10}], lr=lr, **settings)


class OwnAdam(torch.optim.Optimizer):
    """Adam by hand, with the slips that ports have."""

    def __init__(self, params, lr=0.01, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, slip=''):
        super().__init__(params, {'lr': lr, 'betas': betas, 'eps': eps, 'weight_decay': weight_decay})
        self.slip = slip

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            (b1, b2), lr, eps, decay = group['betas'], group['lr'], group['eps'], group['weight_decay']
            for p in group['params']:
                state = self.state[p]
                if not state:
                    state |= {'t': 0, 'exp_avg': torch.zeros_like(p), 'exp_avg_sq': torch.zeros_like(p)}
                state['t'] += 1
                m, v, t, g = state['exp_avg'], state['exp_avg_sq'], state['t'], p.grad
                if self.slip == 'decoupled':
                    p.mul_(1 - lr * decay)
                elif decay:
                    g = g.add(p, alpha=decay)
                if self.slip == 'mul_add':
                    m.mul_(b1).add_(g, alpha=1 - b1)
                else:
                    m.lerp_(g, 1 - b1)
                v.mul_(b2).addcmul_(g, g, value=1 - b2)
                first, second = 1 - b1 ** t, 1 - b2 ** t
                if self.slip == 'eps':
                    denom = (v / second + eps).sqrt()
                else:
                    denom = (v.sqrt() / second ** 0.5).add_(eps)
                p.addcdiv_(m, denom, value=-lr / first)


def train(folder, name, **o):
    """One training; `o` says what is otherwise than in the plain one."""
    torch.set_num_threads(o.get('threads', 1))
    torch.manual_seed(100)
    x = torch.randn(ROWS, 4)
    y = torch.randint(3, (ROWS,))
    x = x * o.get('scale', 1.0)
    if 'ddof' in o:
        x = (x - x.mean(0)) / x.std(0, correction=o['ddof'])
    torch.manual_seed(o.get('seed', 0))
    if o.get('draw_before'):
        torch.rand(1)
    net = Net(o)
    if o.get('double'):
        x = x.double()
    if o.get('transposed'):
        net.fc1.weight = nn.Parameter(net.fc1.weight.detach().T.contiguous())
        net.fc1.forward = lambda v: F.linear(v, net.fc1.weight.T, net.fc1.bias)
    if o.get('eval'):
        net.eval()
    if o.get('norm') == 'frozen':
        net.activation.eval()
    options = {'reduction': 'sum' if o.get('sum') else 'mean', 'label_smoothing': o.get('smoothing', 0.0)}
    criterion = nn.CrossEntropyLoss(**options) if o.get('criterion') else functools.partial(F.cross_entropy, **options)
    decay = o.get('decay', 0.0)
    if 'own' in o:
        optimizer = OwnAdam(net.parameters(), weight_decay=decay, slip=o['own'])
    else:
        optimizer = o.get('optimizer', torch.optim.Adam)(net.parameters(), lr=o.get('lr', 0.01), eps=o.get('eps', 1e-8),
                                                         weight_decay=decay)
    generator = torch.Generator().manual_seed(0) if o.get('generator') else None
    loader = DataLoader(TensorDataset(x, y), batch_size=o.get('batch', BATCH), shuffle=o.get('order') != 'sequential',
                        drop_last=o.get('drop_last', False), generator=generator)

    def batches():
        while True:
            if o.get('order') == 'randperm':
                for index in torch.randperm(ROWS).split(BATCH):
                    yield x[index], y[index]
            else:
                yield from loader

    with record(net, optimizer, os.path.join(folder, name + '.record'), values=o.get('values', {0, 1, 2})):
        for step, (xb, yb) in enumerate(batches()):
            if step == STEPS:
                break
            if o.get('draw'):
                torch.rand(1)
            if o.get('noise') and step == 3:
                xb = xb + torch.linspace(0, 1e-3, xb.numel()).sin().view_as(xb)
            out = net(xb)
            if o.get('relabel') and step == 4:
                yb = yb.flip(0)
            loss = criterion(out, yb) * o.get('factor', 1)
            if o.get('l2'):
                loss = loss + sum(0.5 * o['l2'] * p.square().sum() for p in net.parameters()).detach() * 0
                for p in net.parameters():
                    p.register_hook(lambda g, p=p: g + o['l2'] * p.detach()) if step == 0 else None
            if step % o.get('accumulate', 1) == 0 and (not o.get('keep') or step == 0):
                optimizer.zero_grad()
            if o.get('times_n'):
                loss.backward(torch.tensor(float(len(xb))))
            else:
                loss.backward()
            if (step + 1) % o.get('accumulate', 1):
                continue
            if o.get('clip'):
                nn.utils.clip_grad_norm_(net.parameters(), o['clip'])
            if o.get('sign') and step == 2:
                net.fc1.weight.grad[0].neg_()
            if o.get('halve_gradients') and step == 2:
                for p in net.parameters():
                    p.grad.data.mul_(0.5)  # which counts as no change
            if o.get('replace') and step == 2:
                net.fc1.weight.grad = net.fc1.weight.grad + 0.01
            if o.get('halve') and step == 5:
                optimizer.param_groups[0]['lr'] /= 2
            if o.get('nudge') and step == 3:
                with torch.no_grad():
                    net.fc2.bias[1] += 1e-3
            optimizer.step()
            if o.get('valid') and step == 2:
                net.eval()
                with torch.no_grad():
                    for part in x.split(o['valid']):
                        net(part)
                net.train()


# What is planted, and on the other side; the cause that diff must name, and where the records part.
PAIRS = {
    'same': ('-', {}, {}),
    'draw-order': ('draw-order 0 parameter fc1.weight', {'init': 'plain', 'bias_first': True}, {'init': 'plain'}),
    'kaiming': ('init-bounds 0 parameter fc1.weight', {'init': 'kaiming'}, {'init': 'plain'}),
    'xavier': ('init-bounds 0 parameter fc1.weight', {'init': 'xavier'}, {'init': 'plain'}),
    'both': ('draw-order,init-bounds 0 parameter fc1.weight', {'init': 'kaiming', 'bias_first': True}, {'init': 'plain'}),
    'seed': ('seed 0 parameter fc1.weight', {'seed': 1}, {}),
    'draw-before': ('drawn-elsewhere 0 parameter fc1.weight', {'draw_before': True}, {}),
    'normal': ('drawn-elsewhere 0 parameter fc1.weight', {'init': 'normal'}, {'init': 'plain'}),
    'orthogonal': ('drawn-elsewhere 0 parameter fc1.weight', {'init': 'orthogonal'}, {'init': 'plain'}),
    'transposed': ('transposed 0 parameter fc1.weight', {'transposed': True}, {}),
    'adam-order': ('adam-order 1 state exp_avg.fc1.weight', {'own': 'mul_add'}, {'own': ''}),
    'eps-inside': ('eps-inside-root 0 parameter fc1.weight', {'own': 'eps'}, {'own': ''}),
    'decoupled': ('weight-decay 0 state exp_avg.fc1.weight', {'own': 'decoupled', 'decay': 0.1}, {'own': '', 'decay': 0.1}),
    'adamw': ('weight-decay 0 state exp_avg.fc1.weight', {'optimizer': torch.optim.AdamW, 'decay': 0.1}, {'decay': 0.1}),
    'eps': ('optimizer-setting 0 parameter fc1.weight', {'eps': 1e-6}, {}),
    'groups': ('learning-rate 0 parameter fc1.bias', {'optimizer': in_groups}, {}),
    'sgd': ('optimizer 0 parameter fc1.weight', {'optimizer': lambda parameters, lr, **_: torch.optim.SGD(parameters, lr)}, {}),
    'sum': ('sum-for-mean 0 loss', {'sum': True}, {}),
    'criterion': ('sum-for-mean 0 output CrossEntropyLoss', {'criterion': True, 'sum': True}, {'criterion': True}),
    'factor': ('factor 0 loss', {'factor': 3}, {}),
    'times-n': ('missing-1/n 0 gradient fc2.bias', {'times_n': True}, {}),
    'batch': ('batch-size 0 input', {'batch': 16}, {}),
    'drop-last': ('drop-last 5 input', {'drop_last': True}, {}),
    'randperm': ('batch-order 0 input', {'order': 'randperm'}, {}),
    'sequential': ('batch-order 0 input', {'order': 'sequential'}, {}),
    'generator': ('shuffle-generator 0 input', {'generator': True}, {}),
    'dropout': ('dropout-mask 0 output drop', {'draw': True}, {}),
    'eval': ('eval-mode 0 output drop', {'eval': True}, {}),
    'norm': ('eval-mode 0 output activation', {'norm': 'frozen'}, {'norm': 'trained'}),
    'accumulate-mean': ('factor,accumulation 0 loss', {'accumulate': 2, 'factor': 0.5}, {}),
    'accumulate': ('accumulation 0 gradient fc2.bias', {'accumulate': 2}, {}),
    'zero-grad': ('zero-grad 1 gradient fc2.bias', {'keep': True}, {}),
    'double': ('dtype 0 parameter fc1.weight', {'double': True}, {}),
    'l2': ('l2-in-loss 0 gradient fc2.bias', {'l2': 0.01}, {}),
    'clip': ('clipping 0 clipped fc1.weight', {'clip': 0.1}, {}),
    'halve': ('learning-rate 5 lr 0', {'halve': True}, {}),
    'dropout-p': ('dropout-p 0 output drop', {'p': 0.4}, {}),
    'ddof': ('ddof 0 input', {'ddof': 1}, {'ddof': 0}),
    'scale': ('scaling 0 input', {'scale': 1.5}, {}),
    'sigmoid': ('sigmoid 0 output end', {'sigmoid': True}, {}),
    'valid': ('valid-batch-size 3 input', {'valid': 32}, {'valid': 40}),
    'relabel': ('target 4 loss', {'relabel': True}, {}),
    'relabel-module': ('target 4 input CrossEntropyLoss', {'criterion': True, 'relabel': True}, {'criterion': True}),
    'smoothing': ('target 0 loss', {'smoothing': 0.1}, {}),
    'halved': ('clipping 2 clipped fc1.weight', {'halve_gradients': True}, {}),
    # Outside the list.
    'foreach': ('? 3 parameter fc2.bias', {'nudge': True, 'optimizer': functools.partial(torch.optim.Adam, foreach=True)}, {}),
    'nudge': ('? 3 parameter fc2.bias', {'nudge': True}, {}),
    'gelu': ('? 0 input drop', {'activation': F.gelu}, {}),
    'doubled': ('? 0 parameter fc1.weight', {'init': 'doubled'}, {'init': 'plain'}),
    'sign': ('changed-gradient 2 clipped fc1.weight', {'sign': True}, {}),
    'replace': ('changed-gradient 2 clipped fc1.weight', {'replace': True}, {}),
    'noise': ('? 3 input', {'noise': True}, {}),
    'bias': ('? 2 input fc2', {'bias': True}, {}),
}


def wide(folder, name):
    """Sums over many rows, whose order is the threads' and the kernels'."""
    torch.set_num_threads(int(os.environ.get('OMP_NUM_THREADS', '1')))
    torch.manual_seed(0)
    x, y = torch.randn(100_000, 8), torch.randn(100_000, 1)
    net = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 1))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with record(net, optimizer, os.path.join(folder, name + '.record'), values={0}):
        for _ in range(3):
            optimizer.zero_grad()
            F.mse_loss(net(x), y).backward()
            optimizer.step()


def main():
    if len(sys.argv) > 2:
        return wide(*sys.argv[1:])
    for name, (expected, planted, plain) in PAIRS.items():
        train(sys.argv[1], f'{name}.b', **planted)
        train(sys.argv[1], f'{name}.a', **plain)
        print(name, expected)


if __name__ == '__main__':
    main()
