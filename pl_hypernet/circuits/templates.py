"""PennyLane's templates that are a hardware-efficient ansatz with angles of their own."""

import numpy as np
import pennylane as qml
from pennylane.operation import Operator

from pl_hypernet.circuits.ansatz import HardwareEfficientAnsatz

TURNS = (qml.RX, qml.RY)


def as_ansatz(template: Operator) -> HardwareEfficientAnsatz | None:
    """The same circuit, exactly, as our ansatz, whose state is known in closed form.

    ``SimplifiedTwoDesign`` is a brick of CZ; ``BasicEntanglerLayers`` rings of CNOT. None for other
    operations, and for angles that are differentiated or come in batches.
    """
    if type(template) not in (qml.SimplifiedTwoDesign, qml.BasicEntanglerLayers):
        return None
    if any(qml.math.requires_grad(angles) for angles in template.data):
        return None
    given = [np.asarray(qml.math.toarray(angles), dtype=float) for angles in template.data]
    wires = template.wires
    if type(template) is qml.BasicEntanglerLayers:
        turn = template.hyperparameters["rotation"]
        if turn not in TURNS or given[0].ndim != 2:
            return None
        theta = np.concatenate([given[0], np.zeros((1, len(wires)))])
        return HardwareEfficientAnsatz(theta, wires, turn.__name__, "CNOT", "ring")
    initial, weights = given
    if weights.ndim != 3:  # of one wire there need be none
        return None
    theta = np.zeros((2 * len(weights) + 1, len(wires)))
    theta[0] = initial
    even = len(wires) // 2  # pairs of the even layers, whose angles come first
    for first, pairs in enumerate((weights[:, :even], weights[:, even:])):
        theta[1 + first :: 2, first : first + 2 * pairs.shape[1]] = pairs.reshape(len(weights), -1)
    return HardwareEfficientAnsatz(theta, wires, "RY", "CZ", "brick")
