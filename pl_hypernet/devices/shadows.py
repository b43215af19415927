"""Classical shadows: shots of which each is measured in a random Pauli basis of its own."""

from collections.abc import Iterable

import numpy as np
import pennylane as qml
from pennylane.measurements import ClassicalShadowMP, ShadowExpvalMP
from pennylane.tape import QuantumScript
from pennylane.wires import Wires

from pl_hypernet.devices.observable_forms import PAULI_ROTATIONS
from pl_hypernet.mps.random_bases import sample_in_bases
from pl_hypernet.mps.state import MatrixProductState

SHADOWS = (ClassicalShadowMP, ShadowExpvalMP)
BASES = np.array([PAULI_ROTATIONS["X"], PAULI_ROTATIONS["Y"], np.eye(2)])  # of recipes 0, 1, 2


def is_shadow(measurement) -> bool:
    return isinstance(measurement, SHADOWS)


def on_standard_wires(circuit: QuantumScript) -> QuantumScript:
    """With wires 0, 1, ...: PennyLane 0.45 leaves the observables of a shadow on their own."""
    mapped = circuit.map_to_standard_wires()
    if mapped is circuit or not any(isinstance(m, ShadowExpvalMP) for m in circuit.measurements):
        return mapped
    place = {wire: i for i, wire in enumerate(circuit.wires)}
    pairs = zip(circuit.measurements, mapped.measurements, strict=True)
    measurements = [_mapped(m, place) if isinstance(m, ShadowExpvalMP) else n for m, n in pairs]
    return QuantumScript(mapped.operations, measurements, shots=circuit.shots)


def _mapped(measurement: ShadowExpvalMP, place: dict) -> ShadowExpvalMP:
    several = isinstance(measurement.H, list | tuple)
    parts = [qml.map_wires(part, place) for part in (measurement.H if several else [measurement.H])]
    return ShadowExpvalMP(parts if several else parts[0], measurement.seed, measurement.k)


def without_shadows(circuit: QuantumScript) -> QuantumScript:
    """What a circuit asks for besides."""
    if not any(map(is_shadow, circuit.measurements)):
        return circuit
    others = [m for m in circuit.measurements if not is_shadow(m)]
    return QuantumScript(circuit.operations, others, shots=circuit.shots)


def with_shadows(
    circuit: QuantumScript,
    others,
    state: MatrixProductState,
    wires: Wires,
    rng: np.random.Generator,
):
    """The results of a circuit with shots, its shadows among them.

    Args:
        circuit: with finite shots.
        others: the results of :func:`without_shadows`.
        state: of the circuit.
        wires: what a shadow without wires is of.
        rng: of the shots.
    """
    bins = list(circuit.shots)
    parts = others if circuit.shots.has_partitioned_shots else [others]
    n_others = sum(not is_shadow(m) for m in circuit.measurements)
    results = []
    for shots, part in zip(bins, parts, strict=True):
        rest: Iterable = iter(part if n_others > 1 else [part])
        values = [
            _measured(m, state, wires, shots, rng) if is_shadow(m) else next(rest)
            for m in circuit.measurements
        ]
        results.append(values[0] if len(values) == 1 else tuple(values))
    return tuple(results) if circuit.shots.has_partitioned_shots else results[0]


def _measured(measurement, state: MatrixProductState, wires: Wires, shots: int, rng):
    """int8 (2, shots, n), bits and recipes; or the expectation values of a shadow."""
    asked = measurement.wires or wires
    # as PennyLane draws them, so that the same seed gives the same bases
    recipes = np.random.RandomState(measurement.seed).randint(0, 3, size=(shots, len(asked)))
    sites = [state.wires.index(wire) for wire in asked]
    bases = np.full((shots, len(state.wires)), 2)
    bases[:, sites] = recipes
    bits = sample_in_bases(state, BASES[bases], rng)[:, sites]
    if isinstance(measurement, ClassicalShadowMP):
        return np.stack([bits, recipes]).astype(np.int8)
    shadow = qml.ClassicalShadow(bits, recipes, wire_map=asked.tolist())
    return shadow.expval(measurement.H, measurement.k)
