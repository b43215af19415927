"""A state in closed form, with its own ways to be sampled and contracted."""

from functools import cached_property

import numpy as np

from pl_hypernet.errors import DeviceError
from pl_hypernet.memory import rounded
from pl_hypernet.mps.closed_form import ClosedForm
from pl_hypernet.mps.sizes import CLOSED_FORM_BYTES, tensor_bytes
from pl_hypernet.mps.state import MatrixProductState


class ClosedFormState(MatrixProductState):
    """The exact matrix product state of a closed form.

    The tensors are written down only when something asks for them that the form has no way of its
    own to.

    Args:
        form: its wires are the sites.
        torch_device: where matrix products are done; forms draw on the CPU alone.
    """

    def __init__(self, form: ClosedForm, torch_device: str = "cpu"):
        bond_dims = np.full(len(form.wires) + 1, form.bond_dim)
        bond_dims[0] = bond_dims[-1] = 1
        self.__dict__.update(
            form=form,
            wires=form.wires,
            bond_dims=bond_dims,
            fidelity=1.0,
            torch_device=torch_device,
        )

    @cached_property
    def tensors(self) -> np.ndarray:
        if tensor_bytes(self.bond_dim, len(self.wires)) > CLOSED_FORM_BYTES:
            raise DeviceError(
                f"tensors of bond dimension {rounded(self.bond_dim)} at {len(self.wires)} wires "
                "are too large to hold: ask for shots or overlaps alone, or set max_bond_dim"
            )
        return self.form.tensors()

    @property
    def draws_by_form(self) -> bool:
        return self.form.draw_bytes is not None and self.torch_device == "cpu"

    def draw(self, uniforms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if not self.draws_by_form:
            return super().draw(uniforms)
        bits, log_probabilities = self.form.draw([self.form], uniforms[None])
        return bits[0], log_probabilities[0]

    def overlap(self, other: MatrixProductState) -> float:
        if self.form.has_overlaps and self.is_like(other):
            return abs(self.form.overlaps([(self.form, other.form)])[0]) ** 2
        return super().overlap(other)

    def is_like(self, other: MatrixProductState) -> bool:
        """Whether the other state is of the same form, and differs in its angles only."""
        return isinstance(other, ClosedFormState) and self.form.is_like(other.form)
