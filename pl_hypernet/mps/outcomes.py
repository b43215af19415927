"""Shots of a few wires whose distribution is known."""

from dataclasses import dataclass

import numpy as np
from pennylane.wires import Wires


@dataclass(frozen=True, eq=False)
class Outcomes:
    """A distribution of bitstrings, to draw from as from a state.

    Attributes:
        probabilities: float64 (2**n_wires,), the first wire the most significant bit.
        wires: labels of the bits.
    """

    probabilities: np.ndarray
    wires: Wires

    def sample(self, shots: int, rng: np.random.Generator, precision: str = "double"):
        """As :meth:`MatrixProductState.sample`."""
        cumulative = np.cumsum(self.probabilities)
        drawn = np.searchsorted(cumulative, rng.random(shots) * cumulative[-1], side="right")
        drawn = np.minimum(drawn, len(cumulative) - 1)
        bits = (drawn[:, None] >> np.arange(len(self.wires))[::-1] & 1).astype(np.int8)
        return bits, np.log(self.probabilities[drawn])
