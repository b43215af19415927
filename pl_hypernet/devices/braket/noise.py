"""The noise that a QPU's calibration implies, as PennyLane's channels."""

from itertools import product

import numpy as np
import pennylane as qml
from pennylane.operation import Operator

from pl_hypernet.devices.braket.qpu import QPU

PAULIS = [qml.matrix(pauli, wire_order=[0]) for pauli in (qml.I(0), qml.X(0), qml.Y(0), qml.Z(0))]


def with_noise(operations, qpu: QPU, labels: dict) -> list[Operator]:
    """A compiled circuit with a channel after every gate and before the readout.

    A gate of average fidelity F on d levels is followed by a depolarising channel of probability
    (1 - F) (d + 1) / d, that is 3/2 or 5/4 of the infidelity; a readout by a bit flip. This is
    the noise that the SDK's emulator has, in PennyLane's words, for ``default.mixed``.

    Args:
        operations: native gates, as :func:`compile_native` gives them.
        qpu: the calibration.
        labels: wire -> qubit label.
    """
    noisy: list[Operator] = []
    for op in operations:
        noisy.append(qml.QubitUnitary(qml.matrix(op), op.wires))  # PennyLane knows not all by name
        if len(op.wires) == 1:
            infidelity = 1 - qpu.rotations[labels[op.wires[0]]]
            noisy.append(qml.DepolarizingChannel(infidelity * 3 / 2, op.wires))
        else:
            a, b = sorted(labels[wire] for wire in op.wires)
            noisy.append(two_qubit_depolarising((1 - qpu.couplers[a, b]) * 5 / 4, op.wires))
    flips = [qml.BitFlip(1 - qpu.readouts[label], wire) for wire, label in labels.items()]
    return noisy + flips


def two_qubit_depolarising(probability: float, wires) -> Operator:
    """One of the 15 Pauli errors of two qubits with this probability, all alike."""
    kraus = [
        np.sqrt(probability / 15 if i else 1 - probability) * np.kron(first, second)
        for i, (first, second) in enumerate(product(PAULIS, PAULIS))
    ]
    return qml.QubitChannel(kraus, wires)
