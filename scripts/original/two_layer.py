"""A two-layer network in NumPy on random data: the third program of the tutorial, with its gaps filled in.

Source: "Fundamentals of machine learning and neural networks, pytoch framework", posted by hyngvesson on
8 September 2021, section "Using numpy to implement a neural network". The text, the names and the comments
are the tutorial's.

Marked `# added`: options, the seed (the tutorial sets none, so no two of its runs agree), the list of
losses, the trace, the picture of the losses (the page imports matplotlib and draws nothing). matplotlib is
imported for --plot alone.
Filled in, each marked: the right-hand sides of `temp =`, `y_pred =`, `grad_w2 =`, `grad_temp_relu =` and
`grad_w1 =`. The page lost whole words of the form `a.dot(b)`; what the shapes and the comments leave is
the chain rule.
Kept: the loss is divided by n, its gradient is not. There is no bias. ReLU passes the gradient at
exactly 0.
"""
import argparse
import json
import os
import platform
import sys
import time

import numpy as np


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


if __name__ == '__main__':
    # added: the options; their defaults are the tutorial's values
    parser = options('two_layer')
    parser.add_argument('--samples', type=int, default=64, help='sample size')
    parser.add_argument('--inputs', type=int, default=1000, help='input dimension')
    parser.add_argument('--hidden', type=int, default=100, help='hidden layer dimension')
    parser.add_argument('--outputs', type=int, default=10, help='output dimension')
    parser.add_argument('--lr', type=float, default=1e-6, help='learning rate')
    parser.add_argument('--epochs', type=int, default=200, help='number of iterations')
    args = parse(parser)
    np.random.seed(args.seed)  # added: the same numbers every time

    #n: Sample size; d_in: enter a dimension; h: Hidden layer dimension; d_out: output dimension
    n,d_in,h,d_out = args.samples,args.inputs,args.hidden,args.outputs
    #Randomly generated data
    x = np.random.randn(n,d_in)  # n line d_in column with standard normal distribution
    y = np.random.randn(n,d_out) # n line d_out column with standard normal distribution
    #Random initialization weight
    w1  = np.random.randn(d_in,h) #Enter layer to hidden layer weights
    w2  = np.random.randn(h,d_out) #Hide layer to output layer weights
    # added: for the trace; copies, since the loop changes w1 and w2 in place
    tensors = [('x', x), ('y', y), ('initial.w1', w1.copy()), ('initial.w2', w2.copy())]
    losses = []  # added: for the trace
    #Set learning rate
    learn_rate = args.lr
    #Number of iterations
    times = args.epochs
    started = time.perf_counter()  # added: for the trace
    for i in range(times):
        #Forward propagation calculation predicted value y
        temp = x.dot(w1)  # filled in
        temp_relu = np.maximum(temp,0) #Compare the size of two array s element by element. If it is less than 0, it is 0
        y_pred = temp_relu.dot(w2)  # filled in
        #Calculation loss function
        loss = np.square(y_pred - y).sum() / n
        losses.append(loss)  # added: for the trace
        #Back propagation
        grad_y_pred = 2.0 * (y_pred - y)
        #Calculate w2 gradient
        grad_w2 = temp_relu.T.dot(grad_y_pred)  # filled in
        grad_temp_relu = grad_y_pred.dot(w2.T)  # filled in
        grad_temp = grad_temp_relu.copy()
        #relu activation function, less than 0 is 0
        grad_temp[temp < 0] = 0
        #Calculate w1 gradient
        grad_w1 = x.T.dot(grad_temp)  # filled in
        #Update weight
        w1 -= learn_rate * grad_w1
        w2 -= learn_rate * grad_w2
    seconds = time.perf_counter() - started  # added: for the trace

    if args.plot:  # added: the picture
        import matplotlib
        matplotlib.use('Agg')
        import matplotlib.pyplot as plt
        plt.plot(losses)
        plt.yscale('log')
        plt.savefig(args.plot)

    # added: the trace
    tensors += [('final.w1', w1), ('final.w2', w2)]
    write_trace(args, 'two-layer', seconds, {'parameters': w1.size + w2.size, 'loss': loss},
                {'loss': losses}, tensors)
