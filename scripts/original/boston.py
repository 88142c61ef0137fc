"""Boston house prices with a network in NumPy: the fourth program of the tutorial, with its gaps filled in.

Source: "Fundamentals of machine learning and neural networks, pytoch framework", posted by hyngvesson on
8 September 2021, section "Using numpy to complete boston house price prediction based on Neural Network".
The text, the names and the comments are the tutorial's.

Marked `# added`: options, the seed (the tutorial sets none, so no two of its runs agree), the data file
(load_boston was removed from scikit-learn 1.2; data/README.md says why), the list of losses, the trace,
the picture of the losses (the page imports matplotlib and draws nothing). matplotlib is imported for --plot
alone.
Filled in, each marked: the product in `y = + b1`, the right-hand sides of `grad_w2 =`, `grad_temp_relu =`
and `grad_w1 =` (the page lost whole words of the form `a.dot(b)`), and the quotes around the two lines
"Initialize network parameters". A comment promises "output the loss of each epoch"; the page has no such
statement and none was made up.
Kept: b1 and b2 are never updated, though a comment says so. The MSE is a mean, its gradient lacks the 1/n.
The import of `shuffle, resample` is not used. Column B stays in the data as in the tutorial's day.
"""
import argparse
import json
import os
import platform
import sys
import time

import numpy as np
from sklearn.utils import shuffle, resample  # noqa: F401  (the tutorial's line)


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


# relu function
def Relu(x):
    res = np.where(x < 0,0,x)
    return res
# Define loss function
def MSE_loss(y, y_hat):
    return np.mean(np.square(y_hat - y))
# Define linear regression function
def Linear(X, W1, b1):
    y = X.dot(W1) + b1  # filled in: X.dot(W1)
    return y

if __name__ == '__main__':
    # added: the options; their defaults are the tutorial's values
    parser = options('boston')
    parser.add_argument('--data', metavar='CSV', default='data/boston.csv', help='the table, target last')
    parser.add_argument('--hidden', type=int, default=10, help='hidden layer dimension')
    parser.add_argument('--lr', type=float, default=1e-6, help='learning rate')
    parser.add_argument('--epochs', type=int, default=5000, help='number of iterations')
    args = parse(parser)
    np.random.seed(args.seed)  # added: the same numbers every time

    #Data loading
    # added: load_boston() was removed from scikit-learn 1.2; the same numbers, read from a file
    table = np.loadtxt(args.data, delimiter=',', skiprows=1)
    data = {'data': table[:, :-1].copy(), 'target': table[:, -1].copy()}
    X_ = data['data']
    y = data['target']
    #Convert y to matrix form
    y = y.reshape(y.shape[0],1) #shape[0] read the length of dimension 0 reshape: modify to the specified dimension size
    #Data normalization axis = 0: compress rows, calculate the mean value of each column, and return a matrix of 1*n
    X_ = (X_ - np.mean(X_,axis=0)) / np.std(X_,axis=0)
    """
        Initialize network parameters
        Define hidden layer dimensions n_hidden,w1,b1,w2,b2
    """
    n_features = X_.shape[1] #Gets the dimension size of the column, that is, the number of features
    n_hidden = args.hidden
    w1 = np.random.randn(n_features, n_hidden)
    b1 = np.zeros(n_hidden)
    w2 = np.random.randn(n_hidden, 1)
    b2 = np.zeros(1)
    tensors = [('X', X_), ('y', y), ('initial.w1', w1), ('initial.w2', w2)]  # added: for the trace
    losses = []  # added: for the trace
    # Set learning rate
    learning_rate = args.lr
    started = time.perf_counter()  # added: for the trace
    # 5000 iterations
    for t in range(args.epochs):
        # Forward propagation, calculate the predicted value Y (linear - > relu - > linear)
        l1 = Linear(X_,w1,b1)
        s1 = Relu(l1)
        y_pred = Linear(s1,w2,b2)
        # Calculate the loss function and output the loss of each epoch
        loss = MSE_loss(y,y_pred)
        losses.append(loss)  # added: for the trace
        # Back propagation, calculate the gradient of w1 and w2 based on loss
        grad_y_pred = 2 *(y_pred - y)
        grad_w2 = s1.T.dot(grad_y_pred)  # filled in
        grad_temp_relu = grad_y_pred.dot(w2.T)  # filled in
        grad_temp_relu[l1 < 0] = 0
        grad_w1 = X_.T.dot(grad_temp_relu)  # filled in
        # Update the weight and update W1, W2, B1 and B2
        w1 = w1 - learning_rate * grad_w1
        w2 = w2 - learning_rate * grad_w2
    seconds = time.perf_counter() - started  # added: for the trace
    # Get the final w1, w2
    print('w1={} \n w2={}'.format(w1, w2))

    if args.plot:  # added: the picture
        import matplotlib
        matplotlib.use('Agg')
        import matplotlib.pyplot as plt
        plt.plot(losses)
        plt.yscale('log')
        plt.savefig(args.plot)

    # added: the trace
    tensors += [('final.w1', w1), ('final.b1', b1), ('final.w2', w2), ('final.b2', b2)]
    write_trace(args, 'boston', seconds,
                {'parameters': w1.size + b1.size + w2.size + b2.size, 'loss': loss},
                {'loss': losses}, tensors)
