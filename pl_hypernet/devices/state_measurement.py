"""What circuits ask of a matrix product state: shots, exact values, overlaps."""

from collections.abc import Callable

import numpy as np
import pennylane as qml
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
from pennylane.ops.qubit.observables import BasisStateProjector
from pennylane.tape import QuantumScript
from pennylane.wires import Wires

from pl_hypernet.measurements import ZeroProbability
from pl_hypernet.mps.batches import overlap_all, sample_all
from pl_hypernet.mps.evolution import site_order
from pl_hypernet.mps.state import MAX_EXACT_WIRES, MatrixProductState

MOMENTS = (ExpectationMP, VarianceMP)
REDUCED = (DensityMatrixMP, VnEntropyMP, PurityMP, MutualInfoMP)
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
    made = iter(states_of(operations, sites))
    states = [[next(made) for _ in range(1 + _is_overlap(circuit))] for circuit in circuits]
    overlaps = iter(overlap_all([tuple(held) for held in states if len(held) == 2]))
    sampled = [i for i, circuit in enumerate(circuits) if circuit.shots]
    bits = sample_all(
        [states[i][0] for i in sampled],
        [circuits[i].shots.total_shots for i in sampled],
        rng,
        precision,
    )
    results = []
    for circuit, labels, held in zip(circuits, wires, states, strict=True):
        if len(held) == 2:
            results.append(next(overlaps))
        elif circuit.shots:
            results.append(_from_bits(circuit, labels, next(bits), held[0].wires))
        else:
            values = [exact_value(m, held[0], labels) for m in circuit.measurements]
            results.append(values[0] if len(values) == 1 else tuple(values))
    return tuple(results)


def _from_bits(circuit: QuantumScript, wires: Wires, bits: np.ndarray, sites: Wires):
    """The result of a circuit with shots; the columns of the bits are the sites."""
    if sites != wires:
        bits = bits[:, sites.indices(wires)]
    parts = []
    for start, stop in circuit.shots.bins():
        results = [_of_samples(m, bits[start:stop], wires) for m in circuit.measurements]
        parts.append(results[0] if len(results) == 1 else tuple(results))
    return tuple(parts) if circuit.shots.has_partitioned_shots else parts[0]


def _of_samples(measurement, bits: np.ndarray, wires: Wires):
    """As PennyLane's ``process_samples``, without the 2^n eigenvalues of a long Pauli word."""
    word = _pauli_word(measurement.obs) if isinstance(measurement, MOMENTS) else None
    if word is None or not word[1]:
        return measurement.process_samples(bits, wires)
    scale, word_wires = word
    values = scale * (1 - 2 * (bits[:, wires.indices(Wires(word_wires))].sum(axis=1) % 2))
    return values.mean() if isinstance(measurement, ExpectationMP) else values.var()


def exact_value(measurement: MeasurementProcess, state: MatrixProductState, wires: Wires):
    """The value of a measurement without shots, of a state in the eigenbasis of its observable.

    Expectation values and variances of Pauli words and projectors on basis states are contracted
    at any number of wires; of other observables they come from the probabilities of their wires.
    """
    if isinstance(measurement, ProbabilityMP):
        return state.probabilities(measurement.wires or wires)
    if not isinstance(measurement, MOMENTS):
        return _of_state(measurement, state, wires)
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
