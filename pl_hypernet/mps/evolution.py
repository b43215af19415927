"""From operations to matrix product states: the ansatz in closed form, other gates one by one."""

import numpy as np
import pennylane as qml
from pennylane.wires import Wires

from pl_hypernet.circuits.ansatz import HardwareEfficientAnsatz
from pl_hypernet.errors import DeviceError
from pl_hypernet.mps import cones
from pl_hypernet.mps.ansatz_mps import AnsatzState
from pl_hypernet.mps.ansatz_state import (
    CLOSED_FORM_BYTES,
    exact_bond_dim,
    tensor_bytes,
)
from pl_hypernet.mps.gate_layers import gate_layers
from pl_hypernet.mps.gates import GateEvolution
from pl_hypernet.mps.state import MatrixProductState

SMALL_BOND_DIM = 64  # up to here the closed form is used even where the wires allow less


def evolve(
    circuits: list[list[qml.operation.Operator]],
    wires: list[Wires],
    max_bond_dim: int | None = None,
    cutoff: float | None = None,
    torch_device: str = "cpu",
) -> list[MatrixProductState]:
    """The states that circuits make of ``|0...0>``.

    Args:
        circuits: the operations of each: the ansatz, or operators with a matrix on at most two
            wires.
        wires: labels of the sites of each circuit, in the order of the line. The closed form is
            used where an ansatz comes first and lies on the first sites in this order.
        max_bond_dim: largest bond dimension kept; None: no limit.
        cutoff: Schmidt coefficients below this are dropped; None: only those below 1e-12, and
            none of the ansatz in closed form.
        torch_device: where gates are applied and states are sampled.

    Raises:
        DeviceError: a state in closed form would be too large and max_bond_dim does not say how
            to truncate it.
    """
    return [
        _evolve_one(operations, labels, max_bond_dim, cutoff, torch_device)
        for operations, labels in zip(circuits, wires, strict=True)
    ]


def _evolve_one(operations, wires: Wires, max_bond_dim, cutoff, torch_device) -> MatrixProductState:
    first = _leading_ansatz(operations)
    alone = first is not None and first.wires == wires and len(operations) == 1
    if alone and cutoff is None and torch_device == "cpu" and _fits_cones(first, max_bond_dim):
        return AnsatzState(first)
    if (
        first is None
        or first.wires != wires[: len(first.wires)]
        or not fits_closed_form(first, max_bond_dim)
    ):
        evolution = GateEvolution(wires, max_bond_dim, cutoff, torch_device=torch_device)
        return _apply_all(evolution, operations)
    state = AnsatzState(first, torch_device)
    unused, rest = wires[len(first.wires) :], operations[1:]
    cut = cutoff is not None or (max_bond_dim or np.inf) < state.bond_dim
    if not (rest or unused or cut):
        return state
    evolution = GateEvolution((), max_bond_dim, cutoff, state, torch_device)
    if cut:
        evolution.truncate()
    evolution.append(unused)
    return _apply_all(evolution, rest)


def site_order(operations, wires: Wires) -> Wires:
    """All wires, in the order in which a circuit's state has the smallest bonds: those of an ansatz
    that comes first, in its order, then the others."""
    first = _leading_ansatz(operations)
    return wires if first is None else Wires.all_wires([first.wires, wires])


def _leading_ansatz(operations) -> HardwareEfficientAnsatz | None:
    first = operations[0] if operations else None
    return first if isinstance(first, HardwareEfficientAnsatz) else None


def _fits_cones(ansatz: HardwareEfficientAnsatz, max_bond_dim: int | None) -> bool:
    """Whether shots and overlaps of the ansatz do without tensors, and in little memory."""
    n_sites = len(ansatz.wires)
    chi = 1 if ansatz.hyperparameters["pattern"] == "none" else 2**ansatz.n_layers
    few_wires = chi > max(SMALL_BOND_DIM, 2 ** (n_sites // 2))
    fits = cones.fits(ansatz) and 1024 * n_sites * chi <= CLOSED_FORM_BYTES and not few_wires
    return fits and chi <= (max_bond_dim or np.inf)


def fits_closed_form(ansatz: HardwareEfficientAnsatz, max_bond_dim: int | None) -> bool:
    """Whether the exact state of the ansatz is small enough to be written down.

    Raises:
        DeviceError: it is not, and there is no ``max_bond_dim`` to truncate it to.
    """
    pattern, n_sites = ansatz.hyperparameters["pattern"], len(ansatz.wires)
    chi = exact_bond_dim(pattern, ansatz.n_layers, n_sites)
    if chi > max(SMALL_BOND_DIM, 2 ** (n_sites // 2)):
        return False  # a deep circuit on few wires: gates make smaller tensors
    fits = tensor_bytes(chi, n_sites) <= CLOSED_FORM_BYTES
    if not fits and max_bond_dim is None:
        raise DeviceError(
            f"{ansatz.n_layers} layers in a {pattern} need a bond dimension of {chi} at "
            f"{n_sites} wires, too large to hold: set max_bond_dim to truncate, or use fewer layers"
        )
    return fits


def _apply_all(evolution: GateEvolution, operations) -> MatrixProductState:
    position = {wire: i for i, wire in enumerate(evolution.wires)}
    gates = []
    for operation in operations:
        for gate in gates_of(operation):
            if isinstance(gate, qml.GlobalPhase):
                evolution.multiply(np.exp(-1j * float(gate.data[0])))
            elif not gate.wires:  # a power of a phase, say
                evolution.multiply(complex(np.ravel(qml.matrix(gate, wire_order=[0]))[0]))
            else:
                gates.append((qml.matrix(gate), tuple(position[wire] for wire in gate.wires)))
    for layer in gate_layers(gates):
        evolution.apply_layer(layer)
    return evolution.state()


def gates_of(operation) -> list:
    """The one- and two-qubit gates that make up an operation."""
    if isinstance(operation, HardwareEfficientAnsatz):
        return operation.decomposition()
    base = getattr(operation, "base", None)
    if isinstance(base, HardwareEfficientAnsatz):
        return [qml.adjoint(gate, lazy=False) for gate in reversed(base.decomposition())]
    if len(operation.wires) > 2 and not isinstance(operation, qml.GlobalPhase):
        return [gate for part in operation.decomposition() for gate in gates_of(part)]
    return [operation]
