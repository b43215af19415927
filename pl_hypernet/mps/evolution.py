"""From operations to matrix product states: closed forms, else gate by gate."""

import numpy as np
import pennylane as qml
from pennylane.ops.op_math import Adjoint
from pennylane.wires import Wires

from pl_hypernet.circuits.same_wires import same_wires
from pl_hypernet.errors import DeviceError
from pl_hypernet.memory import memory_here, rounded
from pl_hypernet.mps.closed_form import ClosedForm, closed_form
from pl_hypernet.mps.closed_form_state import ClosedFormState
from pl_hypernet.mps.gate_layers import gate_layers
from pl_hypernet.mps.gates import GateEvolution
from pl_hypernet.mps.operator_gates import line_gates
from pl_hypernet.mps.recognise import recognise
from pl_hypernet.mps.sizes import CLOSED_FORM_BYTES, is_deep, tensor_bytes
from pl_hypernet.mps.state import MatrixProductState
from pl_hypernet.mps.torch_gates import TorchEvolution


def evolve(
    circuits: list[list[qml.operation.Operator]],
    wires: list[Wires],
    max_bond_dim: int | None = None,
    cutoff: float | None = None,
    torch_device: str = "cpu",
) -> list[MatrixProductState]:
    """The states that circuits make of ``|0...0>``.

    Args:
        circuits: the operations of each: with a closed form, or with a matrix on at most two wires.
        wires: labels of the sites of each circuit, in the order of the line. A closed form is used
            where it comes first and lies on the first sites in this order.
        max_bond_dim: largest bond dimension kept; None: no limit.
        cutoff: Schmidt coefficients below this are dropped; None: only those below 1e-12, and
            none of a closed form.
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
    form = closed_form(operations[0]) if operations else None
    by_name = form is not None
    form, rest = (form, operations[1:]) if by_name else recognise(operations, wires)
    alone = form is not None and not rest and same_wires(form.wires, wires)
    if alone and cutoff is None and torch_device == "cpu" and draws_alone(form, max_bond_dim):
        return ClosedFormState(form)
    if (
        form is None
        or form.wires != wires[: len(form.wires)]
        or not (fits_closed_form(form, max_bond_dim) if by_name else _tensors_fit(form))
    ):
        return evolve_by_gates(operations, wires, max_bond_dim, cutoff, torch_device)
    state = ClosedFormState(form, torch_device)
    unused = wires[len(form.wires) :]
    cut = cutoff is not None or (max_bond_dim or np.inf) < state.bond_dim
    if not (rest or unused or cut):
        return state
    evolution = _evolution((), max_bond_dim, cutoff, state, torch_device)
    if cut:
        evolution.truncate()
    evolution.append(unused)
    return _apply_all(evolution, rest)


def evolve_by_gates(
    operations, wires: Wires, max_bond_dim=None, cutoff=None, torch_device: str = "cpu"
) -> MatrixProductState:
    """As :func:`evolve` of one circuit, without closed forms."""
    evolution = _evolution(wires, max_bond_dim, cutoff, None, torch_device)
    return _apply_all(evolution, operations)


def draws_alone(form: ClosedForm, max_bond_dim: int | None) -> bool:
    """Whether shots do without tensors, in little memory."""
    if (
        form.draw_bytes is None
        or form.draw_bytes > CLOSED_FORM_BYTES
        or is_deep(form.bond_dim, len(form.wires))
    ):
        return False
    return form.bond_dim <= (max_bond_dim or np.inf)


def fits_closed_form(form: ClosedForm, max_bond_dim: int | None) -> bool:
    """Whether the tensors of a closed form are small enough to be written down.

    Raises:
        DeviceError: they are not, and there is no ``max_bond_dim`` to truncate them to.
    """
    needed = gate_bond_dim(form)
    few = is_deep(form.bond_dim, len(form.wires))
    held = tensor_bytes(needed, len(form.wires)) <= memory_here() if few else _tensors_fit(form)
    if not held and max_bond_dim is None:
        raise DeviceError(
            f"the circuit needs a bond dimension of {rounded(needed)} at {len(form.wires)} wires, "
            "too large to hold: set max_bond_dim to truncate, as --max-bond-dim 64, or use fewer "
            "layers"
        )
    return _tensors_fit(form)


def gate_bond_dim(form: ClosedForm) -> int:
    """Bond dimension that gates one by one end at: no more than the wires allow."""
    return min(form.bond_dim, 2 ** (len(form.wires) // 2))


def _tensors_fit(form: ClosedForm) -> bool:
    size = tensor_bytes(form.bond_dim, len(form.wires))
    return size <= CLOSED_FORM_BYTES and not is_deep(form.bond_dim, len(form.wires))


def _apply_all(evolution, operations) -> MatrixProductState:
    position = {wire: i for i, wire in enumerate(evolution.wires)}
    gates, phase = line_gates(operations, position)
    evolution.multiply(phase)
    evolution.apply_layers(gate_layers(gates))
    return evolution.state()


def _evolution(wires, max_bond_dim, cutoff, state, torch_device: str):
    if torch_device == "cpu":
        return GateEvolution(wires, max_bond_dim, cutoff, state)
    return TorchEvolution(wires, max_bond_dim, cutoff, state, torch_device)


def gates_of(operation) -> list:
    """The one- and two-qubit gates that make up an operation."""
    if isinstance(operation, qml.GlobalPhase):
        return [operation]
    small = len(operation.wires) <= 2
    if small and (operation.has_matrix or not operation.has_decomposition):
        return [operation]
    if isinstance(operation, Adjoint):
        return [qml.adjoint(gate, lazy=False) for gate in reversed(gates_of(operation.base))]
    return [gate for part in operation.decomposition() for gate in gates_of(part)]
