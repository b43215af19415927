"""PennyLane's operations as gates on a line of sites: matrices of one and two qubits, and matrix
product operators of more."""

from collections.abc import Iterable
from functools import cache

import numpy as np
import pennylane as qml
from pennylane.operation import Operator
from pennylane.ops import Controlled, Exp
from pennylane.ops.op_math import Adjoint
from pennylane.ops.op_math.adjoint import AdjointOperation

from pl_hypernet.errors import DeviceError, InputError
from pl_hypernet.mps.gate_layers import Gate
from pl_hypernet.mps.operator_schmidt import dense_operator

MAX_DENSE_WIRES = 5  # of a matrix that is made a matrix product operator, at most of bond 16
# whose matrices are made for many angles at once
ANGLES = {
    *(qml.RX, qml.RY, qml.RZ, qml.Rot, qml.PhaseShift, qml.U1, qml.U3, qml.CRX, qml.CRY, qml.CRZ),
    *(qml.CRot, qml.ControlledPhaseShift, qml.IsingXX, qml.IsingYY, qml.IsingZZ, qml.IsingXY),
}
# and without angles
FIXED = {
    *(qml.X, qml.Y, qml.Z, qml.Hadamard, qml.S, qml.T, qml.SX, qml.CNOT, qml.CZ, qml.CY, qml.CH),
    *(qml.SWAP, qml.ISWAP),
}
ADJOINTS = {Adjoint, AdjointOperation}
PAULIS = {
    "I": np.eye(2),
    "X": np.array([[0, 1], [1, 0]]),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.diag([1, -1]),
}
Chain = dict[int, np.ndarray]  # a matrix product operator: position -> tensor (a, 2, 2, b)


def is_wide_gate(operation: Operator) -> bool:
    """Whether an operation on three and more wires is one matrix product operator here."""
    if isinstance(operation, qml.MultiRZ | qml.PauliRot):
        return True
    n_wires = len(operation.wires)
    if n_wires > MAX_DENSE_WIRES and isinstance(operation, Controlled):
        base = operation.base
        small = len(base.wires) <= MAX_DENSE_WIRES and base.has_matrix
        return small or not base.wires or is_wide_gate(base)
    return 2 < n_wires <= MAX_DENSE_WIRES and operation.has_matrix


def line_gates(operations: Iterable[Operator], position: dict) -> tuple[list[Gate], complex]:
    """The gates of a circuit, and the phase of those that act on no wire.

    Args:
        operations: in the order in which they act.
        position: label of a wire -> its site.

    Raises:
        DeviceError: an operation with a batch of parameters.
        InputError: one with parameters that are not finite.
    """
    gates: list[Operator] = []
    phase = 1.0 + 0j
    for operation in operations:
        kind = _kind(operation)
        plain = kind is qml.QubitUnitary and len(operation.wires) <= 2
        if plain or kind in ANGLES or kind in FIXED:
            gates.append(operation)
            continue
        for gate in narrow_gates(operation):
            if isinstance(gate, qml.GlobalPhase):
                phase *= np.exp(-1j * float(gate.data[0]))
            elif not gate.wires:  # a power of a phase, say
                phase *= complex(np.ravel(qml.matrix(gate, wire_order=[0]))[0])
            else:
                gates.append(gate)
    if not np.isfinite(phase):
        raise _not_finite("GlobalPhase")
    matrices = _matrices(gates)
    numbers = [matrix.ravel() for matrix in matrices if matrix is not None]
    if numbers and not np.isfinite(np.concatenate(numbers)).all():  # one call for thousands
        finite = [matrix is None or np.isfinite(matrix).all() for matrix in matrices]
        raise _not_finite(gates[finite.index(False)].name)
    out = []
    for gate, matrix in zip(gates, matrices, strict=True):
        places = tuple([position[wire] for wire in gate.wires.labels])
        if len(places) <= 2:
            out.append((matrix, places))
        else:
            out.append(_wide_gate(gate, matrix, places))
    return out, phase


def _not_finite(name: str) -> InputError:
    return InputError(f"{name} has NaN or infinite parameters: expected finite numbers")


def narrow_gates(operation: Operator) -> list[Operator]:
    """The gates that make up an operation: each is a matrix on one or two wires, a matrix product
    operator, or a phase."""
    if isinstance(operation, qml.GlobalPhase):
        return [operation]
    small = len(operation.wires) <= 2
    if small and (operation.has_matrix or not operation.has_decomposition):
        return [operation]
    if not small and is_wide_gate(operation):
        return [operation]
    if isinstance(operation, Adjoint):
        return [qml.adjoint(gate, lazy=False) for gate in reversed(narrow_gates(operation.base))]
    return [gate for part in operation.decomposition() for gate in narrow_gates(part)]


def _matrices(gates: list[Operator]) -> list[np.ndarray | None]:
    """The matrix of each gate; None of those on many wires. Angles of one kind of gate are turned
    to matrices together."""
    matrices: list = [None] * len(gates)
    of_kind: dict[type, list[int]] = {}
    for i, gate in enumerate(gates):
        kind = _kind(gate)
        if kind in FIXED:
            matrices[i] = _fixed(kind)
        elif kind in ANGLES and all(np.ndim(angle) == 0 for angle in gate.data):
            of_kind.setdefault(kind, []).append(i)
        elif len(gate.wires) <= MAX_DENSE_WIRES:
            matrices[i] = _one_matrix(gate)
    for kind, places in of_kind.items():
        angles = np.array([[float(angle) for angle in gates[i].data] for i in places])
        for i, matrix in zip(places, kind.compute_matrix(*angles.T), strict=True):
            matrices[i] = matrix
    for i, gate in enumerate(gates):
        if type(gate) in ADJOINTS and _kind(gate) is not type(gate):
            matrices[i] = matrices[i].conj().T
    return matrices


def _kind(gate: Operator) -> type:
    """The class of a gate, of an adjoint that of its base if that is known."""
    kind = type(gate)
    if kind in ADJOINTS:
        base = type(gate.base)
        return base if base in ANGLES or base in FIXED else kind
    return kind


@cache
def _fixed(kind: type) -> np.ndarray:
    return np.asarray(kind.compute_matrix(), dtype=complex)


def _one_matrix(gate: Operator) -> np.ndarray:
    plain = type(gate) is qml.QubitUnitary and isinstance(gate.data[0], np.ndarray)
    matrix = gate.data[0] if plain else qml.math.unwrap([qml.matrix(gate)])[0]
    if np.ndim(matrix) != 2:
        raise DeviceError(
            f"{gate.name} has a batch of {len(matrix)} parameters: expected one circuit, expand "
            "the tape with qml.transforms.broadcast_expand"
        )
    matrix = np.asarray(matrix)
    if isinstance(gate, Exp):
        error = np.abs(matrix @ matrix.conj().T - np.eye(len(matrix))).max()
        if error > 1e-6:
            raise DeviceError(
                f"{gate} is not unitary: expected the exponential of i times a Hermitian operator"
            )
    return matrix


def _wide_gate(gate: Operator, matrix: np.ndarray | None, places: tuple[int, ...]) -> Gate:
    if matrix is not None:
        return _dense(matrix, places)
    return _joined(_chains(gate, dict(zip(gate.wires, places, strict=True))), tuple(sorted(places)))


def _dense(matrix: np.ndarray, places: tuple[int, ...]) -> Gate:
    order = np.argsort(places)
    n = len(places)
    cube = matrix.reshape([2] * 2 * n).transpose([*order, *(order + n)])
    return dense_operator(cube.reshape(2**n, 2**n)), tuple(sorted(places))


def _chains(gate: Operator, position: dict) -> list[Chain]:
    """Matrix product operators whose sum is a gate; each is the identity elsewhere."""
    if isinstance(gate, qml.MultiRZ | qml.PauliRot):
        word = gate.hyperparameters.get("pauli_word", "Z" * len(gate.wires))
        half = float(gate.data[0]) / 2
        letters = zip(gate.wires, word, strict=True)
        turned = {position[wire]: _one_site(PAULIS[letter]) for wire, letter in letters}
        at = next(iter(turned))
        turned[at] = -1j * np.sin(half) * turned[at]
        return [{at: _one_site(np.cos(half) * np.eye(2))}, turned]
    # controlled: I + P (U - I), with P that the controls have their values
    wires, values = gate.control_wires, gate.control_values
    places = [position[wire] for wire in wires]
    controls = {
        place: _one_site(np.diag([0.0, 1.0] if value else [1.0, 0.0]))
        for place, value in zip(places, values, strict=True)
    }
    at = places[0]
    base = gate.base
    chains: list[Chain] = [{at: _one_site(np.eye(2))}]
    if isinstance(base, qml.GlobalPhase) or not base.wires:
        factor = np.ravel(qml.matrix(base, wire_order=[0]))[0]
        return [*chains, {**controls, at: (factor - 1) * controls[at]}]
    if len(base.wires) <= MAX_DENSE_WIRES and base.has_matrix:
        matrix = _one_matrix(base)
        inner = tuple([position[wire] for wire in base.wires])
        tensors, inner = _dense(matrix - np.eye(len(matrix)), inner)
        return [*chains, {**controls, **dict(zip(inner, tensors, strict=True))}]
    chains += [{**controls, **chain} for chain in _chains(base, position)]
    return [*chains, {**controls, at: -controls[at]}]


def _one_site(matrix: np.ndarray) -> np.ndarray:
    return matrix.reshape(1, 2, 2, 1).astype(complex)


def _joined(chains: list[Chain], positions: tuple[int, ...]) -> Gate:
    """The sum of matrix product operators as one."""
    filled = [_filled(chain, positions) for chain in chains]
    tensors = []
    for i, parts in enumerate(zip(*filled, strict=True)):
        first, last = i == 0, i == len(positions) - 1
        left = 1 if first else sum(part.shape[0] for part in parts)
        right = 1 if last else sum(part.shape[3] for part in parts)
        tensor = np.zeros((left, 2, 2, right), dtype=complex)
        row = column = 0
        for part in parts:
            a, b = part.shape[0], part.shape[3]
            tensor[row : row + a, :, :, column : column + b] += part
            row, column = row + (0 if first else a), column + (0 if last else b)
        tensors.append(tensor)
    return tuple(tensors), positions


def _filled(chain: Chain, positions: tuple[int, ...]) -> list[np.ndarray]:
    """A chain on all positions: its bond passes by where it has no tensor, or one without bonds."""
    tensors, bond = [], 1
    for position in positions:
        tensor = chain.get(position)
        if tensor is None or len(tensor) < bond:
            alone = np.eye(2) if tensor is None else tensor[0, :, :, 0]
            tensor = np.einsum("ab,xy->axyb", np.eye(bond), alone)
        tensors.append(tensor)
        bond = tensor.shape[3]
    return tensors
