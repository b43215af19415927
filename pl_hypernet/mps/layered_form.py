"""The closed form of rotations and entanglers in layers, as of the hardware-efficient ansatz."""

from functools import cached_property

import numpy as np
import pennylane as qml
import torch
from pennylane.wires import Wires

from pl_hypernet.circuits.ansatz import HardwareEfficientAnsatz
from pl_hypernet.errors import InputError
from pl_hypernet.mps import cones, walsh
from pl_hypernet.mps.chain_expectations import chain_z_expectations
from pl_hypernet.mps.chain_log_probability import chain_log_p
from pl_hypernet.mps.closed_form import ClosedForm, closed_form
from pl_hypernet.mps.fubini_study import fubini_study_metric
from pl_hypernet.mps.layered_tensors import layered_tensors
from pl_hypernet.mps.layers import Layers, layers_of
from pl_hypernet.mps.score_vectors import chain_score_vectors
from pl_hypernet.mps.sizes import is_deep


class LayeredForm(ClosedForm):
    """Rotations of every qubit, with entanglers between neighbours between them.

    A chain of CZ is sampled through its light cones, in O(2^P P) a shot and qubit, and overlaps are
    contracted by Walsh-Hadamard transforms, in O(4^P P) a qubit.

    Args:
        theta: tensor_like (n_rows, n_sites), radians.
        layers: the circuit but for its angles.
        wires: label of each site.
        phase: of the state besides, radians.
    """

    def __init__(self, theta, layers: Layers, wires: Wires, phase: float = 0.0):
        self.theta = theta
        self.layers = layers
        self.wires = wires
        self.phase = phase

    @property
    def bond_dim(self) -> int:
        return self.layers.bond_dim

    @cached_property
    def angles(self) -> np.ndarray:
        """theta as float64."""
        angles = qml.math.toarray(qml.math.unwrap([self.theta])[0]).astype(float)
        if not (np.isfinite(angles).all() and np.isfinite(self.phase)):
            raise InputError("the circuit has NaN or infinite angles: expected finite radians")
        return angles

    def tensors(self) -> np.ndarray:
        tensors = layered_tensors(self.angles[None], self.layers)[0]
        if self.phase:
            tensors[0] *= np.exp(1j * self.phase)
        return tensors

    def is_like(self, other: ClosedForm) -> bool:
        same = isinstance(other, LayeredForm) and self.layers == other.layers
        return same and self.wires == other.wires

    @property
    def has_cones(self) -> bool:
        """Whether the compiled kernels of a chain of CZ apply."""
        return self.layers.is_cz_chain or self.layers.is_product

    @property
    def draw_bytes(self) -> int | None:
        if not self.has_cones:
            return None
        return (64 if self.layers.is_product else 1024) * self.layers.n_sites * self.bond_dim

    @staticmethod
    def draw(forms: list, uniforms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        thetas = np.stack([form.angles for form in forms])
        return cones.cones(thetas, forms[0].layers).draw(uniforms)

    @classmethod
    def bits(cls, forms: list, shots: int, rng: np.random.Generator, dtype: type) -> np.ndarray:
        if not forms[0].layers.is_product:
            return super().bits(forms, shots, rng, dtype)
        thetas = np.stack([form.angles for form in forms])
        return cones.cones(thetas, forms[0].layers).bits(shots, rng, dtype)

    @property
    def has_overlaps(self) -> bool:
        return self.layers.is_cz_chain

    @cached_property
    def paths(self) -> np.ndarray:
        """Path amplitudes of each site, of a chain of CZ: see :mod:`walsh`."""
        return walsh.path_amplitudes(self.angles, self.layers)

    @staticmethod
    def overlaps(pairs: list[tuple]) -> np.ndarray:
        kets, bras = (np.stack([pair[side].paths for pair in pairs]) for side in (0, 1))
        return walsh.overlaps(bras, kets)


class AnsatzForm(LayeredForm):
    """Layers whose angles are those of the operation, so that derivatives are known as well."""

    def log_p(self, bits: torch.Tensor) -> torch.Tensor | None:
        return chain_log_p(self._torch_theta, self.layers, bits) if self._in_reach else None

    def z_expectations(self) -> torch.Tensor | None:
        theta = self._torch_theta
        if not self._in_reach or theta.device.type != "cpu":
            return None
        return chain_z_expectations(theta, self.layers)

    def scores(self, bits: np.ndarray) -> np.ndarray | None:
        if not self._in_reach:
            return None
        return chain_score_vectors(self._torch_theta.detach(), self.layers, bits)

    def metric(self, between_qubits: bool = True) -> np.ndarray:
        return fubini_study_metric(self.angles, self.layers, between_qubits)

    @property
    def _in_reach(self) -> bool:
        """Whether compiled kernels apply, and the circuit is not so deep that gates do better."""
        return self.has_cones and not is_deep(self.bond_dim, self.layers.n_sites)

    @property
    def _torch_theta(self) -> torch.Tensor:
        theta = self.theta
        theta = theta if torch.is_tensor(theta) else torch.tensor(np.array(theta, dtype=float))
        return theta.to(torch.float64)


@closed_form.register
def _(ansatz: HardwareEfficientAnsatz) -> ClosedForm | None:
    if ansatz.batch_size is not None:
        return None
    return AnsatzForm(ansatz.data[0], layers_of(ansatz), ansatz.wires)
