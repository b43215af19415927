"""The cross-entropy of one sigmoid layer over a box of its bits, made real: a convex function."""

from contextlib import suppress
from typing import NamedTuple

import numpy as np

from pl_hypernet.baselines.one_layer import OneLayer

PRECISE = 1e-9  # of a bound, in nats
MOST_STEPS = 200


class Bound(NamedTuple):
    """Of all bits in a box.

    Attributes:
        lower: no bits in the box have a lower loss, in nats.
        bits: float64 (n_qubits,), where the relaxation is the lowest, up to ``value - lower``.
        value: float, its loss there.
        evaluations: losses with their gradients that it took.
    """

    lower: float
    bits: np.ndarray
    value: float
    evaluations: int


class Relaxation:
    r"""The mean of :math:`\log(1 + e^{z_m}) - y_m z_m`, with :math:`z = z^0 + A b` and real b.

    Args:
        layer: of one output and a sigmoid.
    """

    def __init__(self, layer: OneLayer):
        rows = layer.inputs[layer.column]
        self._columns = np.ascontiguousarray((layer.step[:, None] * rows).T)  # (M, n_qubits)
        self._start = layer.start[0] @ layer.inputs
        self._ones = (layer.targets == 1).astype(float)

    def loss(self, bits: np.ndarray) -> float:
        """Of one bitstring (n_qubits,)."""
        z = self._start + self._columns @ bits
        return float(np.mean(np.logaddexp(0, z) - self._ones * z))

    def bound(self, low: np.ndarray, high: np.ndarray, enough: float, start: np.ndarray) -> Bound:
        r"""The lowest loss in a box, from below, by L-BFGS-B.

        With the gradient g at any b a convex function is at least :math:`f(b) + \min_{b'}
        g \cdot (b' - b)` over the box, so the bound holds wherever the minimiser stops.

        Args:
            low, high: float64 (n_qubits,), 0 or 1 each.
            enough: it may stop once the bound is at least this.
            start: where it begins.
        """
        from scipy.optimize import minimize  # here alone: it takes half a second to load

        free = np.flatnonzero(low < high)
        if not len(free):
            loss = self.loss(low)
            return Bound(loss, low.copy(), loss, 1)
        z0 = self._start + self._columns @ low  # free bits are 0 there
        columns = np.ascontiguousarray(self._columns[:, free])
        best = Bound(-np.inf, low.copy(), np.inf, 0)
        count, lower = 0, -np.inf

        def value_and_gradient(b):
            nonlocal best, count, lower
            count += 1
            z = z0 + columns @ b
            e = np.exp(-np.abs(z))
            value = float(np.mean(np.maximum(z, 0) + np.log1p(e) - self._ones * z))
            p = np.where(z >= 0, 1.0, e) / (1 + e)
            gradient = (p - self._ones) @ columns / len(z)
            lower = max(lower, value + float(np.minimum(-gradient * b, gradient * (1 - b)).sum()))
            if value < best.value:
                bits = low.copy()
                bits[free] = b
                best = Bound(lower, bits, value, count)
            if lower >= enough or best.value - lower < PRECISE:
                raise _Enough
            return value, gradient

        b = np.clip(start[free], 0, 1)
        with suppress(_Enough):
            minimize(
                value_and_gradient, b, jac=True, method="L-BFGS-B", bounds=[(0, 1)] * len(free),
                options={"maxiter": MOST_STEPS, "ftol": 1e-15, "gtol": 1e-10, "maxcor": 20},
            )  # fmt: skip
        return best._replace(lower=lower, evaluations=count)


class _Enough(Exception):
    """The bound is good enough."""
