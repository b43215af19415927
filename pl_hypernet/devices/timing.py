"""About how long a circuit takes on a device: fits to measurements on one core of a 2024 server."""

import math
from dataclasses import dataclass

from pl_hypernet.circuits.gate_counts import GateCounts


@dataclass(frozen=True)
class Effort:
    """What decides how long a circuit takes.

    Attributes:
        gates: how many of them.
        n_wires, shots: of the circuit; no shots: an exact overlap.
        bond_dim: of the matrix product state, where the device has one.
        numbers: held by the device, as 2^n_wires of a state vector.
        draws_alone: whether shots and overlaps do without the tensors, as of a chain of CZ.
    """

    gates: GateCounts
    n_wires: int
    shots: int
    bond_dim: int
    numbers: float
    draws_alone: bool = False


def hypernet_mps_seconds(e: Effort) -> float:
    """Of a circuit of the ansatz on ``hypernet.mps``."""
    if e.draws_alone:
        overlap = 1e-9 * e.n_wires * e.bond_dim**2 * math.log2(2 * e.bond_dim)
        return 5e-4 + (0 if e.shots else overlap) + e.shots * e.n_wires * 1e-9 * (7 + e.bond_dim)
    state = 6.5e-9 * e.n_wires * e.bond_dim**3
    return 5e-4 + state + e.shots * e.n_wires * (1.5e-8 + 5e-9 * e.bond_dim)


TASK_SECONDS = 3.0  # of a task on a QPU, beside its shots; the queue is not counted
SHOT_SECONDS = 3e-4  # of a superconducting QPU, reset included


def ion_shot_seconds(timing: dict[str, float], gates: GateCounts) -> float:
    """Of a trapped-ion QPU, which plays its gates one after the other."""
    return (
        timing["reset"]
        + timing["readout"]
        + timing["1Q"] * gates.one_qubit
        + timing["2Q"] * gates.two_qubit
    )
