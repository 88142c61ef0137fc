"""JAX as a peer of `scripts/bench/engines.py`: trains one task, prints one line of JSON.

    python scripts/bench/peers/peer_jax.py moons-200.npz --epochs 1000 --setting scan [--batch-size 256] [--until 0.9]
    python scripts/bench/peers/peer_jax.py moons-200.npz --choose scan,scan-unroll,scan-fast,scan-unroll-fast

Many iterations are one compiled program: jit of lax.scan over the iterations (full batch), or over an epoch's batches,
which are permuted before as one gather in the same program; the state is donated. Adam is written out. -unroll has
four iterations in the loop's body; -fast is XLA's fast-math (CPU), which rounds otherwise. JAX takes one thread a
processor that the process may run on: --threads has to be given by `taskset`, as engines.py does.
"""

import functools

import jax
from jax import numpy as jnp

import workload as common

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8
FAST = {"xla_cpu_enable_fast_math": True, "xla_cpu_fast_math_honor_nans": False, "xla_cpu_fast_math_honor_infs": False}
SETTINGS = ("scan", "scan-unroll", "scan-fast", "scan-unroll-fast")


def forward(parameters, x, activation):
    *hidden, (weight, bias) = zip(parameters[0::2], parameters[1::2])
    for w, b in hidden:
        x = activation(x @ w + b)
    return x @ weight + bias


def loss_of(parameters, x, y, activation):
    output = forward(parameters, x, activation)
    if output.shape[1] == 1:
        return jnp.mean(jax.nn.softplus(output[:, 0]) - output[:, 0] * y)
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(output), y[:, None], 1))


def adam(state, x, y, activation, lr):
    parameters, means, squares, done = state
    loss, gradients = jax.value_and_grad(loss_of)(parameters, x, y, activation)
    done += 1
    rate, root = lr / (1 - BETA1**done), jnp.sqrt(1 - BETA2**done)
    means = [BETA1 * m + (1 - BETA1) * g for m, g in zip(means, gradients)]
    squares = [BETA2 * s + (1 - BETA2) * g * g for s, g in zip(squares, gradients)]
    moved = [p - rate * m / (jnp.sqrt(s) / root + EPSILON) for p, m, s in zip(parameters, means, squares)]
    return (moved, means, squares, done), loss


def full(state, x, y, *, activation, lr, count, unroll):
    step = lambda state, _: adam(state, x, y, activation, lr)
    return jax.lax.scan(step, state, length=count, unroll=min(unroll, count))


def shuffled(state, key, x, y, *, activation, lr, batch, unroll):
    order = jax.random.permutation(key, len(x))
    batches = x[order].reshape(-1, batch, x.shape[1]), y[order].reshape(-1, batch)
    step = lambda state, pair: adam(state, *pair, activation, lr)
    state, losses = jax.lax.scan(step, state, batches, unroll=unroll)
    return state, losses.mean()[None]


@functools.partial(jax.jit, static_argnames="activation")
def right(parameters, x, y, *, activation):
    output = forward(parameters, x, activation)
    label = output.argmax(1) if output.shape[1] > 1 else output[:, 0] > 0
    return (label == y).mean()


class Trainer:
    def __init__(self, workload, options, setting):
        self.workload, self.options = workload, options
        self.x, self.held_x = jnp.asarray(workload.x), jnp.asarray(workload.held_x)
        self.y, self.held_y = jnp.asarray(workload.y, jnp.int32), jnp.asarray(workload.held_y, jnp.int32)
        activation = {"tanh": jnp.tanh, "relu": jax.nn.relu}[workload.activation]
        self.activation = {"activation": activation}
        self.stride, self.batch = common.stride(options), options.batch_size
        how = self.activation | {"lr": workload.lr, "unroll": 4 if "unroll" in setting else 1}
        how |= {"batch": self.batch} if self.batch else {"count": self.stride}
        compiler = FAST if setting.endswith("-fast") else None
        run = functools.partial(shuffled if self.batch else full, **how)
        self.run = jax.jit(run, donate_argnums=0, compiler_options=compiler)
        self.reset()

    def reset(self):
        self.key = jax.random.key(self.options.seed)
        parameters = [jnp.array(p.T) for p in self.workload.weights]  # [inputs, outputs]
        zeros = lambda: [jnp.zeros_like(p) for p in parameters]
        self.state = parameters, zeros(), zeros(), jnp.zeros((), jnp.float32)

    def epochs(self, count):
        losses = []
        for _ in range(count // self.stride):
            self.key, *key = jax.random.split(self.key) if self.batch else [self.key]
            self.state, loss = self.run(self.state, *key, self.x, self.y)
            losses.append(loss)
        return [float(loss) for part in losses for loss in jax.device_get(part)]

    def accuracy(self):
        return float(right(self.state[0], self.held_x, self.held_y, **self.activation))


def main():
    options = common.arguments(__doc__, SETTINGS).parse_args()
    platform = {"cpu": "cpu", "cuda": "gpu"}[options.device]
    if options.device == "cpu":
        jax.config.update("jax_platforms", "cpu")
    try:
        jax.devices(platform)
    except RuntimeError:
        raise SystemExit(f"error: --device {options.device}: this JAX sees no such device") from None
    workload = common.Workload(options.workload)
    build = lambda setting: Trainer(workload, options, setting)
    common.measure(build, workload, options, {"jax": jax.__version__})


if __name__ == "__main__":
    main()
