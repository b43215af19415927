"""Qiskit Aer's matrix product state simulator on one thread."""

from collections.abc import Callable

import numpy as np
from qiskit import QuantumCircuit, transpile
from qiskit_aer import AerSimulator

FASTEST = "mps_probabilities"
# names that are not PennyLane's in small letters
QISKIT = {"PauliX": "x", "PauliZ": "z", "Hadamard": "h", "PhaseShift": "p", "CNOT": "cx"}
QISKIT |= {"ControlledPhaseShift": "cp", "IsingZZ": "rzz"}


def aer(
    gates: list, n_wires: int, algorithm: str | None = FASTEST, max_bond_dim: int | None = None
) -> Callable:
    """shots -> Aer's result, of a circuit transpiled beforehand and a measurement of every wire.

    Args:
        gates: PennyLane's operations on wires 0, 1, ....
        n_wires: number of wires.
        algorithm: Aer's ``mps_sample_measure_algorithm``; None: the one that it chooses.
        max_bond_dim: largest bond dimension that Aer keeps; None: no limit.
    """
    simulator = AerSimulator(method="matrix_product_state", max_parallel_threads=1)
    # or the transpiler refuses more than 63 qubits, and Aer's far too large estimate of the memory
    simulator.set_options(n_qubits=n_wires, max_memory_mb=10**12)
    if algorithm is not None:
        simulator.set_options(mps_sample_measure_algorithm=algorithm)
    if max_bond_dim is not None:
        simulator.set_options(matrix_product_state_max_bond_dimension=max_bond_dim)
    circuit = QuantumCircuit(n_wires, n_wires)
    for gate in gates:
        if gate.name == "QubitUnitary":  # Qiskit's first qubit is the least significant
            circuit.unitary(gate.matrix(), list(gate.wires)[::-1])
        else:
            name = QISKIT.get(gate.name, gate.name.lower())
            getattr(circuit, name)(*map(float, gate.data), *gate.wires)
    circuit.measure(range(n_wires), range(n_wires))
    circuit = transpile(circuit, simulator, optimization_level=1)

    def run(shots):
        result = simulator.run(circuit, shots=shots, memory=True, seed_simulator=0).result()
        if not result.success:
            raise RuntimeError(f"Aer failed: {result.status}")
        return result

    return run


def aer_bits(result) -> np.ndarray:
    """Bits int8 (shots, wires) of Aer's result; Qiskit writes the last qubit first."""
    return np.array([list(shot[::-1]) for shot in result.get_memory()]).astype(np.int8)
