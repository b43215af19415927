"""Gradients of expectation values and probabilities in reverse mode: the device's own,
``diff_method="adjoint"``."""

from collections.abc import Iterator
from itertools import chain, product
from math import prod
from weakref import WeakKeyDictionary

import numpy as np
import pennylane as qml
import torch
from pennylane.allocation import Allocate, Deallocate
from pennylane.devices import ExecutionConfig
from pennylane.math import Interface, requires_grad
from pennylane.measurements import ExpectationMP, MeasurementProcess, ProbabilityMP
from pennylane.operation import Operator
from pennylane.ops import Conditional, Controlled, Evolution, Exp, MidMeasure, Pow, Prod
from pennylane.ops.op_math import Adjoint
from pennylane.tape import QuantumScript
from pennylane.wires import Wires

from pl_hypernet.circuits import HardwareEfficientAnsatz
from pl_hypernet.devices.observable_forms import MAX_WORD_WIRES, Form, Projection
from pl_hypernet.devices.observables import summands
from pl_hypernet.devices.postselection import Postselect
from pl_hypernet.errors import DeviceError, InputError
from pl_hypernet.mps.circuit import Circuit
from pl_hypernet.mps.expectation_gradients import Products, gradients_of_gates
from pl_hypernet.mps.gate_columns import bond_dim_bound, small_gates
from pl_hypernet.mps.log_probability_by_gates import MAX_VECTOR_WIRES, columns_or_vector
from pl_hypernet.mps.operator_gates import ANGLES, is_wide_gate
from pl_hypernet.mps.site_order import site_order

MAX_BOND_DIM = 256  # of more than MAX_VECTOR_WIRES wires
MAX_PROBABILITY_WIRES = 6  # of probabilities, each a product to be differentiated
# whose matrices in torch are tested to have the right derivatives; no other has trainable numbers
KINDS = ANGLES | {
    *(qml.U2, qml.CPhaseShift00, qml.CPhaseShift01, qml.CPhaseShift10, qml.PSWAP),
    *(qml.SingleExcitation, qml.SingleExcitationPlus, qml.SingleExcitationMinus),
    *(qml.FermionicSWAP, qml.MultiRZ, qml.PauliRot, qml.QubitUnitary, qml.GlobalPhase),
    *(qml.BlockEncode, qml.PCPhase),
    HardwareEfficientAnsatz,
}
BY_SIZE = (qml.QubitUnitary, qml.BlockEncode, qml.PCPhase)  # of any number of wires, which few do
# which decompose exactly into what they are made of
SYMBOLIC = (Adjoint, Controlled, Pow, Prod, Exp, Evolution)
COMPOSED = (
    *(qml.DoubleExcitation, qml.DoubleExcitationPlus, qml.DoubleExcitationMinus),
    *(qml.OrbitalRotation, qml.QSVT),
)
NO_ONE_STATE = (MidMeasure, Conditional, Allocate, Deallocate, Postselect)


def is_trainable(operator: Operator) -> bool:
    """Whether a parameter is one that a gradient is wanted of; not by trainable_params, which a
    tape loses when it is decomposed."""
    generator = operator.base.data if isinstance(operator, Evolution) else ()  # not in its own
    return any(map(requires_grad, (*operator.data, *generator)))


def is_leaf(operator: Operator) -> bool:
    """Whether an operation need not be decomposed to be differentiated."""
    if not is_trainable(operator):
        return True
    small = len(operator.wires) <= 2 or not isinstance(operator, BY_SIZE)
    return small and type(operator) in KINDS


_answers: WeakKeyDictionary[QuantumScript, dict[int | None, bool]] = WeakKeyDictionary()


def is_differentiable(circuit: QuantumScript, max_bond_dim: int | None = None) -> bool:
    """Whether :func:`vjp` is for circuits like this, and this one is small enough.

    PennyLane asks twice for each call of a QNode.

    Args:
        max_bond_dim: to which states are truncated; None: they are not.
    """
    answers = _answers.setdefault(circuit, {})
    if max_bond_dim not in answers:
        answers[max_bond_dim] = _is_differentiable(circuit, max_bond_dim)
    return answers[max_bond_dim]


def _is_differentiable(circuit: QuantumScript, max_bond_dim: int | None) -> bool:
    if not any(map(is_trainable, circuit.operations)) or why_not(circuit) is not None:
        return False
    few = len(circuit.wires) <= MAX_VECTOR_WIRES
    if few and max_bond_dim is None:
        return True
    leaves = [leaf for operation in circuit.operations for leaf in _leaves(operation)]
    try:
        gates = Circuit(small_gates(leaves))
    except InputError:
        return False
    most = min(MAX_BOND_DIM, max_bond_dim or MAX_BOND_DIM)
    return bond_dim_bound(gates, site_order(gates, circuit.wires)) <= most


def why_not(circuit: QuantumScript) -> str | None:
    """What in a circuit cannot be differentiated in reverse mode; None: nothing."""
    if circuit.shots:
        return "a circuit with shots"
    for measurement in circuit.measurements:
        obs = measurement.obs
        if _is_bit_probability(measurement):
            if len(measurement.wires) > MAX_PROBABILITY_WIRES:
                return f"probs of {len(measurement.wires)} wires"
            continue
        if not isinstance(measurement, ExpectationMP) or obs is None:
            return str(measurement)
        if is_trainable(obs):
            return "an observable with trainable parameters"
        if obs.pauli_rep is None and len(obs.wires) > MAX_WORD_WIRES:
            return f"a matrix on {len(obs.wires)} wires"
    for operation in circuit.operations:
        if isinstance(operation, NO_ONE_STATE):
            return f"a circuit with {operation.name}"
        if is_leaf(operation):
            continue
        for leaf in _leaves(operation):
            if not is_leaf(leaf):
                return f"{leaf.name} on wires {list(leaf.wires)}"
    return None


def _is_bit_probability(measurement: MeasurementProcess) -> bool:
    """Whether it asks for the probabilities of the bits of some wires."""
    plain = measurement.obs is None and measurement.mv is None
    return isinstance(measurement, ProbabilityMP) and plain and len(measurement.wires) > 0


def _numbers(measurement: MeasurementProcess) -> list[list[Form]]:
    """Of each number that a measurement returns, the forms whose means add up to it."""
    if not _is_bit_probability(measurement):
        return [summands(measurement.obs)]
    strings = product((0, 1), repeat=len(measurement.wires))
    return [[Projection(dict(zip(measurement.wires, bits, strict=True)))] for bits in strings]


def _leaves(operation: Operator) -> Iterator[Operator]:
    """What an operation decomposes into, as far as it has to."""
    if is_leaf(operation):
        yield operation
        return
    native = is_wide_gate(operation) or (operation.has_matrix and len(operation.wires) <= 2)
    # a class made of a known one may have a matrix that torch does not see through
    derived = isinstance(operation, tuple(KINDS)) and not isinstance(operation, BY_SIZE)
    exact = isinstance(operation, (*SYMBOLIC, *COMPOSED)) or derived or not native
    exact &= getattr(operation, "num_steps", None) is None  # of Trotter
    exact &= not (isinstance(operation, Pow) and type(operation.base) not in KINDS)
    if not (exact and operation.has_decomposition):
        yield operation
        return
    for part in operation.decomposition():
        yield from _leaves(part)


@qml.transform
def check_differentiable(tape):
    """Refuses what :func:`vjp` cannot do, in one line; a circuit without trainable parameters is
    only evaluated."""
    observables = [m.obs for m in tape.measurements if m.obs is not None]
    wanted = tape.shots or any(map(is_trainable, [*tape.operations, *observables]))
    reason = why_not(tape) if wanted else None
    if reason is not None:
        raise DeviceError(
            f"{reason} cannot be differentiated in reverse mode: expected expectation values "
            "without shots of observables that are constant, or probabilities of up to "
            f"{MAX_PROBABILITY_WIRES} wires, of gates with known derivatives; use "
            "diff_method='parameter-shift'"
        )
    return (tape,), qml.devices.preprocess.null_postprocessing


@torch.enable_grad()  # torch calls it in a backward pass
def vjp(
    circuit: QuantumScript, cotangents, execution_config: ExecutionConfig | None = None
) -> tuple[np.ndarray, ...]:
    """The derivative of a weighted sum of a circuit's expectation values and probabilities by each
    of its trainable parameters.

    The state's tensors are functions of the gates without a truncation, whose derivatives torch has
    (:mod:`pl_hypernet.mps.gate_columns`); those of the expectation values by the tensors are
    contracted for all products of the observables at once. Few wires become a state vector.

    Args:
        circuit: of gates on one or two wires, or operations that decompose into such; expectation
            values and probabilities without shots.
        cotangents: the weights of each measurement: a number, or one for each probability; not in
            a list for a single one.
        execution_config: its interface says how the derivative by a complex parameter is meant, as
            torch's d/dx + i d/dy or as its conjugate.

    Returns:
        One array of the shape of each parameter.

    Raises:
        DeviceError: an operation through which torch has no derivative.
        InputError: the state is too large.
    """
    indices = circuit.trainable_params
    leaves = [_leaf(parameter) for parameter in circuit.get_parameters(trainable_only=True)]
    if not leaves:
        return ()
    reason = why_not(circuit)
    unknown = {type(circuit.par_info[i]["op"]) for i in indices} - KINDS
    if reason is not None or unknown:
        what = reason or min(kind.__name__ for kind in unknown)
        raise DeviceError(f"{what} cannot be differentiated in reverse mode")
    single = len(circuit.measurements) == 1
    weights = [cotangents] if single else list(cotangents)
    terms = [
        (float(np.real(weight)) * c, operators)
        for of_one, measurement in zip(weights, circuit.measurements, strict=True)
        for weight, forms in zip(np.ravel(of_one), _numbers(measurement), strict=True)
        if weight
        for form in forms
        for c, operators in form.products()
    ]
    if not terms:
        return tuple(np.zeros(leaf.shape) for leaf in leaves)
    wires = site_order(Circuit(circuit.operations), circuit.wires)
    operations = circuit.bind_new_parameters(leaves, indices).operations
    few = len(wires) <= MAX_VECTOR_WIRES
    state = columns_or_vector(operations, wires, 2 ** (len(wires) // 4) if few else MAX_BOND_DIM)
    if torch.is_tensor(state):
        outputs, gradients = [state], [_applied(terms, state.detach().numpy(), wires)]
    else:
        columns = [[gate.detach().numpy() for gate in column] for column in state]
        outputs = list(chain.from_iterable(state))
        gradients = chain.from_iterable(gradients_of_gates(columns, _products(terms, wires)))
    pairs = [pair for pair in zip(outputs, gradients, strict=True) if pair[0].requires_grad]
    if pairs:
        # of a real E, torch means dE/dx + i dE/dy = 2 dE/dA*
        torch.autograd.backward(
            [output for output, _ in pairs], [torch.as_tensor(2 * g) for _, g in pairs]
        )
    names = [circuit.par_info[i]["op"] for i in indices]
    derivatives = [_derivative(*pair) for pair in zip(leaves, names, strict=True)]
    if execution_config is not None and execution_config.interface == Interface.TORCH:
        return tuple(derivatives)
    return tuple(np.conj(derivative) for derivative in derivatives)  # of a scalar one


def jacobian(circuit: QuantumScript, execution_config: ExecutionConfig | None = None):
    """The derivatives of each expectation value and probability, as PennyLane's devices give
    them."""
    shapes = [(2 ** len(m.wires),) if _is_bit_probability(m) else () for m in circuit.measurements]
    single = len(shapes) == 1
    of_measurements = []
    for i, shape in enumerate(shapes):
        rows = []
        for number in range(prod(shape)):
            weights = [np.zeros(other) for other in shapes]
            weights[i].flat[number] = 1.0
            rows.append(vjp(circuit, weights[0] if single else weights, execution_config))
        by_parameter = [qml.math.stack(of_one) for of_one in zip(*rows, strict=True)]
        values = tuple(derivative if shape else derivative[0] for derivative in by_parameter)
        of_measurements.append(values[0] if len(values) == 1 else values)
    return of_measurements[0] if single else tuple(of_measurements)


def jvp(circuit: QuantumScript, tangents, execution_config: ExecutionConfig | None = None):
    """The derivatives of each expectation value and probability in a direction: one number for each
    trainable parameter, or an array of its shape."""
    single = len(circuit.measurements) == 1
    product = qml.gradients.compute_jvp_single if single else qml.gradients.compute_jvp_multi
    return product(tangents, jacobian(circuit, execution_config))


def _leaf(parameter) -> torch.Tensor:
    array = np.asarray(parameter)
    dtype = torch.complex128 if np.iscomplexobj(array) else torch.float64
    return torch.tensor(array, dtype=dtype, requires_grad=True)


def _derivative(leaf: torch.Tensor, operation) -> np.ndarray:
    if leaf.grad is not None:
        return leaf.grad.numpy()
    if isinstance(operation, qml.GlobalPhase) or not operation.wires:
        return np.zeros(leaf.shape)
    raise DeviceError(
        f"{operation.name} on wires {list(operation.wires)} cannot be differentiated: its matrix "
        "in torch does not depend on its parameters; use diff_method='parameter-shift'"
    )


def _products(terms, wires: Wires) -> Products:
    position = {wire: site for site, wire in enumerate(wires)}
    operators = np.zeros((len(terms), len(wires), 2, 2), dtype=complex)
    operators[:] = np.eye(2)
    for row, (_, factors) in zip(operators, terms, strict=True):
        for wire, operator in factors.items():
            row[position[wire]] = operator
    return Products(np.array([c for c, _ in terms]), operators)


def _applied(terms, psi: np.ndarray, wires: Wires) -> np.ndarray:
    """A sum of products times a state vector."""
    axis = {wire: i for i, wire in enumerate(wires)}
    cube = psi.reshape([2] * len(wires))
    total = np.zeros_like(cube)
    for coefficient, factors in terms:
        term = coefficient * cube
        for wire, operator in factors.items():
            term = np.moveaxis(np.tensordot(operator, term, axes=(1, axis[wire])), 0, axis[wire])
        total += term
    return total.reshape(-1)
