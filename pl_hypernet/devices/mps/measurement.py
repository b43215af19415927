"""What circuits ask of a matrix product state: shots, exact values, overlaps."""

from collections.abc import Callable, Iterator

import numpy as np
import pennylane as qml
from pennylane.measurements import ExpectationMP, MeasurementProcess, ProbabilityMP, VarianceMP
from pennylane.operation import Operator
from pennylane.ops.qubit.observables import BasisStateProjector
from pennylane.tape import QuantumScript
from pennylane.wires import Wires

from pl_hypernet.devices.mps.evolution import site_order
from pl_hypernet.devices.mps.state import MatrixProductState
from pl_hypernet.measurements import ZeroProbability

StatesOf = Callable[[list[list[Operator]], list[Wires]], list[MatrixProductState]]


def measure_all(
    circuits: list[QuantumScript],
    wires: list[Wires],
    states_of: StatesOf,
    rng: np.random.Generator,
    precision: str = "single",
) -> tuple:
    """The results of circuits, given a way to make states.

    Args:
        circuits: with measurements that commute; with shots any that PennyLane can process from
            samples, without shots those of :func:`exact_value`, or a :class:`ZeroProbability`
            alone.
        wires: all wires of each circuit.
        states_of: lists of operations, and an order of the wires for each -> their states, with
            sites in this order or in one of their own, the same for all circuits.
        rng, precision: as of :meth:`MatrixProductState.sample`.

    Returns:
        One result for each circuit, as PennyLane's devices give them.
    """
    operations: list[list[Operator]] = []
    sites: list[Wires] = []
    for circuit, labels in zip(circuits, wires, strict=True):
        # measured in the eigenbasis of the observables, if there are any
        rotated = [*circuit.operations, *circuit.diagonalizing_gates]
        halves = _halves(rotated) if _is_overlap(circuit) else [rotated]
        operations += halves
        sites += [site_order(rotated, labels)] * len(halves)
    remaining = iter(states_of(operations, sites))
    return tuple(
        _measure(circuit, labels, remaining, rng, precision)
        for circuit, labels in zip(circuits, wires, strict=True)
    )


def _measure(circuit, wires: Wires, states: Iterator[MatrixProductState], rng, precision):
    """The result of one circuit, which takes its one or two states from the iterator."""
    state = next(states)
    if _is_overlap(circuit):
        return state.overlap(next(states))
    if not circuit.shots:
        results = [exact_value(m, state, wires) for m in circuit.measurements]
        return results[0] if len(results) == 1 else tuple(results)
    bits, _ = state.sample(circuit.shots.total_shots, rng, precision)
    if state.wires != wires:
        bits = bits[:, state.wires.indices(wires)]
    parts = []
    for start, stop in circuit.shots.bins():
        results = [m.process_samples(bits[start:stop], wires) for m in circuit.measurements]
        parts.append(results[0] if len(results) == 1 else tuple(results))
    return tuple(parts) if circuit.shots.has_partitioned_shots else parts[0]


def exact_value(measurement: MeasurementProcess, state: MatrixProductState, wires: Wires):
    """The value of a measurement without shots, of a state in the eigenbasis of its observable.

    Expectation values and variances of Pauli words and projectors on basis states are contracted
    at any number of wires; of other observables they come from the probabilities of their wires.
    """
    if isinstance(measurement, ProbabilityMP):
        return state.probabilities(measurement.wires or wires)
    if not isinstance(measurement, ExpectationMP | VarianceMP):
        return measurement.process_state(state.state_vector(wires), wires)
    observable = measurement.obs
    word = _pauli_word(observable)
    if isinstance(observable, BasisStateProjector):
        bits = observable.parameters[0]
        weights = {w: (1 - b, b) for w, b in zip(observable.wires, bits, strict=True)}
        first = second = state.diagonal_expectation(weights)
    elif word is not None:
        scale, word_wires = word
        first = scale * state.diagonal_expectation({wire: (1, -1) for wire in word_wires})
        second = scale**2
    elif not observable.has_diagonalizing_gates:  # a sparse Hamiltonian
        vector = state.state_vector(wires)
        applied = observable.sparse_matrix(wire_order=wires) @ vector
        first, second = np.vdot(vector, applied).real, np.vdot(applied, applied).real
    else:
        probabilities = state.probabilities(observable.wires)
        values = np.real(observable.eigvals())
        first, second = probabilities @ values, probabilities @ values**2
    value = first if isinstance(measurement, ExpectationMP) else second - first**2
    return np.float64(np.real(value))


def _pauli_word(observable) -> tuple[float, list] | None:
    """(coefficient, wires) of a multiple of one Pauli word; None for anything else."""
    sentence = observable.pauli_rep
    if sentence is None or len(sentence) != 1:
        return None
    ((word, coefficient),) = sentence.items()
    return float(np.real(coefficient)), list(word)


def _is_overlap(circuit: QuantumScript) -> bool:
    """Whether a circuit without shots asks for the probability of 0...0, and nothing else."""
    return (
        not circuit.shots
        and len(circuit.measurements) == 1
        and isinstance(circuit.measurements[0], ZeroProbability)
    )


def _halves(operations: list[Operator]) -> list[list[Operator]]:
    """Circuits U and V with operations = V^dagger U, so that <0|V^dagger U|0> is an overlap.

    Cut in the middle: for a circuit and its inverse each half then is one of the two states.
    """
    middle = (len(operations) + 1) // 2
    undone = [qml.adjoint(op, lazy=False) for op in reversed(operations[middle:])]
    return [operations[:middle], undone]
