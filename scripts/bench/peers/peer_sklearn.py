"""scikit-learn's MLPClassifier as a peer of `scripts/bench/engines.py`: trains one task, prints one line of JSON.

    python scripts/bench/peers/peer_sklearn.py moons-200.npz --epochs 1000 [--batch-size 256] [--until 0.9]

Adam, float32 (the type of x is kept), all epochs (tol 0), no penalty, the given initial weights, the batches shuffled by it.
It differs in one point: two classes are one logistic output (its weights: the difference of the two outputs' weights at
the start), so for the tutorial's Net it trains 401 numbers instead of 502, and another loss at the same epoch is not an
error. The time is that of `fit`, of `partial_fit` once an epoch with --until: both check the data and shuffle.
"""

import warnings

import numpy
import sklearn
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

import workload as common

SETTINGS = ("fit",)


class Trainer:
    def __init__(self, workload, options):
        self.workload, self.options = workload, options
        full = not options.batch_size
        self.batch = len(workload.x) if full else options.batch_size
        self.classifier = None
        self.reset()

    def settings(self, epochs):
        workload = self.workload
        return dict(
            hidden_layer_sizes=workload.layers[1:-1], activation=workload.activation, solver="adam",
            learning_rate_init=workload.lr, batch_size=self.batch, alpha=0.0, max_iter=epochs, tol=0.0,
            n_iter_no_change=epochs + 1, shuffle=self.batch < len(workload.x), warm_start=True,
            random_state=self.random,
        )  # fmt: skip

    def reset(self):
        """One row of either class makes its arrays, which then get the initial weights."""
        workload = self.workload
        self.random = numpy.random.RandomState(self.options.seed)  # partial_fit would begin a number anew every epoch
        first = [int((workload.y == label).argmax()) for label in (0, 1)]
        self.classifier = MLPClassifier(**self.settings(1) | {"batch_size": 2})
        self.classifier.fit(workload.x[first], workload.y[first])
        weights, biases = workload.weights[0::2], workload.weights[1::2]
        if workload.layers[-1] == 2:
            weights, biases = ([*kept, last[1:] - last[:1]] for *kept, last in (weights, biases))
        self.classifier.coefs_ = [w.T.copy() for w in weights]
        self.classifier.intercepts_ = [b.copy() for b in biases]
        self.classifier.set_params(batch_size=self.batch)
        del self.classifier._optimizer
        self.classifier.loss_curve_ = []

    def epochs(self, count):
        if self.options.until:
            for _ in range(count):
                self.classifier.partial_fit(self.workload.x, self.workload.y)
        else:
            self.classifier.set_params(max_iter=count, n_iter_no_change=count + 1)
            self.classifier.fit(self.workload.x, self.workload.y)
        return [float(loss) for loss in self.classifier.loss_curve_[-count:]]

    def accuracy(self):
        return float(self.classifier.score(self.workload.held_x, self.workload.held_y))


def main():
    options = common.arguments(__doc__, SETTINGS).parse_args()
    if options.device != "cpu":
        raise SystemExit("error: --device cuda: scikit-learn has no GPU")
    warnings.simplefilter("ignore", ConvergenceWarning)  # all epochs being run is what was asked for
    workload = common.Workload(options.workload)
    common.measure(lambda _: Trainer(workload, options), workload, options, {"scikit-learn": sklearn.__version__})


if __name__ == "__main__":
    main()
