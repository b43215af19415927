"""How many different networks the shots of a state are."""

from dataclasses import dataclass

import numpy as np

from pl_hypernet.networks.unique import unique_bitstrings

UNDECIDED = 0.05  # share of the shots with a bit's rarer value, above which it is
MOST_PAIRED = 2000  # undecided bits whose covariances are looked at
LARGEST = 700.0  # exponent of a number that can be held


@dataclass(frozen=True)
class Diversity:
    """Of the distribution that shots are drawn from.

    Attributes:
        n_different: shots that differ.
        bit_entropy: nats, the sum of the entropies of the single bits: that of the product state
            with the same <Z>, an upper bound of the state's.
        entropy, entropy_stderr: nats, the mean of -log p of the shots with its standard error;
            None where p is not known.
        undecided: bits whose rarer value has more than 5 % of the shots.
        largest_covariance: the largest |<Z_i Z_j> - <Z_i><Z_j>| of two bits, of those that are
            undecided; None for fewer than two.
    """

    n_different: int
    bit_entropy: float
    entropy: float | None
    entropy_stderr: float | None
    undecided: int
    largest_covariance: float | None

    @property
    def effective_number(self) -> float | None:
        """Of networks: that many equally likely ones have the same entropy; None: not known."""
        return None if self.entropy is None else float(np.exp(min(self.entropy, LARGEST)))


def diversity(bits: np.ndarray, log_p: np.ndarray | None = None) -> Diversity:
    """What shots say of it.

    Args:
        bits: int8 (S, n_qubits).
        log_p: float64 (S,), of the shots; None: not known.
    """
    bits = np.asarray(bits)
    ones = bits.mean(axis=0)
    inside = ones[(ones > 0) & (ones < 1)]
    bit_entropy = -(inside * np.log(inside) + (1 - inside) * np.log1p(-inside)).sum()
    undecided = np.minimum(ones, 1 - ones) > UNDECIDED
    entropy = stderr = None
    if log_p is not None:
        entropy = float(-np.mean(log_p))
        stderr = float(np.std(log_p, ddof=1) / np.sqrt(len(log_p)))
    return Diversity(
        n_different=len(unique_bitstrings(bits)[0]),
        bit_entropy=float(bit_entropy),
        entropy=entropy,
        entropy_stderr=stderr,
        undecided=int(undecided.sum()),
        largest_covariance=_largest_covariance(bits[:, np.flatnonzero(undecided)[:MOST_PAIRED]]),
    )


def _largest_covariance(bits: np.ndarray) -> float | None:
    if bits.shape[1] < 2:
        return None
    spins = 1.0 - 2.0 * bits
    centred = spins - spins.mean(axis=0)
    covariance = np.abs(centred.T @ centred) / len(bits)
    np.fill_diagonal(covariance, 0.0)
    return float(covariance.max())
