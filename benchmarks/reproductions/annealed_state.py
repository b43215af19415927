"""Digitised annealing of a binary perceptron, on a matrix product state (arXiv:2208.14468)."""

import numpy as np
from counted_phases import phases_applied, windows
from site_kernels import mixed, spin_means

from pl_hypernet import Data
from pl_hypernet.mps.state import MatrixProductState


def signed_patterns(data: Data) -> np.ndarray:
    """Patterns times labels, +1 or -1, float64 (P, N): a perceptron is right where its sum with
    one is positive."""
    return (data.inputs * (2 * data.targets - 1)[:, None]).astype(float)


# radians over the root of the spins that are left, by which copies of the state are twisted: more
# of them, or more vectors than MORE, keep the same weight within a hundredth of what is lost
TWISTS = (0.0, 1.0, -1.0)
MORE = 3  # vectors more than chi, or chi / 2, in the first sweep of fitting


class AnnealedState:
    """|+...+>, and what steps make of it; bit 0 is +1.

    Args:
        signs: (P, N), patterns times labels, +1 or -1; N is odd.
        chi: bond dimension at most; 1: a product state.
        cost: (a, b): a wrong pattern costs a + b |xi . sigma|.
        width: of the counts that are told apart, standard deviations; inf: no approximation.

    Attributes:
        log_kept (float): logarithm of the product of the weights that all truncations kept.
    """

    def __init__(self, signs, chi: int, cost=(0.0, 1.0), width: float = np.inf):
        self._agreeing = (np.asarray(signs) < 0).astype(np.int64)
        self._signs = np.asarray(signs, dtype=float)
        n = self._signs.shape[1]
        if n % 2 == 0:
            raise ValueError(f"{n} weights: an odd number has no ties")
        self._cost, self._width = cost, float(width)
        self._tensors = np.zeros((n, chi, 2, chi), dtype=np.complex128)
        self._tensors[:, 0, :, 0] = np.sqrt(0.5)
        self._dims = np.ones(n + 1, dtype=np.int64)
        self.log_kept = 0.0

    def step(self, gamma: float, beta: float) -> None:
        """exp(-i gamma cost), pattern after pattern, and exp(i beta sum X); radians."""
        n, chi = self._tensors.shape[:2]
        means = np.zeros(n)
        spin_means(self._tensors, self._dims, means)
        constant, slope = self._cost
        ends = np.array([np.exp(-1j * gamma * (constant + slope)), 1])
        lag = np.array([np.exp(-2j * gamma * slope)])
        bounds = np.zeros((len(self._signs), 2, n + 1), dtype=np.int64)
        for signs, (first, last) in zip(self._signs, bounds, strict=True):
            windows(signs, means, self._width, first, last)
        size = int((bounds[:, 1] - bounds[:, 0]).max() + 1) * chi
        most = chi + max(MORE, chi // 2)
        tests = np.empty((n + 1, size * chi * len(TWISTS)), dtype=np.complex128)
        lefts = np.empty((n + 1, size * most), dtype=np.complex128)
        twists = np.exp(1j * np.outer(TWISTS, 1 / np.sqrt(np.arange(n, 0, -1))))
        for agreeing, (first, last) in zip(self._agreeing, bounds, strict=True):
            counter = first, last, lag
            kept = phases_applied(
                self._tensors, self._dims, agreeing, counter, ends, twists, most, tests, lefts
            )
            self.log_kept += float(np.log(kept))
        mixed(self._tensors, self._dims, beta)

    def anneal(self, steps: int, dt: float) -> "AnnealedState":
        """With gamma = s dt and beta = (1 - s) dt, s = 1 / steps, 2 / steps, ..., 1."""
        for s in (np.arange(steps) + 1) / steps:
            self.step(s * dt, (1 - s) * dt)
        return self

    def state(self) -> MatrixProductState:
        """For all that an engine is asked: samples, amplitudes, entropies."""
        dims = self._dims
        sites = [t[: dims[j], :, : dims[j + 1]] for j, t in enumerate(self._tensors)]
        return MatrixProductState.from_sites(sites, range(len(sites)))
