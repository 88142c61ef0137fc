"""Linear regression by exhaustive search: the first program of the tutorial, with its gaps filled in.

Source: "Fundamentals of machine learning and neural networks, pytoch framework", posted by hyngvesson on
8 September 2021, section "Violent exhaustion". The text, the names and the comments are the tutorial's.

Marked `# added`: options, the choice between the page's own two losses, the data file, the printed loss,
the trace. matplotlib is imported for --plot alone.
Filled in: after `y_hat = best_k * x + best_b` the page breaks off; the picture (the points and the line)
is what that line can only be meant for.
Kept: the ends 2 and 10 are not in the grid, and k and b carry np.arange's rounding (1.500000000000003);
`y_hat` is a list in the loop and an array after it. Nothing here is random: --seed changes nothing.
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


#MAE loss function
def MAE_loss(y,y_hat):
    return np.mean(np.abs(y_hat - y))
#MSE loss function
def MSE_loss(y,y_hat):
    return np.mean(np.square(y_hat - y))
#linear regression
def linear(x,k,b):
    y = k * x + b
    return y

if __name__ == '__main__':
    # added: the options; their defaults are the tutorial's values
    parser = options('exhaustive')
    parser.add_argument('--loss', choices=['mae', 'mse'], default='mae', help='loss function')
    parser.add_argument('--k-min', type=float, default=-2, help='first k')
    parser.add_argument('--k-max', type=float, default=2, help='end of k, not included')
    parser.add_argument('--k-step', type=float, default=0.1, help='step of k')
    parser.add_argument('--b-min', type=float, default=-10, help='first b')
    parser.add_argument('--b-max', type=float, default=10, help='end of b, not included')
    parser.add_argument('--b-step', type=float, default=0.1, help='step of b')
    parser.add_argument('--data', metavar='CSV',
                        help='columns area and price, instead of the four points')
    args = parse(parser)
    loss_function = {'mae': MAE_loss, 'mse': MSE_loss}[args.loss]

    x = np.array([50,80,100,200])
    y = np.array([82,119,172,302])
    if args.data:  # added: other points
        table = np.genfromtxt(args.data, delimiter=',', names=True)
        x, y = table['area'], table['price']
    started = time.perf_counter()  # added: for the trace
    #Initialize minimum loss function value
    min_loss = float('inf')
    #Violent exhaustive method
    for k in np.arange(args.k_min,args.k_max,args.k_step):
        for b in np.arange(args.b_min,args.b_max,args.b_step):
            #Calculate predicted value
            y_hat = [linear(xi,k,b) for xi in list(x)]
            #Calculation loss function
            current_mae_loss = loss_function(y,y_hat)  # added: MAE_loss unless --loss mse
            #Record the minimum k and b of the loss function
            if current_mae_loss < min_loss:
                min_loss = current_mae_loss
                best_k,best_b = k,b
    seconds = time.perf_counter() - started  # added: for the trace
    print("best k:{},best b:{}".format(best_k,best_b))
    print("loss:{}".format(min_loss))  # added: the number that tells two searches apart

    y_hat = best_k * x + best_b

    if args.plot:  # filled in: the picture
        import matplotlib
        matplotlib.use('Agg')
        import matplotlib.pyplot as plt
        plt.scatter(x, y)
        plt.plot(x, y_hat)
        plt.savefig(args.plot)

    # added: the trace
    write_trace(args, 'exhaustive', seconds, {'k': best_k, 'b': best_b, 'loss': min_loss}, {}, [])
