"""The log-probability of bitstrings under the ansatz or any circuit, and its gradient, in torch."""

from collections.abc import Iterable, Sequence

import numpy as np
import pennylane as qml
import torch
from pennylane.operation import Operator
from pennylane.wires import Wires

from pl_hypernet.circuits.ansatz import HardwareEfficientAnsatz
from pl_hypernet.errors import InputError
from pl_hypernet.mps.closed_form import closed_form_alone
from pl_hypernet.mps.log_probability_by_gates import line_of, log_probability_by_gates
from pl_hypernet.mps.recognised_log_p import recognised_log_p


def log_probability(
    theta, bits, rotations=("RY", "RZ"), pattern: str = "chain", entangler="CZ"
) -> torch.Tensor:
    """log |<x|psi(theta)>|^2 of bitstrings under the hardware-efficient ansatz.

    Exact, stable for thousands of qubits, and differentiable with respect to theta: the basis of
    score-function gradients and of entropies, whatever device the bits come from. For a chain of
    CZ and for a product state the cost is O(2^P P) a bitstring and qubit; on the CPU compiled
    kernels do the work, forwards and backwards, and on another torch device, that of theta, plain
    torch does. Other patterns and entanglers go through :func:`circuit_log_probability`.

    Args:
        theta: float (n_rows, n_wires), radians, of :meth:`HardwareEfficientAnsatz.shape`; a torch
            tensor, or anything that makes one.
        bits: (shots, n_wires) in {0, 1}.
        rotations, pattern, entangler: as of :class:`HardwareEfficientAnsatz`.

    Returns:
        float64 (shots,); -inf where the probability is 0.

    Raises:
        InputError: shapes that do not fit, numbers that are no bits, an unknown name, or a
            pattern other than a chain of CZ that needs too large a bond dimension.
    """
    theta = theta if torch.is_tensor(theta) else torch.tensor(np.array(theta, dtype=float))
    theta = theta.to(torch.float64)
    if theta.ndim != 2:
        raise InputError(f"theta has shape {tuple(theta.shape)}: expected (n_rows, n_wires)")
    bits = checked_bits(bits, theta.shape[1])
    ansatz = HardwareEfficientAnsatz(
        theta, range(theta.shape[1]), rotations=rotations, entangler=entangler, pattern=pattern
    )
    return circuit_log_probability([ansatz], bits, wires=ansatz.wires)


def circuit_log_probability(
    operations: Iterable[Operator] | qml.tape.QuantumScript, bits, wires=None
) -> torch.Tensor:
    """log |<x|U|0>|^2 of bitstrings under a circuit of one- and two-qubit gates.

    Exact, stable for thousands of qubits, and differentiable (backwards) with respect to all
    parameters that are torch tensors. Where the circuit has a closed form that knows its log p, as
    the hardware-efficient ansatz with a chain of CZ has, that is used, also where it is written
    gate by gate; else as follows.

    A bond between two neighbours on the line has the product of the ranks of the gates across it
    as its dimension: 2 for CZ, CNOT, controlled rotations and Ising rotations, 4 for the most
    general gate, and 4 at most for gates on one pair of wires with no other two-qubit gate on
    either between them. A gate between wires that are no neighbours crosses all bonds between
    them. The memory is O(chi^2) a qubit and the time O(shots chi^2). Up to 16 wires a circuit
    whose bonds are too large for that is evolved as a state vector, O(2^n_wires) a gate.

    Args:
        operations: operators in the order in which they act on ``|0...0>``, or a tape, whose
            measurements are ignored. Operators on more than two wires are decomposed, those on
            none, and ``GlobalPhase``, ignored. They have to be unitary, which is not verified.
        bits: (shots, n_wires) in {0, 1}, a column for each wire.
        wires: labels of the columns, which are also the sites of the line, in order. None: as
            PennyLane has it, ``0 ... n_wires - 1`` if no operation has another label, otherwise
            the labels in the order in which the operations name them. Wires without a gate stay
            in ``|0>``.

    Returns:
        float64 (shots,), on the device of the first torch parameter, else that of the bits. -inf
        where the amplitude is exactly 0, with gradient 0.

    Raises:
        InputError: bits or wires that do not fit; an operation without a matrix, with a batch of
            parameters or, on two wires, with parameters that are not finite; on more than 16
            wires, a bond dimension above 1024 or tensors of more than 4 GiB.
    """
    bits, operations = checked_bits(bits), _operators(operations)
    form = closed_form_alone(operations)
    if form is not None:
        line = line_of([form], wires, tuple(bits.shape))
        if len(line) == len(form.wires):
            column = {wire: i for i, wire in enumerate(line)}
            known = form.log_p(bits[:, [column[wire] for wire in form.wires]])
            if known is not None:
                return known
    else:
        line = line_of(operations, wires, tuple(bits.shape))
        known = recognised_log_p(operations, bits, Wires(line))
        if known is not None:
            return known
    return log_probability_by_gates(operations, bits, wires)


def checked_bits(bits, n_wires: int | None = None) -> torch.Tensor:
    """Bitstrings as a tensor (shots, n_wires).

    Raises:
        InputError: another number of dimensions or wires, or numbers that are no bits.
    """
    bits = bits if torch.is_tensor(bits) else torch.as_tensor(np.ascontiguousarray(bits))
    if bits.ndim != 2 or n_wires not in (None, bits.shape[1]):
        expected = "n_wires" if n_wires is None else n_wires
        raise InputError(
            f"bits have shape {tuple(bits.shape)}: expected (shots, {expected}), "
            "a row for each bitstring"
        )
    if not ((bits == 0) | (bits == 1)).all():
        raise InputError("bits hold other values than 0 and 1: map them to these")
    return bits


def _operators(operations) -> Sequence[Operator]:
    if isinstance(operations, qml.tape.QuantumScript):
        return operations.operations
    if isinstance(operations, Operator) or not isinstance(operations, Iterable):
        raise InputError(
            f"operations are a {type(operations).__name__}: expected operators in a list, or a tape"
        )
    operations = list(operations)
    other = next((item for item in operations if not isinstance(item, Operator)), None)
    if other is not None:
        raise InputError(f"{other!r} is no operator: expected PennyLane operators")
    return operations
