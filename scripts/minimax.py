"""Finds the coefficients of src/train/engine/fused/math.rs: minimax fits of tanh, exp, ln and the normal distribution.

    python scripts/minimax.py        (needs numpy and mpmath)

Each is the fit of least largest error, in units of 2**-24 of the function: Lawson's reweighted least squares on a Chebyshev
grid. Prints the error of the fit (rounding is on top of it) and the coefficients, that of the lowest power first.
"""

import mpmath
import numpy

GRID, ROUNDS = 2000, 300
ULP = 2.0**-24


def grid(low, high):
    return low + (high - low) * (1 - numpy.cos(numpy.pi * (numpy.arange(GRID) + 0.5) / GRID)) / 2


def lawson(error, solve):
    """The solution of least largest error: `solve(weights)` minimises the weighted squares, `error(solution)` is seen."""
    weights, best = numpy.full(GRID, 1 / GRID), (numpy.inf, None)
    for _ in range(ROUNDS):
        solution = solve(weights)
        errors = error(solution)
        best = min(best, (errors.max(), solution), key=lambda pair: pair[0])
        weights = weights * (errors + 1e-3 * errors.max())
        weights /= weights.sum()
    return best


def polynomial(name, function, low, high, degree, scale):
    """function(x) as a polynomial; `scale(x)` turns its error into one relative to what is computed from it."""
    x = grid(low, high)
    values = numpy.array([float(function(mpmath.mpf(float(at)))) for at in x])
    powers, scales = numpy.vander(x, degree + 1, increasing=True), numpy.array([scale(at) for at in x])

    def solve(weights):
        row = (numpy.sqrt(weights) * scales)[:, None]
        return numpy.linalg.lstsq(powers * row, values * row[:, 0], rcond=None)[0]

    show(name, *lawson(lambda solution: numpy.abs((powers @ solution - values) * scales), solve))


def rational(name, function, low, high, above, below):
    """function(x) as p(x) / q(x) of these degrees, q(0) = 1; the error is relative."""
    x = grid(low, high)
    values = numpy.array([float(function(mpmath.mpf(float(at)))) for at in x])
    powers = numpy.vander(x / high, max(above, below) + 1, increasing=True)
    state = {"q": numpy.ones(GRID)}

    def parts(solution):
        return powers[:, : above + 1] @ solution[: above + 1], 1 + powers[:, 1 : below + 1] @ solution[above + 1 :]

    def solve(weights):
        row = (numpy.sqrt(weights) / numpy.abs(values * state["q"]))[:, None]
        columns = numpy.hstack([powers[:, : above + 1], -values[:, None] * powers[:, 1 : below + 1]])
        solution = numpy.linalg.lstsq(columns * row, values * row[:, 0], rcond=None)[0]
        state["q"] = parts(solution)[1]
        return solution

    def error(solution):
        p, q = parts(solution)
        return numpy.abs(p / q / values - 1)

    worst, solution = lawson(error, solve)
    p = solution[: above + 1] / high ** numpy.arange(above + 1)
    show(name + ", p", worst, p)
    show(name + ", q", worst, numpy.r_[1, solution[above + 1 :] / high ** numpy.arange(1, below + 1)])


def show(name, worst, coefficients):
    print(f"{name}: {worst / ULP:.3f} x 2**-24")
    print("   ", ", ".join(f"{numpy.float32(value):.8e}" for value in coefficients))


def main():
    mpmath.mp.dps = 40
    half = mpmath.mpf(1) / 2
    rational("tanh(x)/x in x**2", lambda u: mpmath.tanh(mpmath.sqrt(u)) / mpmath.sqrt(u), 1e-9, 9.02**2, 4, 4)
    exp = lambda r: (mpmath.expm1(r) - r) / r**2 if r else half
    polynomial("(exp(r) - 1 - r)/r**2", exp, -0.35, 0.35, 4, lambda r: r * r / float(mpmath.exp(r)))
    ln = lambda f: (mpmath.log1p(f) - f + f * f / 2) / f**3 if abs(f) > 1e-12 else mpmath.mpf(1) / 3
    polynomial("(ln(1 + f) - f + f**2/2)/f**3", ln, -0.294, 0.4152, 7, lambda f: abs(f**3 / float(mpmath.log1p(f))))
    tail = lambda u: mpmath.ncdf(-(1 / u - 1) / 0.3) * mpmath.exp(((1 / u - 1) / 0.3) ** 2 / 2)
    polynomial("Phi(-t) exp(t**2/2) in 1/(1 + 0.3 t)", tail, 1 / (1 + 0.3 * 13.3), 1, 8, lambda u: 1 / float(tail(u)))


if __name__ == "__main__":
    main()
