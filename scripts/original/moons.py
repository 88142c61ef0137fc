"""Two moons with a PyTorch network: the fifth program of the tutorial, with its gaps filled in.

Source: "Fundamentals of machine learning and neural networks, pytoch framework", posted by hyngvesson on
8 September 2021, section "Binary classification using PyTorch custom neural network". The text, the names
and the comments are the tutorial's.

Marked `# added`: options, the seed (the tutorial sets none, so no two of its runs agree), the device, the
trace. matplotlib is imported for --plot alone.
Filled in, each marked (the page lost these words and lines):
- in Net: `super().__init__()`; in Net.predict: `ans.append(0)`, `else:`, `ans.append(1)`;
- in plot_decision_boundary: the ends of both calls. Which colour maps stood there is not known: Spectral is
  the usual one for the surface, RdYlBu (the name that survives) is given to the points, which get a dark
  edge, or they would vanish in a surface of nearly their own colour;
- `cm =` lost its function; plt.cm.get_cmap was removed from matplotlib, so it is matplotlib.colormaps;
- in the loop: `losses.append(loss.item())`, `optimizer.zero_grad()`, `loss.backward()`,
  `optimizer.step()`, in the order of the comments that remain;
- after the loop, a line that saves the picture. A scatter plot of the samples before the training, of which
  only two comments remain, is left out.
Kept: the surface and the accuracy are computed on the training samples, point by point; `forward` is called
directly; `F` is imported and not used; the closing loss is the one before the last update.
"""
import argparse
import json
import os
import platform
import sys
import time

from sklearn.datasets import make_moons
import torch
import numpy as np
import torch.nn as nn
import torch.nn.functional as F  # noqa: F401  (the tutorial's line)
from sklearn.metrics import accuracy_score


# ---- added: options and trace. These lines are the same in all five programs: each file must also run
# ---- when Python reads it from standard input, where no module of our own could be imported.
def options(program):
    parser = argparse.ArgumentParser(prog=program + '.py', allow_abbrev=False,
                                     formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument('--seed', type=int, default=0, help='seed of every generator')
    parser.add_argument('--trace', metavar='FILE', help='write the run as JSON (-: standard output)')
    parser.add_argument('--plot', metavar='FILE', help='save the picture')
    return parser


def parse(parser):
    args = parser.parse_args()
    if not 0 <= args.seed < 2**32:
        parser.error('argument --seed: from 0 to 4294967295')
    if getattr(args, 'epochs', 1) < 1:
        parser.error('argument --epochs: at least 1')
    if args.trace == '-':
        sys.stdout = sys.stderr  # standard output is the trace's alone
    return args


VARIABLES = ('ATEN_CPU_CAPABILITY', 'DNNL_MAX_CPU_ISA', 'MKL_CBWR', 'MKL_ENABLE_INSTRUCTIONS', 'MKL_NUM_THREADS',
             'OMP_NUM_THREADS', 'ONEDNN_MAX_CPU_ISA')  # by these, libraries choose how they compute


def processor():
    try:
        with open('/proc/cpuinfo') as file:
            lines = [line.partition(':') for line in file]
    except OSError:
        return None
    return next((value.strip() for name, _, value in lines if name.strip() == 'model name'), None)


def write_trace(args, program, seconds, scalars, series, tensors):
    if args.trace is None:
        return
    torch = sys.modules.get('torch')
    packages = {'numpy': 'numpy', 'torch': 'torch', 'scikit-learn': 'sklearn'}
    elsewhere = ('seed', 'threads', 'device', 'trace', 'plot')
    trace = {
        'format': 1,
        'program': program,
        'seed': args.seed,
        'threads': torch.get_num_threads() if torch else None,
        'device': getattr(args, 'device', 'cpu'),
        'versions': {'python': platform.python_version()} | {
            name: str(sys.modules[module].__version__)
            for name, module in packages.items() if module in sys.modules},
        'cpu_capability': torch.backends.cpu.get_cpu_capability() if torch else None,
        'processor': processor(),
        'environment': {name: os.environ[name] for name in VARIABLES if name in os.environ},
        'config': {name: value for name, value in vars(args).items() if name not in elsewhere},
        'seconds': {'training': seconds},
        'scalars': {name: np.asarray(value).item() for name, value in scalars.items()},
        'series': {name: [float(value) for value in values] for name, values in series.items()},
        'tensors': [{'name': name, 'dtype': str(array.dtype), 'shape': list(array.shape),
                     'data': array.ravel().tolist()} for name, array in tensors],
    }
    try:
        text = json.dumps(trace, allow_nan=False)
    except ValueError:  # JSON has no nan and no infinity
        print('error: trace: the run produced a value that is not finite (nan or inf)', file=sys.stderr)
        sys.exit(3)
    with sys.__stdout__ if args.trace == '-' else open(args.trace, 'w') as file:
        file.write(text + '\n')
# ---- end of what is the same in all five programs


#Define the network model and inherit nn.Module
class Net(nn.Module):
    def __init__(self, hidden=100):  # added: hidden, the tutorial's 100
        super().__init__()  # filled in
        #Define the first FC layer and use Linear transformation
        self.fc1 = nn.Linear(2,hidden)
        #Define the second FC layer and use Linear transformation
        self.fc2 = nn.Linear(hidden,2)
    #Forward propagation
    def forward(self,x):
        #Layer 1 output
        x = self.fc1(x)
        #Active layer
        x = torch.tanh(x)
        #Output layer
        x = self.fc2(x)
        return x
    #Prediction results
    def predict(self,x):
        pred = self.forward(x)
        ans = []
        for t in pred:
            if t[0] > t[1]:
                ans.append(0)  # filled in
            else:  # filled in
                ans.append(1)  # filled in
        return torch.tensor(ans)

# Predict and convert to numpy type
def predict(x):
    x = torch.from_numpy(x).type(torch.FloatTensor)
    x = x.to(args.device)  # added: where the model is
    ans = model.predict(x)
    return ans.numpy()

# Draw two classification decision surface
def plot_decision_boundary(pred_func, X, y):
    # Set min and max values and give it some padding
    x_min, x_max = X[:, 0].min() - .5, X[:, 0].max() + .5
    y_min, y_max = X[:, 1].min() - .5, X[:, 1].max() + .5
    h = 0.01
    # Calculation decision surface
    xx, yy = np.meshgrid(np.arange(x_min, x_max, h), np.arange(y_min, y_max, h))
    # np.c_ Connecting two matrices by row is to add the two matrices left and right
    Z = pred_func(np.c_[xx.ravel(), yy.ravel()])
    Z = Z.reshape(xx.shape)
    # Draw classification decision surface
    plt.contourf(xx, yy, Z, cmap=plt.cm.Spectral)  # filled in: cmap
    # Draw sample points
    plt.scatter(X[:, 0], X[:, 1], c=y, cmap=cm, edgecolors='black')  # filled in: cmap, edgecolors

if __name__ == '__main__':
    # added: the options; their defaults are the tutorial's values
    parser = options('moons')
    parser.add_argument('--threads', type=int, help="PyTorch's threads (its own choice if not given)")
    parser.add_argument('--device', default='cpu', help='cpu, cuda or cuda:N')
    parser.add_argument('--samples', type=int, default=200, help='number of samples')
    parser.add_argument('--noise', type=float, default=0.2, help="the moons' noise")
    parser.add_argument('--hidden', type=int, default=100, help='hidden layer dimension')
    parser.add_argument('--lr', type=float, default=0.01, help='learning rate')
    parser.add_argument('--epochs', type=int, default=1000, help='number of iterations')
    args = parse(parser)
    if args.device.startswith('cuda') and not torch.cuda.is_available():
        parser.error('argument --device: this PyTorch sees no CUDA device')
    if args.threads is not None:
        torch.set_num_threads(args.threads)
    # added: the same numbers every time; first of all, since make_moons and Net both draw
    np.random.seed(args.seed)
    torch.manual_seed(args.seed)

    # Using make_moon built-in generation model randomly generates binary data and 200 samples
    X,y = make_moons(args.samples,noise=args.noise)
    if args.plot:  # added: the tutorial imports matplotlib always; here for a picture alone, with no window
        import matplotlib
        matplotlib.use('Agg')
        import matplotlib.pyplot as plt
        cm = matplotlib.colormaps['RdYlBu']  # filled in: the tutorial's `cm ='RdYlBu')`
    #X[:,0]: take the 0th data from all arrays X[:,1]: take the 1st data from all arrays
    #Arrays are converted to tensors, and they share memory
    X = torch.from_numpy(X).type(torch.FloatTensor)
    y = torch.from_numpy(y).type(torch.LongTensor)
    tensors = [('X', X.numpy()), ('y', y.numpy())]  # added: for the trace
    #Initialization model
    model = Net(args.hidden)
    # added: for the trace; copies, since the optimizer changes the weights in place
    tensors += [('initial.' + name, p.numpy().copy()) for name, p in model.state_dict().items()]
    X, y, model = X.to(args.device), y.to(args.device), model.to(args.device)  # added: nothing on the CPU
    #Define evaluation criteria
    criterion = nn.CrossEntropyLoss()
    #Define optimizer
    print(f'\nParameters: {np.sum([param.numel() for param in model.parameters()])}')
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    #Number of iterations
    times = args.epochs
    #Store loss per iteration
    losses = []
    started = time.perf_counter()  # added: for the trace
    for i in range(times):
        #Predict the input x
        y_pred = model.forward(X)
        #The loss function is obtained
        loss = criterion(y_pred,y)
        losses.append(loss.item())  # filled in
        #Gradient before emptying
        optimizer.zero_grad()  # filled in
        #Calculated gradient
        loss.backward()  # filled in
        #Adjust weight
        optimizer.step()  # filled in
    seconds = time.perf_counter() - started  # added: for the trace
    accuracy = accuracy_score(model.predict(X), y.cpu())  # added: a name for the trace, cpu() for scikit-learn
    print(accuracy)
    if args.plot:  # added: no picture unless asked for
        plot_decision_boundary(lambda x: predict(x), X.cpu().numpy(), y.cpu().numpy())
        plt.savefig(args.plot)  # filled in

    # added: the trace
    tensors += [('final.' + name, p.cpu().numpy()) for name, p in model.state_dict().items()]
    write_trace(args, 'moons', seconds,
                {'parameters': sum(p.numel() for p in model.parameters()),
                 'accuracy': accuracy, 'loss': losses[-1]},
                {'loss': losses}, tensors)
