"""The end of a circuit that only permutes basis states: done to the bits of its shots.

A CNOT before a measurement of all bits is one on the bits, and a phase before it changes nothing.
Without the last ring of CNOT, as of PennyLane's entangling layers, the bond dimension is smaller by
a factor of four, or of 16 where the ring takes longer steps.
"""

import numpy as np
import pennylane as qml
from pennylane.operation import Operator
from pennylane.ops.op_math import Adjoint

from pl_hypernet.mps.circuit import Circuit

FLIPS = {qml.X, qml.CNOT, qml.Toffoli, qml.MultiControlledX}
SWAPS = {qml.SWAP, qml.CSWAP}
WITHOUT_VALUES = (FLIPS | SWAPS) - {qml.MultiControlledX}  # of their controls: they are all 1
PHASES = {
    *(qml.Z, qml.S, qml.T, qml.RZ, qml.PhaseShift, qml.CZ, qml.CCZ, qml.CRZ, qml.IsingZZ),
    *(qml.ControlledPhaseShift, qml.MultiRZ, qml.GlobalPhase, qml.Identity),
}


def without_permutation(operations: Circuit) -> tuple[Circuit, list[Operator]]:
    """What makes the state, and the permutation at the end, in the order in which it acts.

    Gates that turn phases alone are in neither.
    """
    taken: set[int] = set()
    permutation: list[Operator] = []
    busy: set = set()  # wires on which something acts later that is not of the end
    wires = {label for labels in operations.labels for label in labels}
    for i in range(len(operations) - 1, -1, -1):
        if len(busy) == len(wires):
            break
        operation, labels = operations[i], operations.labels[i]
        kind = type(operation.base if isinstance(operation, Adjoint) else operation)
        known = kind in FLIPS | SWAPS | PHASES and bool(np.isfinite(operation.data).all())
        if not known or not busy.isdisjoint(labels):  # NaN goes where it is refused
            busy.update(labels)
            continue
        taken.add(i)
        if kind not in PHASES:
            permutation.append(operation)
    if not taken:
        return operations, []
    return Circuit(op for i, op in enumerate(operations) if i not in taken), permutation[::-1]


def without_common_end(
    ket: list[Operator], bra: list[Operator]
) -> tuple[list[Operator], list[Operator]]:
    """Two circuits without the permutations that both end with, which their overlap is free of."""
    n = 0
    for a, b in zip(reversed(ket), reversed(bra), strict=False):
        if type(a) is not type(b) or type(a) not in WITHOUT_VALUES or a.wires != b.wires:
            break
        n += 1
    return ket[: len(ket) - n], bra[: len(bra) - n]


def permuted(bits: np.ndarray, wires, permutation: list[Operator]) -> np.ndarray:
    """Bits int8 (shots, wires) after gates that permute basis states."""
    if not permutation:
        return bits
    column = {wire: i for i, wire in enumerate(wires)}
    rows = np.ascontiguousarray(bits.T)  # one for each wire
    for operation in permutation:
        base = operation.base if isinstance(operation, Adjoint) else operation  # its own inverse
        controls = [column[wire] for wire in base.control_wires]
        *_, last = targets = [column[wire] for wire in base.wires if wire not in base.control_wires]
        acts = np.int8(1)
        for row, value in zip(controls, base.control_values if controls else (), strict=True):
            acts = acts & (rows[row] == value)
        if type(base) in FLIPS:
            rows[last] ^= acts
        else:
            change = acts & (rows[targets[0]] ^ rows[last])
            rows[targets] ^= change
    return np.ascontiguousarray(rows.T)
