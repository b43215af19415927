"""What shots are drawn from beside a state: a state in another basis, a distribution of bits."""

from dataclasses import dataclass

import numpy as np
from pennylane.wires import Wires

from pl_hypernet.mps.state import MatrixProductState


@dataclass(frozen=True, eq=False)
class Turned:
    """A state after a unitary matrix (2, 2) on each of some wires, made only while it is drawn
    from, since a Hamiltonian may take hundreds."""

    state: MatrixProductState
    unitaries: dict

    @property
    def wires(self) -> Wires:
        return self.state.wires

    def sample(self, shots: int, rng: np.random.Generator, precision: str = "single"):
        """As :meth:`MatrixProductState.sample`."""
        return self.state.rotated(self.unitaries).sample(shots, rng, precision)


@dataclass(frozen=True, eq=False)
class Outcomes:
    """A distribution of bitstrings, to draw from as from a state.

    Attributes:
        probabilities: float64 (2**n_wires,), the first wire the most significant bit.
        wires: labels of the bits.
    """

    probabilities: np.ndarray
    wires: Wires

    def sample(self, shots: int, rng: np.random.Generator, precision: str = "single"):
        """As :meth:`MatrixProductState.sample`."""
        cumulative = np.cumsum(self.probabilities)
        drawn = np.searchsorted(cumulative, rng.random(shots) * cumulative[-1], side="right")
        drawn = np.minimum(drawn, len(cumulative) - 1)
        bits = (drawn[:, None] >> np.arange(len(self.wires))[::-1] & 1).astype(np.int8)
        return bits, np.log(self.probabilities[drawn])
