"""The state of the hardware-efficient ansatz, with ways of its own to sample and to contract it."""

from functools import cached_property

import numpy as np
import pennylane as qml

from pl_hypernet.circuits.ansatz import HardwareEfficientAnsatz
from pl_hypernet.errors import DeviceError, InputError
from pl_hypernet.mps import cones, walsh
from pl_hypernet.mps.ansatz_state import (
    CLOSED_FORM_BYTES,
    ansatz_tensors,
    bond_dims,
    tensor_bytes,
)
from pl_hypernet.mps.state import MatrixProductState


class AnsatzState(MatrixProductState):
    """The exact matrix product state of an ansatz.

    A chain of CZ is sampled through its light cones, in O(2^P P) a shot and qubit, and overlaps are
    contracted by Walsh-Hadamard transforms, in O(4^P P) a qubit; the tensors are written down only
    when something else asks for them.

    Args:
        ansatz: one circuit, without broadcasting; its wires are the sites.
        torch_device: where matrix products are done; the light cones know the CPU alone.
    """

    def __init__(self, ansatz: HardwareEfficientAnsatz, torch_device: str = "cpu"):
        theta = qml.math.toarray(qml.math.unwrap([ansatz.data[0]])[0]).astype(float)
        if not np.isfinite(theta).all():
            raise InputError("the ansatz has NaN or infinite angles: expected finite radians")
        self.__dict__.update(
            ansatz=ansatz,
            theta=theta,
            wires=ansatz.wires,
            bond_dims=bond_dims(ansatz),
            truncation_error=0.0,
            fidelity=1.0,
            torch_device=torch_device,
        )

    @cached_property
    def tensors(self) -> np.ndarray:
        if tensor_bytes(self.bond_dim, len(self.wires)) > CLOSED_FORM_BYTES:
            raise DeviceError(
                f"tensors of bond dimension {self.bond_dim} at {len(self.wires)} wires are too "
                "large to hold: ask for shots or overlaps alone, or set max_bond_dim"
            )
        return ansatz_tensors(self.theta[None], self.ansatz)[0]

    def draw(self, uniforms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if not self.has_light_cones:
            return super().draw(uniforms)
        bits, log_probabilities = draw_together([self], uniforms[None])
        return bits[0], log_probabilities[0]

    @property
    def is_cz_chain(self) -> bool:
        return cones.is_cz_chain(self.ansatz)

    @property
    def has_light_cones(self) -> bool:
        return cones.fits(self.ansatz) and self.torch_device == "cpu"

    @cached_property
    def paths(self) -> np.ndarray:
        """Path amplitudes of each site, of a chain of CZ: see :mod:`walsh`."""
        return walsh.path_amplitudes(self.theta, self.ansatz)

    def overlap(self, other: MatrixProductState) -> float:
        if self.is_cz_chain and self.is_like(other):
            return abs(walsh.overlaps(other.paths[None], self.paths[None])[0]) ** 2
        return super().overlap(other)

    def is_like(self, other) -> bool:
        """Whether the other circuit differs in its angles only."""
        return (
            isinstance(other, AnsatzState)
            and self.theta.shape == other.theta.shape
            and self.wires == other.wires
            and self.ansatz.hyperparameters == other.ansatz.hyperparameters
        )


def draw_together(states: list[AnsatzState], uniforms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shots of circuits that differ only in their angles, through their light cones.

    Args:
        states: of one ansatz for which ``cones.fits``.
        uniforms: float32 or float64 (n_states, n_sites, shots), in [0, 1].

    Returns:
        bits int8 (n_states, shots, n_sites) and the log of their probabilities, float64
        (n_states, shots).
    """
    thetas = np.stack([state.theta for state in states])
    return cones.cones(thetas, states[0].ansatz).draw(uniforms)
