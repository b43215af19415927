"""What is known in closed form of the state of an operation: the interface, and who has one."""

from abc import ABC, abstractmethod
from functools import singledispatch

import numpy as np
import torch
from pennylane.ops.op_math import Adjoint
from pennylane.wires import Wires


class ClosedForm(ABC):
    """The exact state that an operation makes of ``|0...0>``, as a matrix product state.

    Bond dimension and tensors are what every form has. The rest is what some know besides; where a
    form does not, the tensors or the gates of the operation do.

    Attributes:
        wires: label of each site, in the order of the line.
        draw_bytes: memory in which shots are drawn without the tensors; None: they are needed.
        has_overlaps: whether overlaps are contracted without the tensors.
    """

    wires: Wires
    draw_bytes: int | None = None
    has_overlaps: bool = False

    @property
    @abstractmethod
    def bond_dim(self) -> int:
        """Of the exact state."""

    @abstractmethod
    def tensors(self) -> np.ndarray:
        """complex128 (n_sites, 2, chi, chi), as of :class:`MatrixProductState`.

        Raises:
            InputError: angles that are not finite.
        """

    def is_like(self, other: "ClosedForm") -> bool:
        """Whether the other circuit differs in its angles only, so that both are done together."""
        return False

    @staticmethod
    def draw(forms: list, uniforms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Shots of forms that are alike, from given numbers; where there are ``draw_bytes``.

        Args:
            forms: n of them.
            uniforms: float32 or float64 (n, n_sites, shots), in [0, 1].

        Returns:
            bits int8 (n, shots, n_sites) and the log of their probabilities, float64 (n, shots).
        """
        raise NotImplementedError

    @classmethod
    def bits(cls, forms: list, shots: int, rng: np.random.Generator, dtype: type) -> np.ndarray:
        """The bits of :meth:`draw` alone, for forms that have them for less.

        Args:
            forms: as of :meth:`draw`.
            shots: of each.
            rng: of the uniforms.
            dtype: of the uniforms.
        """
        return cls.draw(forms, rng.random((len(forms), len(forms[0].wires), shots), dtype))[0]

    @staticmethod
    def overlaps(pairs: list[tuple]) -> np.ndarray:
        """<bra|ket> of pairs (ket, bra) of forms that are all alike; where it ``has_overlaps``.

        Returns:
            complex128 (n,), right but for a phase.
        """
        raise NotImplementedError

    def log_p(self, bits: torch.Tensor) -> torch.Tensor | None:
        """log p of bits (shots, n_sites): float64 (shots,), differentiable by the parameters."""
        return None

    def z_expectations(self) -> torch.Tensor | None:
        """<Z> of each site: float64 (n_sites,), differentiable by the parameters."""
        return None

    def scores(self, bits: np.ndarray) -> np.ndarray | None:
        """d log p / d theta of each shot: float64 (shots, *shape of the operation's angles)."""
        return None

    def metric(self, between_qubits: bool = True) -> np.ndarray | None:
        """The Fubini-Study metric of the operation's angles: float64 (d, d).

        Args:
            between_qubits: whether to compute elements between angles of different qubits.

        Raises:
            DeviceError: it is too large to compute.
        """
        return None


@singledispatch
def closed_form(operation) -> ClosedForm | None:
    """The closed form of an operation, None where there is none.

    ``closed_form.register(MyOperation)`` makes another one known: a function from the operation to
    its :class:`ClosedForm`.
    """
    return None


def has_closed_form(operation) -> bool:
    """Whether operations of this type have one, or it is the inverse of such an operation."""
    if isinstance(operation, Adjoint):
        operation = operation.base
    return closed_form.dispatch(type(operation)) is not closed_form.dispatch(object)


def closed_form_alone(operations) -> ClosedForm | None:
    """The closed form of a circuit that is one operation, and nothing else."""
    return closed_form(operations[0]) if len(operations) == 1 else None
