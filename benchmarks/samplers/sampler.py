"""What every library's sampler is brought to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from pl_hypernet.mps.state import MatrixProductState

SEED = 0


class LeftOut(RuntimeError):
    """Why a library is not tried at a size, in one line."""


@dataclass(frozen=True)
class Sampler:
    """How to draw shots, and how to time it.

    Attributes:
        draw: shots -> a result of the library's own.
        bits: that result -> bits (shots, wires).
        least: time at least so many shots, because fewer cannot be told from the evolution.
        most: time at most so many shots and go on linearly: each costs the same.
        evolves: a call evolves the circuit too, so that the time of one shot is to be taken off.
    """

    draw: Callable[[int], object]
    bits: Callable[[object], np.ndarray] = np.asarray
    least: int = 1
    most: int = 10**9
    evolves: bool = False

    def timed(self, shots: int) -> int:
        """How many shots are timed for so many that are asked for."""
        return int(np.clip(shots, self.least, self.most))


def canonical_sites(state: MatrixProductState) -> list[np.ndarray]:
    """Right-canonical tensors, complex128 (chi_left, 2, chi_right) for each site."""
    return MatrixProductState(state.canonical, state.wires, state.bond_dims).to_sites()


def counted_bits(counts: Mapping) -> np.ndarray:
    """Bits int8 (shots, wires) of counts by strings or tuples of bits, the first wire first."""
    outcomes = np.array([[int(bit) for bit in outcome] for outcome in counts], dtype=np.int8)
    return np.repeat(outcomes, list(counts.values()), axis=0)
