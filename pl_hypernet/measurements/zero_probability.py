"""The probability that every bit is 0, which measures overlaps."""

import numpy as np

from pl_hypernet.measurements.expected_loss import ExpectedLoss


def all_bits_zero(bits: np.ndarray) -> np.ndarray:
    """1.0 where a row of bits (shots, n_wires) holds only zeros, else 0.0: float64 (shots,)."""
    return (bits == 0).all(axis=1).astype(np.float64)


class ZeroProbability(ExpectedLoss):
    """Probability of the outcome 0...0, one more expected loss.

    After :math:`U(a)` and :math:`U(b)^\\dagger` it is the overlap
    :math:`|\\langle 0|U(b)^\\dagger U(a)|0\\rangle|^2` (compute-uncompute, arXiv:2103.09232). It is
    a class of its own, so that a device that knows a better way than to measure it, as
    ``hypernet.mps`` does, can tell it apart.

    Args:
        wires: wires that must all read 0; None: all of the device.
    """

    _shortname = "zero_probability"

    def __init__(self, wires=None, eigvals=None, id=None):
        super().__init__(all_bits_zero, wires=wires, eigvals=eigvals, id=id)

    def _flatten(self):
        return (), (("wires", self.raw_wires),)
