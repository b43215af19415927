"""The state of the hardware-efficient ansatz, with ways of its own to sample and to contract it."""

from functools import cached_property

import numpy as np

from pl_hypernet.circuits.ansatz import HardwareEfficientAnsatz
from pl_hypernet.devices.mps import light_cone, walsh
from pl_hypernet.devices.mps.ansatz_state import ansatz_tensors, bond_dims
from pl_hypernet.devices.mps.state import MatrixProductState


class AnsatzState(MatrixProductState):
    """The exact matrix product state of an ansatz.

    A chain of CZ is sampled through its light cones, in O(2^P P) a shot and qubit, and overlaps are
    contracted by Walsh-Hadamard transforms, in O(4^P P) a qubit; the tensors are written down only
    when something else asks for them.

    Args:
        ansatz: one circuit, without broadcasting; its wires are the sites.
    """

    def __init__(self, ansatz: HardwareEfficientAnsatz):
        self.__dict__.update(
            ansatz=ansatz,
            theta=np.asarray(ansatz.data[0], dtype=float),
            wires=ansatz.wires,
            bond_dims=bond_dims(ansatz),
            truncation_error=0.0,
        )

    @cached_property
    def tensors(self) -> np.ndarray:
        return ansatz_tensors(self.theta[None], self.ansatz)[0]

    def draw(self, uniforms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if light_cone.fits(self.ansatz):
            return light_cone.cones(self.theta, self.ansatz).draw(uniforms)
        return super().draw(uniforms)

    @cached_property
    def paths(self) -> np.ndarray:
        """Path amplitudes of each site, of a chain of CZ: see :mod:`walsh`."""
        return walsh.path_amplitudes(self.theta, self.ansatz)

    def overlap(self, other: MatrixProductState) -> float:
        if self._like(other):
            ones = np.ones((len(self.wires), 2))
            return abs(walsh.contract(other.paths, self.paths, ones)) ** 2
        return super().overlap(other)

    def _like(self, other) -> bool:
        """Whether both are chains of CZ on the same wires with equally many layers."""
        return (
            isinstance(other, AnsatzState)
            and light_cone.is_cz_chain(self.ansatz)
            and light_cone.is_cz_chain(other.ansatz)
            and self.wires == other.wires
            and self.ansatz.n_layers == other.ansatz.n_layers
        )
