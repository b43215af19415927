"""What circuits ask of a matrix product state: shots, exact values, overlaps.

The one place where tapes enter a device of states, whether PennyLane has preprocessed them or not.
"""

from collections.abc import Callable, Iterator

import numpy as np
import pennylane as qml
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
    circuits = list(circuits)
    if device_wires is None:
        circuits = [on_standard_wires(circuit) for circuit in circuits]
    operations = [
        Circuit(op for op in circuit.operations if not isinstance(op, Postselect))
        for circuit in circuits
    ]
    for circuit in operations:
        if UNRESOLVED.intersection(circuit.kinds):
            raise DeviceError(
                "a circuit with mid-circuit measurements or allocated wires has no one state: "
                "expected one that the device preprocessed, run it through a QNode or qml.execute"
            )
    given = [
        Wires(range(len(circuit.wires))) if device_wires is None else device_wires
        for circuit in circuits
    ]
    orders = [site_order(*pair) for pair in zip(operations, given, strict=True)]
    # and any that deferred measurements have added
    wires = [
        labels if same_wires(labels, order) else Wires.all_wires([labels, order])
        for labels, order in zip(given, orders, strict=True)
    ]
    states = _make_states(circuits, operations, orders, states_of)
    for i, (circuit, (state, *others)) in enumerate(zip(circuits, states, strict=True)):
        circuits[i], state = postselect(circuit, state, postselect_mode, rng)
        states[i] = (state, *others)
    plain = [without_shadows(circuit) for circuit in circuits]
    settings = [_settings(*pair, record) for pair in zip(plain, wires, strict=True)]
    overlaps = iter(overlap_all([pair for pair in states if len(pair) == 2]))
    shots = _draw(circuits, states, settings, rng, precision)
    results = []
    everything = zip(circuits, plain, wires, settings, states, strict=True)
    for circuit, bare, labels, asked, held in everything:
        if len(held) == 2:
            results.append(next(overlaps))
        elif circuit.shots:
            measured = [_on_wires(*next(shots), labels) for _ in asked]
            result = results_of(bare, asked, measured)
            if bare is not circuit:
                result = with_shadows(circuit, result, held[0], labels, rng)
            results.append(result)
        else:
            values = [exact_value(m, held[0], labels) for m in circuit.measurements]
            results.append(values[0] if len(values) == 1 else tuple(values))
    return tuple(results)


def _settings(circuit: QuantumScript, wires: Wires, record: Record) -> list[Setting]:
    """In which bases a circuit is measured; none without shots."""
    if not circuit.shots:
        return []
    settings = settings_of(circuit, wires)
    more = max(0, len(settings) - 1)
    record.counts += Counts(circuits=more, shots=more * circuit.shots.total_shots)
    return settings


def _make_states(
    circuits, operations: list[Circuit], orders: list[Wires], states_of: StatesOf
) -> list[tuple[MatrixProductState, ...]]:
    """The state of each circuit; the two whose overlap it is, where it is no more than that."""
    parts: list[list[Operator]] = []
    sites: list[Wires] = []
    for circuit, its_own, order in zip(circuits, operations, orders, strict=True):
        some = _halves(its_own) if _is_overlap(circuit) else [its_own]
        parts += some
        sites += [order] * len(some)
    made = iter(states_of(parts, sites))
    return [tuple(next(made) for _ in range(1 + _is_overlap(circuit))) for circuit in circuits]


def _draw(circuits, states, settings, rng, precision) -> Iterator[tuple[np.ndarray, Wires]]:
    """Bits of each setting of each circuit in turn, and their wires."""
    drawn = [
        (_in_basis(state, setting.basis), circuit.shots.total_shots)
        for circuit, (state, *_), asked in zip(circuits, states, settings, strict=True)
        for setting in asked
    ]
    bits = sample_all([source for source, _ in drawn], [n for _, n in drawn], rng, precision)
    return zip(bits, (source.wires for source, _ in drawn), strict=True)


def _in_basis(state: MatrixProductState, basis: Basis) -> MatrixProductState | Turned | Outcomes:
    """What bits of a basis are drawn from."""
    if isinstance(basis, Wires):
        return state
    if isinstance(basis, Rotation):
        return Outcomes(state.probabilities(basis.wires, basis.unitary), basis.wires)
    rotations = _rotations(basis)
    return Turned(state, rotations) if rotations else state


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

    Cut in the middle: for a circuit and its inverse each half then is one of the two states.
    """
    middle = (len(operations) + 1) // 2
    undone = [qml.adjoint(op, lazy=False) for op in reversed(operations[middle:])]
    return [operations[:middle], undone]
