"""What circuits ask of a matrix product state: shots, exact values, overlaps.

The one place where tapes enter a device of states, whether PennyLane has preprocessed them or not.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from pennylane.allocation import Allocate, Deallocate
from pennylane.measurements import (
    DensityMatrixMP,
    ExpectationMP,
    MeasurementProcess,
    MutualInfoMP,
    ProbabilityMP,
    PurityMP,
    StateMeasurement,
    VarianceMP,
    VnEntropyMP,
)
from pennylane.operation import Operator
from pennylane.ops import Conditional, MidMeasure
from pennylane.pauli import PauliWord
from pennylane.tape import QuantumScript
from pennylane.wires import Wires

from pl_hypernet.circuits.same_wires import same_wires
from pl_hypernet.circuits.undone import undone
from pl_hypernet.devices.final_permutation import (
    permuted,
    without_common_end,
    without_permutation,
)
from pl_hypernet.devices.observable_forms import (
    PAULI_ROTATIONS,
    Basis,
    Matrix,
    Projection,
    Rotation,
)
from pl_hypernet.devices.observables import own_basis, summands
from pl_hypernet.devices.postselection import Postselect, postselect
from pl_hypernet.devices.record import Counts, Record
from pl_hypernet.devices.settings import Setting, results_of, settings_of
from pl_hypernet.devices.shadows import on_standard_wires, with_shadows, without_shadows
from pl_hypernet.errors import DeviceError
from pl_hypernet.measurements import ZeroProbability
from pl_hypernet.mps.batches import overlap_all, sample_all
from pl_hypernet.mps.circuit import Circuit
from pl_hypernet.mps.outcomes import Outcomes, Turned
from pl_hypernet.mps.site_order import site_order
from pl_hypernet.mps.state import MAX_EXACT_WIRES, MatrixProductState

REDUCED = (DensityMatrixMP, VnEntropyMP, PurityMP, MutualInfoMP)
UNRESOLVED = {MidMeasure, Conditional, Allocate, Deallocate}
StatesOf = Callable[[list[list[Operator]], list[Wires]], list[MatrixProductState]]


def measure_all(
    circuits: list[QuantumScript],
    device_wires: Wires | None,
    states_of: StatesOf,
    rng: np.random.Generator,
    record: Record,
    precision: str = "single",
    postselect_mode: str | None = None,
) -> tuple:
    """The results of circuits, given a way to make states.

    Each circuit has one state, of which everything is measured.

    Args:
        circuits: without broadcasting; with shots any measurements that PennyLane can process from
            samples, without shots those of :func:`exact_value`, whether they commute or not.
        device_wires: None: those of each circuit.
        states_of: lists of operations, and an order of the wires for each -> their states, with
            sites in this order or in one of their own, the same for all circuits.
        rng, precision: as of :meth:`MatrixProductState.sample`.
        postselect_mode: see :func:`postselect`.
        record: of the device, which has counted each circuit once. One that is measured in several
            bases counts as so many, each with all shots.

    Returns:
        One result for each circuit, as PennyLane's devices give them.
    """
    pending = [_pending(circuit, device_wires) for circuit in circuits]
    _make_states(pending, states_of)
    for one in pending:
        one.circuit, state = postselect(one.circuit, one.states[0], postselect_mode, rng)
        one.states = (state, *one.states[1:])
        if more := max(0, len(one.settings) - 1):
            total = one.circuit.shots.total_shots
            record.counts += Counts(circuits=more, shots=more * total)
    overlaps = iter(overlap_all([one.states for one in pending if len(one.states) == 2]))
    shots = _draw(pending, rng, precision)
    return tuple(
        next(overlaps) if len(one.states) == 2 else _result(one, shots, rng) for one in pending
    )


@dataclass(eq=False)
class PendingCircuit:
    """A circuit on the way to its result.

    Attributes:
        operations: that make the state.
        order: of the sites.
        wires: in the order of its results.
        settings: in which bases it is measured; none without shots.
        end: what is done to the bits instead of the state.
        states: its state; two, where it asks for their overlap and nothing else.
    """

    circuit: QuantumScript
    operations: Circuit
    order: Wires
    wires: Wires
    settings: list[Setting]
    end: list[Operator]
    states: tuple[MatrixProductState, ...] = ()


def _pending(circuit: QuantumScript, device_wires: Wires | None) -> PendingCircuit:
    if device_wires is None:
        circuit = on_standard_wires(circuit)
        device_wires = Wires(range(len(circuit.wires)))
    operations = Circuit(op for op in circuit.operations if not isinstance(op, Postselect))
    if UNRESOLVED.intersection(operations.kinds):
        raise DeviceError(
            "a circuit with mid-circuit measurements or allocated wires has no one state: "
            "expected one that the device preprocessed, run it through a QNode or qml.execute"
        )
    order = site_order(operations, device_wires)
    # and any that deferred measurements have added
    wires = device_wires
    if not same_wires(wires, order):
        wires = Wires.all_wires([wires, order])
    bare = without_shadows(circuit)
    settings = settings_of(bare, wires) if bare.shots else []
    end: list[Operator] = []
    unconditional = bare is circuit and len(operations) == len(circuit.operations)
    if settings and unconditional and all(_is_computational(s.basis) for s in settings):
        operations, end = without_permutation(operations)
    return PendingCircuit(circuit, operations, order, wires, settings, end)


def _make_states(pending: list[PendingCircuit], states_of: StatesOf) -> None:
    parts: list[list[Operator]] = []
    sites: list[Wires] = []
    for one in pending:
        halves = _is_overlap(one.circuit)
        parts += _halves(one.operations) if halves else [one.operations]
        sites += [one.order] * (1 + halves)
    made = iter(states_of(parts, sites))
    for one in pending:
        one.states = tuple(next(made) for _ in range(1 + _is_overlap(one.circuit)))


def _draw(pending: list[PendingCircuit], rng, precision) -> Iterator[tuple[np.ndarray, Wires]]:
    """Bits of each setting of each circuit in turn, and their wires."""
    drawn = [
        (_in_basis(one.states[0], setting.basis), one.circuit.shots.total_shots)
        for one in pending
        for setting in one.settings
    ]
    bits = sample_all([source for source, _ in drawn], [n for _, n in drawn], rng, precision)
    return zip(bits, (source.wires for source, _ in drawn), strict=True)


def _result(
    one: PendingCircuit, shots: Iterator[tuple[np.ndarray, Wires]], rng: np.random.Generator
):
    """As PennyLane's devices give it."""
    circuit, state = one.circuit, one.states[0]
    if not circuit.shots:
        values = [exact_value(m, state, one.wires) for m in circuit.measurements]
        return values[0] if len(values) == 1 else tuple(values)
    drawn = [next(shots) for _ in one.settings]
    measured = [_on_wires(permuted(*pair, one.end), pair[1], one.wires) for pair in drawn]
    bare = without_shadows(circuit)
    result = results_of(bare, one.settings, measured)
    if bare is circuit:
        return result
    return with_shadows(circuit, result, state, one.wires, rng)


def _in_basis(state: MatrixProductState, basis: Basis) -> MatrixProductState | Turned | Outcomes:
    """What bits of a basis are drawn from."""
    if isinstance(basis, Wires):
        return state
    if isinstance(basis, Rotation):
        return Outcomes(state.probabilities(basis.wires, basis.unitary), basis.wires)
    rotations = _rotations(basis)
    return Turned(state, rotations) if rotations else state


def _is_computational(basis: Basis) -> bool:
    """Whether it is the computational basis."""
    return isinstance(basis, Wires) or not (isinstance(basis, Rotation) or _rotations(basis))


def _rotations(word: PauliWord) -> dict:
    """Unitary matrices (2, 2) of wires, into the eigenbasis of a word."""
    return {w: PAULI_ROTATIONS[letter] for w, letter in word.items() if letter != "Z"}


def _on_wires(bits: np.ndarray, drawn: Wires, wires: Wires) -> tuple[np.ndarray, Wires]:
    """Bits of all wires in the order asked for, whatever the sites; of some wires as drawn."""
    if same_wires(drawn, wires) or len(drawn) < len(wires):
        return bits, drawn
    column = {wire: i for i, wire in enumerate(drawn)}
    return bits[:, [column[wire] for wire in wires]], wires


def exact_value(measurement: MeasurementProcess, state: MatrixProductState, wires: Wires):
    """The value of a measurement without shots.

    Expectation values and variances of Pauli words, of sums of them and of projectors on basis
    states are contracted at any number of wires; a matrix acts on the reduced state of its wires.
    """
    observable = measurement.obs
    asked = measurement.wires or wires
    if isinstance(measurement, ZeroProbability):
        return Projection(dict.fromkeys(asked, 0)).mean(state)
    if isinstance(measurement, ProbabilityMP):
        basis = None if observable is None else own_basis(observable)
        if isinstance(basis, Rotation):
            return state.probabilities(basis.wires, basis.unitary)
        rotations = {} if basis is None else _rotations(basis)
        return (state.rotated(rotations) if rotations else state).probabilities(asked)
    if isinstance(measurement, ExpectationMP | VarianceMP):
        if observable is None:  # of bits, as outcomes of mid-circuit measurements
            probabilities = state.probabilities(asked)
            values = np.asarray(measurement.eigvals(), dtype=float)
            mean, second = probabilities @ values, probabilities @ values**2
            return mean if isinstance(measurement, ExpectationMP) else max(0.0, second - mean**2)
        forms = summands(observable)
        if isinstance(measurement, ExpectationMP):
            return np.float64(sum(form.mean(state) for form in forms))
        form = forms[0] if len(forms) == 1 else Matrix.of(observable)
        return np.float64(form.variance(state))
    if isinstance(measurement, StateMeasurement) and observable is None:
        return _of_state(measurement, state, wires)
    raise DeviceError(f"{measurement} has no value without shots: set shots with qml.set_shots")


def _of_state(measurement: StateMeasurement, state: MatrixProductState, wires: Wires):
    """What a reduced density matrix tells, as an entropy; else from the state vector.

    The entropy of one end of the line against the other is that of a bond, at any size.
    """
    asked = measurement.wires
    if isinstance(measurement, VnEntropyMP):
        ends = (state.wires[: len(asked)], state.wires[len(state.wires) - len(asked) :])
        bonds = (len(asked), len(state.wires) - len(asked))
        for end, bond in zip(ends, bonds, strict=True):
            if set(end) == set(asked) and 0 < bond < len(state.wires):
                nats = state.entanglement_entropies()[bond - 1]
                return nats / np.log(measurement.log_base or np.e)
    small = len(state.wires) <= MAX_EXACT_WIRES
    if (
        isinstance(measurement, REDUCED)
        and asked
        and (state.can_reduce_to(len(asked)) or not small)
    ):
        rho = state.reduced_density_matrix(asked)
        numbered = measurement.map_wires({wire: i for i, wire in enumerate(asked)})
        return numbered.process_density_matrix(rho, Wires(range(len(asked))))
    # PennyLane's entropies take labels for positions
    numbered = measurement.map_wires({wire: i for i, wire in enumerate(wires)})
    return numbered.process_state(state.state_vector(wires), Wires(range(len(wires))))


def _is_overlap(circuit: QuantumScript) -> bool:
    """Whether a circuit without shots asks for the probability of 0...0 on all that it touches,
    and nothing else."""
    if circuit.shots or len(circuit.measurements) != 1:
        return False
    if circuit.operations and isinstance(circuit.operations[-1], Postselect):
        return False
    (measurement,) = circuit.measurements
    if not isinstance(measurement, ZeroProbability):
        return False
    return not measurement.wires or set(circuit.op_wires) <= set(measurement.wires)


def _halves(operations: list[Operator]) -> list[list[Operator]]:
    """Circuits U and V with operations = V^dagger U, so that <0|V^dagger U|0> is an overlap.

    Cut in the middle: for a circuit and its inverse each half then is one of the two states. What
    both end with is left out.
    """
    middle = (len(operations) + 1) // 2
    return list(without_common_end(operations[:middle], undone(operations[middle:])))
