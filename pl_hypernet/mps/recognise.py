"""Circuits written gate by gate that have a closed form: rotations, and chains of CZ or CNOT.

The hardware-efficient ansatz as most people write it: loops over gates. Gates on one qubit between
two entangling layers are multiplied and brought to RZ RY RZ, so that any of them will do.
"""

import numpy as np
from pennylane.wires import Wires

from pl_hypernet.mps.cones import rotations
from pl_hypernet.mps.layered_form import LayeredForm
from pl_hypernet.mps.layers import ROTATION_CODES
from pl_hypernet.mps.skeleton import ROTATIONS, Skeleton, skeleton_of

TOLERANCE = 1e-9  # by how much a matrix may differ from the unitary of its angles


def recognise(operations: list, wires: Wires) -> tuple[LayeredForm | None, list]:
    """A closed form of the beginning of a circuit, and the operations after it.

    Each site has gates on one qubit between two entangling layers that it takes part in. CNOTs go
    from left to right, and of the two on a site in one layer the left one comes first. A ring has
    its closing gate in every layer.

    Args:
        operations: in the order in which they act.
        wires: all wires, in the order of the line.

    Returns:
        A form on all wires, and the operations that it leaves, which act after it. None and all
        operations where gates one by one are as good: where it would leave as many gates on two
        qubits as it takes.
    """
    skeleton = skeleton_of(operations, wires)
    if skeleton is None:
        return None, operations
    found = _sums(operations, skeleton) if skeleton.angles is not None else None
    if found is None:
        found = _angles(operations, skeleton)
    if found is None:
        return None, operations
    theta, phase = found
    phase -= sum(float(operations[i].data[0]) for i in skeleton.phases)
    rest = [operations[i] for i in skeleton.rest]
    return LayeredForm(theta, skeleton.layers, wires, phase), rest


def _sums(operations: list, skeleton: Skeleton) -> tuple[np.ndarray, float] | None:
    """Angles of RZ and RY alone, as they are: exactly those of the template."""
    angles = np.empty(skeleton.n_turns)
    for _, numbers, places in skeleton.turns:
        made = np.array([operations[i].data[0] for i in numbers], float)
        if made.ndim != 1:
            return None
        angles[places] = made
    shape = 3 * skeleton.layers.n_layers + 3, skeleton.layers.n_sites
    theta = np.bincount(skeleton.angles, angles, minlength=shape[0] * shape[1])
    return theta.reshape(shape), 0.0


def _angles(operations: list, skeleton: Skeleton) -> tuple[np.ndarray, float] | None:
    """Angles of any gates, and a phase; None for batches, and for matrices that are not unitary.

    Returns:
        float64 (3 (P + 1), n_sites), radians.
    """
    layers = skeleton.layers
    matrices = np.empty((skeleton.n_turns, 2, 2), dtype=complex)
    for kind, numbers, places in skeleton.turns:
        made = _matrices(kind, [operations[i] for i in numbers])
        if made is None:
            return None
        matrices[places] = made
    products = np.zeros((layers.n_layers + 1, layers.n_sites, 2, 2), dtype=complex)
    products[..., 0, 0] = products[..., 1, 1] = 1
    flat = products.reshape(-1, 2, 2)
    for nth, (acting, places) in enumerate(skeleton.rounds):
        flat[places] = matrices[acting] @ flat[places] if nth else matrices[acting]
    angles, phases = _euler(products)
    known = all(kind in ROTATIONS for kind, *_ in skeleton.turns)
    if not known and not np.abs(_unitary(angles, phases) - products).max() < TOLERANCE:
        return None
    return angles.swapaxes(0, 1).reshape(-1, layers.n_sites), float(phases.sum())


def _matrices(kind: type, gates: list) -> np.ndarray | None:
    """Matrices complex128 (n, 2, 2) of gates of one kind on one qubit; None if one is a batch."""
    if kind not in ROTATIONS:
        matrices = [gate.matrix() for gate in gates]
        return None if any(matrix.shape != (2, 2) for matrix in matrices) else np.array(matrices)
    data = [np.array([gate.data[k] for gate in gates], float) for k in range(kind.num_params)]
    if data[0].ndim != 1:
        return None
    named = kind.__name__ in ROTATION_CODES  # PennyLane's own matrices take four times as long
    return rotations(kind.__name__, *data) if named else kind.compute_matrix(*data)


def _euler(matrices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Unitary matrices as RZ(before), RY(turn), RZ(after) and a phase, without RZ if they are real.

    Args:
        matrices: complex128 (..., 2, 2).

    Returns:
        Angles float64 (3, ...) in the order in which they act, phases float64 (...).
    """
    (m00, m01), (m10, m11) = np.moveaxis(matrices, (-2, -1), (0, 1))
    total, difference = np.angle(m11 * m00.conj()), np.angle(-m10 * m01.conj())
    kept, flipped = m00 * np.exp(0.5j * total), m10 * np.exp(-0.5j * difference)
    phases = np.angle(np.where(np.abs(kept) >= np.abs(flipped), kept, flipped))
    turn = 2 * np.arctan2(*((part * np.exp(-1j * phases)).real for part in (flipped, kept)))
    return np.stack([(total - difference) / 2, turn, (total + difference) / 2]), phases


def _unitary(angles: np.ndarray, phases: np.ndarray) -> np.ndarray:
    """What :func:`_euler` takes apart."""
    before, turn, after = angles
    kept, flipped = np.cos(turn / 2) * np.exp(1j * phases), np.sin(turn / 2) * np.exp(1j * phases)
    total, difference = np.exp(0.5j * (after + before)), np.exp(0.5j * (after - before))
    rows = [[kept / total, -flipped / difference], [flipped * difference, kept * total]]
    return np.moveaxis(np.array(rows), (0, 1), (-2, -1))
