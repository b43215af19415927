"""The part of a loss that is linear in the spins, as a control variate of its score function."""

import numpy as np

from pl_hypernet.errors import InputError
from pl_hypernet.spins import to_spins

MEMORY = 0.9  # of earlier steps, in the regression


class LinearPart:
    r"""Splits the gradient of <L> into one through the network and the score function of the rest,

    .. math:: \nabla_\theta E = \beta \sum_i \langle g_i \rangle \nabla_\theta \langle Z_i \rangle
        + \left\langle \left(L(x) - \beta \sum_i c_i (s_i - \langle Z_i \rangle)\right)
        \nabla_\theta \log p(x) \right\rangle,

    with g the derivatives of the loss by spins and c their mean over the OTHER shots, so that it is
    unbiased whatever g is (arXiv:1511.05176, eq. 6, there with one sample and a mean-field c). The
    share :math:`\beta` that leaves the least variance is the slope of L against the linear part in
    earlier steps; in deep networks it is far below 1.
    """

    def __init__(self):
        self._moments = np.zeros(2)  # covariance with L, and variance, of the linear part

    @property
    def share(self) -> float:
        """beta."""
        covariance, variance = self._moments
        return covariance / variance if variance > 0 else 0.0

    def split(self, losses, by_spin, bits, z) -> tuple[float, np.ndarray]:
        """beta, and what the rest of each shot weighs in the score function.

        The weights have a baseline made of the other shots alone, each without this shot.

        Args:
            losses: float64 (shots,), at least 3.
            by_spin: float64 (shots, n), g.
            bits: int8 (shots, n).
            z: float64 (n,), <Z>.

        Returns:
            beta, of earlier steps; float64 (shots,).
        """
        shots = len(losses)
        if shots < 3:
            raise InputError(f"unbiased=True with {shots} shots: expected at least 3")
        products = (to_spins(bits) - z) @ by_spin.T  # [s, u]: g of shot u, spins of shot s
        np.fill_diagonal(products, 0)
        linear = products.sum(axis=1) / (shots - 1)
        beta = self.share
        # of the other shots t, with c without t and without this shot
        others = (products.sum() - products.sum(axis=1) - products.sum(axis=0)) / (shots - 2)
        baseline = (losses.sum() - losses - beta * others) / (shots - 1)
        centred = linear - linear.mean()
        self._moments *= MEMORY
        self._moments += (centred @ losses, centred @ centred)
        return beta, losses - beta * linear - baseline

    def state(self) -> list[float]:
        return self._moments.tolist()

    def restore(self, state: list[float]) -> None:
        self._moments = np.array(state)
