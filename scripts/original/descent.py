"""Linear regression by batch gradient descent: the second program of the tutorial, with its gaps filled in.

Source: "Fundamentals of machine learning and neural networks, pytoch framework", posted by hyngvesson on
8 September 2021, section "Gradient descent optimization method". The text, the names and the comments are
the tutorial's.

Marked `# added`: options, the data file, the trace. matplotlib is imported for --plot alone.
Filled in: after `y = y * max_y` the page breaks off; the picture (the points and the line) is a guess at
what was there.
Kept: `best_b / max_x * max_y` rescales b too, though only k needs it: x was divided by max_x, b was not
(b is 10.79 and is turned into 0.054). The gradient is that of half the MSE (no factor 2). What is recorded
as best is the pair before the update, so the last update is never looked at. `max_y = 1` leaves y as it is.
Nothing here is random: --seed changes nothing.
"""
import argparse
import json
import os
import platform
import sys
import time

#Batch gradient descent method
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


#Mean absolute error
def MAE_loss(y,y_hat):
    return np.mean(np.abs(y_hat - y))
#Mean square error
def MSE_loss(y,y_hat):
    return np.mean(np.square(y_hat - y))

def linear(x,k,b):
    return k * x + b

#gradient of k
def gradient_k(x,y,y_hat):
    n = len(y)
    gradient = 0
    for xi,yi,yi_hat in zip(list(x),list(y),list(y_hat)):
        gradient += (yi_hat - yi) * xi
    return gradient / n

#gradient of b
def gradient_b(y,y_hat):
    n = len(y)
    gradient = 0
    for yi,yi_hat in zip(list(y),list(y_hat)):
        gradient += (yi_hat - yi)
    return gradient / n

if __name__ == '__main__':
    # added: the options; their defaults are the tutorial's values
    parser = options('descent')
    parser.add_argument('--lr', type=float, default=0.1, help='learning rate')
    parser.add_argument('--epochs', type=int, default=1000, help='number of iterations')
    parser.add_argument('--start-k', type=float, default=10, help='k to start from')
    parser.add_argument('--start-b', type=float, default=10, help='b to start from')
    parser.add_argument('--data', metavar='CSV',
                        help='columns area and price, instead of the four points')
    args = parse(parser)

    #Initial data
    x = np.array([50,80,100,200])
    y = np.array([82,119,172,302])
    if args.data:  # added: other points
        table = np.genfromtxt(args.data, delimiter=',', names=True)
        x, y = table['area'], table['price']
    #Data preprocessing
    max_x = np.max(x)
    max_y = 1
    x = x / max_x
    y = y / max_y
    tensors = [('x', x), ('y', y)]  # added: for the trace
    losses, ks, bs = [], [], []  # added: for the trace
    #Initialization parameters
    times = args.epochs #Number of iterations
    min_loss = float('inf') #Minimum loss function value
    current_k = args.start_k
    current_b = args.start_b
    learn_rate = args.lr
    started = time.perf_counter()  # added: for the trace
    #Start iteration
    for i in range(times):
        y_hat = [linear(xi,current_k,current_b) for xi in list(x)]
        current_loss = MSE_loss(y,y_hat)
        losses.append(current_loss)  # added: for the trace
        ks.append(current_k)  # added: for the trace
        bs.append(current_b)  # added: for the trace
        if current_loss < min_loss:
            min_loss = current_loss
            best_k,best_b = current_k,current_b
            print('best_k :{},best_b :{}'.format(best_k,best_b))
        #Calculated gradient
        k_gradient = gradient_k(x,y,y_hat)
        b_gradient = gradient_b(y,y_hat)
        #Update weight
        current_k = current_k - learn_rate * k_gradient
        current_b = current_b - learn_rate * b_gradient
    seconds = time.perf_counter() - started  # added: for the trace
    normalised_k, normalised_b = best_k, best_b  # added: for the trace

    best_k = best_k / max_x * max_y
    best_b = best_b / max_x * max_y

    x = x * max_x
    y = y * max_y

    if args.plot:  # filled in: the picture
        import matplotlib
        matplotlib.use('Agg')
        import matplotlib.pyplot as plt
        plt.scatter(x, y)
        plt.plot(x, best_k * x + best_b)
        plt.savefig(args.plot)

    # added: the trace; k and b of a step are those before its update
    write_trace(args, 'descent', seconds,
                {'normalised_k': normalised_k, 'normalised_b': normalised_b,
                 'k': best_k, 'b': best_b, 'loss': min_loss},
                {'loss': losses, 'k': ks, 'b': bs}, tensors)
