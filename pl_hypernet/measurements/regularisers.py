"""What an objective adds to the losses, so that the networks stay diverse.

Each is known by a number for each shot. Their mean is the value; and the value changes with the
probability of a shot by ``order`` times its number, less the mean: its influence, which gives the
standard error and the score-function gradient, as in ``reductions.py``. One that does not need
log p also knows how it changes with each spin.
"""

import numpy as np

from pl_hypernet.errors import InputError

MMD_BLOCK = 1000  # shots that are compared with each other


class NegativeEntropy:
    r"""Minus the entropy of the bitstrings, :math:`-H = \langle \log p(x) \rangle`, in nats.

    The loss with it is minus the ELBO of a uniform prior, up to a constant (arXiv:2506.05888).
    """

    order = 1
    needs_log_p = True

    def per_shot(self, bits: np.ndarray, log_p: np.ndarray) -> np.ndarray:
        """float64 (shots,), of bits (shots, n_wires) and their log p (shots,)."""
        return log_p

    def of_distribution(self, probabilities: np.ndarray) -> float:
        """The exact value, of the probabilities of all bitstrings (2**n_wires,)."""
        p = probabilities[probabilities > 0]
        return float(p @ np.log(p))


class UniformMMD:
    r"""The squared maximum mean discrepancy of the bitstrings from the uniform distribution,

    .. math:: \mathrm{MMD}^2 = \langle k(x, x') \rangle - c, \qquad k(x, y) = e^{-d(x, y) / w},
        \qquad c = \left(\frac{1 + e^{-1/w}}{2}\right)^N,

    with d the Hamming distance of two independent shots and w the bandwidth: the Gaussian kernel
    on bits. It needs bits alone and takes the place of the entropy where log p is not known
    (arXiv:2506.05888). The mean of k(x, y) over uniform y is c, whatever x is; the mean over pairs
    i != j of the shots is unbiased (Gretton et al., JMLR 13, 723, 2012). More than 1000 shots are
    compared in equal blocks of at most 1000, each within its own: as unbiased, with a larger error
    only where the bitstrings are almost uniform, in O(1000 shots n_wires) rather than
    O(shots^2 n_wires).

    Its value lies between 0 (from shots also a little below) and 1 - c. In products of spins it is
    c times the sum of tanh(1 / 2w)^m <s_1 ... s_m>^2 over all sets of m bits: a narrower kernel
    sees more correlations and drowns the single bits, a wider one the reverse.

    Args:
        bandwidth: w > 0, in bits; None: n_wires / 2, the distance of two uniform bitstrings, where
            sets of m bits weigh about 1 / m! in all, at any number of wires.

    Raises:
        InputError: a bandwidth that is not positive and finite.
    """

    order = 2
    needs_log_p = False

    def __init__(self, bandwidth: float | None = None):
        if bandwidth is not None and not 0 < bandwidth < np.inf:
            raise InputError(
                f"mmd_bandwidth={bandwidth}: expected a positive number of bits, or None"
            )
        self.bandwidth = bandwidth

    def per_shot(self, bits: np.ndarray, log_p: np.ndarray | None = None) -> np.ndarray:
        """float64 (shots,), of bits (shots, n_wires): the mean kernel with the other shots, less c.

        Raises:
            InputError: fewer than two shots.
        """
        means = []
        for block in _blocks(bits):
            kernel, _ = self._kernel(block)
            others = kernel.sum(axis=1, dtype=np.float64) - np.diagonal(kernel)
            means.append(others / (len(block) - 1) - self._uniform(bits.shape[1]))
        return np.concatenate(means)

    def by_spin(self, bits: np.ndarray) -> np.ndarray:
        """How the value changes with <Z> of each bit, spins being independent: float64 (n_wires,).

        The kernel is a product of (1 + e)/2 + (1 - e)/2 s s' over the bits, with e = exp(-1 / w);
        its derivative by s is the half difference of s up and down.
        """
        blocks = _blocks(bits)
        return sum(len(block) / len(bits) * self._by_spin(block) for block in blocks)

    def _by_spin(self, bits: np.ndarray) -> np.ndarray:
        """As :meth:`by_spin`, all shots compared with each other."""
        kernel, spins = self._kernel(bits)
        shots, n_wires = bits.shape
        e = np.exp(-1 / self._width(n_wires))
        np.fill_diagonal(kernel, 0)  # a shot is not compared with itself
        of_others = kernel @ spins  # sum over s' of k s'
        of_own = spins * kernel.sum(axis=1)[:, None]
        slopes = (1 - e) / 4 * ((1 + 1 / e) * of_others + (1 - 1 / e) * of_own)
        return 2 * slopes.sum(axis=0, dtype=np.float64) / (shots * (shots - 1))

    def _kernel(self, bits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """k of each pair of shots, and the spins, float32.

        Raises:
            InputError: fewer than two shots.
        """
        shots, n_wires = bits.shape
        if shots < 2:
            raise InputError(f"mmd of {shots} shot: it compares pairs, set at least 2 shots")
        spins = 1 - 2 * bits.astype(np.float32)  # sums of up to 2^24 spins are exact
        distances = (n_wires - spins @ spins.T) / 2
        kernel = np.exp(distances * np.float32(-1 / self._width(n_wires)))
        return kernel, spins

    def of_distribution(self, probabilities: np.ndarray) -> float:
        """The exact value, of the probabilities of all bitstrings (2**n_wires,)."""
        n_wires = len(probabilities).bit_length() - 1
        near = np.exp(-1 / self._width(n_wires))
        smoothed = probabilities  # the kernel is a product over the bits
        for wire in range(n_wires):
            halves = smoothed.reshape(2**wire, 2, -1)
            smoothed = (halves + near * halves[:, ::-1]).reshape(-1)
        return float(probabilities @ smoothed - self._uniform(n_wires))

    def _width(self, n_wires: int) -> float:
        return n_wires / 2 if self.bandwidth is None else self.bandwidth

    def _uniform(self, n_wires: int) -> float:
        """c, the mean of the kernel of two uniform bitstrings."""
        return ((1 + np.exp(-1 / self._width(n_wires))) / 2) ** n_wires


def _blocks(bits: np.ndarray) -> list[np.ndarray]:
    """The shots in as few equal parts as can be."""
    return np.array_split(bits, -(-len(bits) // MMD_BLOCK))
