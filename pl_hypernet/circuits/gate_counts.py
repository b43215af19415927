"""How many gates a circuit has, and how deep it is."""

from collections.abc import Iterable
from dataclasses import dataclass

from pennylane.operation import Operator


@dataclass(frozen=True)
class GateCounts:
    """Gates of a circuit.

    Attributes:
        one_qubit, two_qubit: how many act on one qubit, and on two or more.
        depth: layers of gates that act at the same time.
    """

    one_qubit: int
    two_qubit: int
    depth: int

    @property
    def total(self) -> int:
        return self.one_qubit + self.two_qubit


def count_gates(operations: Iterable[Operator]) -> GateCounts:
    """Counts operations that are gates already, as those of a decomposition."""
    one_qubit = two_qubit = 0
    depth_of: dict = {}
    for op in operations:
        if len(op.wires) == 1:
            one_qubit += 1
        else:
            two_qubit += 1
        layer = 1 + max(depth_of.get(wire, 0) for wire in op.wires)
        depth_of.update(dict.fromkeys(op.wires, layer))
    return GateCounts(one_qubit, two_qubit, max(depth_of.values(), default=0))
