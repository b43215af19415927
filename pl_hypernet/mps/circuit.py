"""The operations of a circuit, and the labels of their wires."""

from functools import cached_property

import pennylane as qml

CONTROLLED = {qml.CZ, qml.CNOT}


class Circuit(list):
    """Operations in the order in which they act; their wires are looked up once."""

    @cached_property
    def labels(self) -> tuple[tuple, ...]:
        """The labels of each operation's wires."""
        return tuple(map(_labels, self))

    @cached_property
    def kinds(self) -> tuple[type, ...]:
        """The class of each operation."""
        return tuple(map(type, self))

    @classmethod
    def of(cls, operations) -> "Circuit":
        """Any operations; a Circuit as it is."""
        return operations if isinstance(operations, cls) else cls(operations)


def _labels(operation) -> tuple:
    """Of CZ and CNOT ten times as fast as PennyLane's ``wires``."""
    if type(operation) in CONTROLLED:
        parts = operation.hyperparameters
        return parts["control_wires"].labels + parts["base"].wires.labels
    return operation.wires.labels
