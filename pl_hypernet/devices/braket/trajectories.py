"""Shots of circuits with Pauli noise, without a density matrix: each has errors of its own."""

import numpy as np
from braket.circuits import Circuit, Gate, Instruction
from braket.circuits.measure import Measure
from braket.circuits.noises import BitFlip, Depolarizing, TwoQubitDepolarizing

AMPLITUDES = 2**21  # held at a time
PAULIS = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
ERRORS = {  # a noise -> what acts if it acts, all equally likely: a Pauli matrix for each target
    BitFlip: [(1,)],
    Depolarizing: [(1,), (2,), (3,)],
    TwoQubitDepolarizing: [(i, j) for i in range(4) for j in range(4) if i or j],
}


def sample_trajectories(circuit: Circuit, shots: int, rng: np.random.Generator) -> np.ndarray:
    """Bits of a circuit with bit flips and depolarising noise, exactly as distributed.

    A Pauli channel applies one of a few Pauli words at random, so each shot is drawn from the state
    vector of the circuit with errors drawn for this shot: O(shots 2^n) a gate, where a density
    matrix takes O(4^n).

    Args:
        circuit: gates, noise, and measurements that are not needed.
        shots: how many.
        rng: draws the errors and the bits.

    Returns:
        int8 (shots, n_qubits), the columns in ascending order of the qubits.

    Raises:
        NotImplementedError: another kind of noise, or of instruction.
    """
    at_once = max(1, AMPLITUDES >> circuit.qubit_count)
    sizes = [min(at_once, shots - start) for start in range(0, shots, at_once)]
    return np.concatenate([_sample_block(circuit, size, rng) for size in sizes])


def _sample_block(circuit: Circuit, shots: int, rng: np.random.Generator) -> np.ndarray:
    n_qubits = circuit.qubit_count
    axis = {qubit: 1 + i for i, qubit in enumerate(sorted(circuit.qubits))}
    states = np.zeros((shots, *[2] * n_qubits), dtype=np.complex64)
    states[(slice(None), *[0] * n_qubits)] = 1
    for instruction in circuit.instructions:
        axes = [axis[qubit] for qubit in instruction.target]
        operator = instruction.operator
        if isinstance(operator, Gate) and not instruction.control:
            states = _apply(operator.to_matrix(), states, axes)
        elif type(operator) in ERRORS:
            words = ERRORS[type(operator)]
            for shot in np.flatnonzero(rng.random(shots) < operator.probability):
                for pauli, at in zip(words[rng.integers(len(words))], axes, strict=True):
                    states[shot : shot + 1] = _apply(PAULIS[pauli], states[shot : shot + 1], [at])
        elif not isinstance(operator, Measure):
            raise NotImplementedError(_refused(instruction))
    weights = np.cumsum(np.abs(states.reshape(shots, -1)) ** 2, axis=1, dtype=np.float64)
    drawn = (weights < rng.random((shots, 1)) * weights[:, -1:]).sum(axis=1)
    return ((drawn[:, None] >> np.arange(n_qubits)[::-1]) & 1).astype(np.int8)


def _apply(matrix: np.ndarray, states: np.ndarray, axes: list[int]) -> np.ndarray:
    """A gate on some axes of states (shots, 2, ..., 2)."""
    k = len(axes)
    tensor = matrix.astype(np.complex64).reshape([2] * (2 * k))
    moved = np.tensordot(tensor, states, axes=(range(k, 2 * k), axes))
    return np.moveaxis(moved, range(k), axes)


def _refused(instruction: Instruction) -> str:
    return (
        f"{instruction.operator.name}: shots with errors of their own expect gates, bit flips and "
        "depolarising noise"
    )
