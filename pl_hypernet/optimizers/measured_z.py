"""The gradient of a weighted sum of <Z> of all bits, measured by shifts in parallel."""

from collections.abc import Callable

import numpy as np

from pl_hypernet.circuits.parallel_shifts import angles_of_gates, parallel_shifts
from pl_hypernet.mps.evolution import gates_of
from pl_hypernet.spins import to_spins


class MeasuredZ:
    """Parameter shift of all angles, those whose light cones do not meet in one circuit.

    Args:
        operations_at: angles float64 (n_angles,) -> the operations of the circuit.
        wires: of the bits, in order.
        n_angles: how many there are.

    Attributes:
        shifts: float64 (n_circuits, n_angles), what is added to the angles in each circuit.
        n_circuits (int): of each gradient, whatever the number of qubits.

    Raises:
        InputError: a circuit that it cannot be measured of: see :func:`parallel_shifts`.
    """

    def __init__(self, operations_at: Callable, wires, n_angles: int):
        def gates_at(vector):
            return [gate for operation in operations_at(vector) for gate in gates_of(operation)]

        self._n_angles = n_angles
        self._plan = parallel_shifts(*angles_of_gates(gates_at, n_angles), wires)
        self.n_circuits = self._plan.n_circuits

    @property
    def shifts(self) -> np.ndarray:
        return self._plan.shifts(self._n_angles)

    def gradient(self, weights: np.ndarray, shots: list[np.ndarray]) -> np.ndarray:
        """The gradient of sum_i weights_i <Z_i> from the shots of these circuits.

        Args:
            weights: float64 (n_wires,).
            shots: of each circuit, int8 (shots, n_wires).

        Returns:
            float64 (n_angles,).
        """
        z = np.array([to_spins(bits.mean(axis=0)) for bits in shots])
        return self._plan.gradient(weights, z.reshape(-1, len(weights)), self._n_angles)
