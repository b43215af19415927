"""The inverse of a circuit."""

from collections.abc import Sequence

import pennylane as qml
from pennylane.operation import Operator

SELF_INVERSE = {
    *(qml.X, qml.Y, qml.Z, qml.Hadamard, qml.CNOT, qml.CZ, qml.CY, qml.CH, qml.SWAP),
    *(qml.Toffoli, qml.CCZ, qml.CSWAP),
}


def undone(operations: Sequence[Operator]) -> list[Operator]:
    """The inverses of operations, the last one's first. Those that are their own inverse are the
    same objects: PennyLane makes new ones, and of CNOT slowly."""
    return [
        op if type(op) in SELF_INVERSE else qml.adjoint(op, lazy=False)
        for op in reversed(operations)
    ]
