"""What each qubit means: the names of a network's bits, in the order of the qubits."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, product

import numpy as np

from pl_hypernet.errors import InputError
from pl_hypernet.spins import SPINS


@dataclass(frozen=True)
class Block:
    """Qubits that belong together: a weight matrix, a vector of biases, or one choice.

    Attributes:
        name: such as ``layers.0.weight`` or ``choice.activation``.
        shape: shape of what it holds, row-major; ``()`` for a single bit.
        values: what the bits 0 and 1 stand for, integers; None: for themselves, as in a choice.
    """

    name: str
    shape: tuple[int, ...]
    values: tuple[int, int] | None = SPINS

    @property
    def n_qubits(self) -> int:
        return math.prod(self.shape)

    def decode(self, bits):
        """What bits stand for; any shape, type and dtype kept, which must be signed."""
        if self.values is None:
            return bits
        zero, one = self.values
        return zero + (one - zero) * bits


class ParameterLayout:
    """Names each qubit, decodes bitstrings and encodes them back.

    Args:
        blocks: in the order of the qubits.

    >>> layout = ParameterLayout([Block("layers.0.weight", (1, 2)),
    ...                           Block("choice.activation", (), None)])
    >>> layout.names
    ['layers.0.weight[0, 0]', 'layers.0.weight[0, 1]', 'choice.activation']
    """

    def __init__(self, blocks: list[Block]):
        self.blocks = tuple(blocks)
        ends = list(accumulate(block.n_qubits for block in blocks))
        self._slices = {
            block.name: slice(end - block.n_qubits, end)
            for block, end in zip(blocks, ends, strict=True)
        }
        self.n_qubits = ends[-1] if ends else 0

    @cached_property
    def names(self) -> list[str]:
        """A name for each qubit."""
        return [
            block.name + (f"[{', '.join(map(str, index))}]" if index else "")
            for block in self.blocks
            for index in product(*map(range, block.shape))
        ]

    def __len__(self) -> int:
        return self.n_qubits

    def __iter__(self):
        return iter(self.names)

    def __getitem__(self, name: str) -> slice:
        """The qubits of a block, as a slice of a bitstring."""
        return self._slices[name]

    def decode(self, bits) -> dict:
        """Bitstrings as what they stand for.

        Args:
            bits: int8 (S, n_qubits) in {0, 1}, numpy or torch.

        Returns:
            A dict with, for each block, (S, *shape): its values, as +1 and -1 for weights and
            biases, or bits for choices; same type and dtype as ``bits``.

        Raises:
            InputError: wrong shape.
        """
        if bits.ndim != 2 or bits.shape[1] != self.n_qubits:
            raise InputError(
                f"bits have shape {tuple(bits.shape)}: expected (shots, {self.n_qubits}), a column "
                "for each qubit of the network"
            )
        return {
            block.name: block.decode(
                bits[:, self._slices[block.name]].reshape(len(bits), *block.shape)
            )
            for block in self.blocks
        }

    def encode(self, values: Mapping) -> np.ndarray:
        """The inverse of :meth:`decode`: arrays (S, *shape) for each block to int8 (S, n_qubits).

        Raises:
            InputError: a block is missing or has the wrong shape or values.
        """
        columns = []
        for block in self.blocks:
            if block.name not in values:
                raise InputError(f"{block.name} is missing: expected {self._slices.keys()}")
            value = np.asarray(values[block.name])
            if value.shape[1:] != block.shape:
                raise InputError(
                    f"{block.name} has shape {value.shape}: expected (S, *{block.shape})"
                )
            allowed = block.values or (0, 1)
            if not np.isin(value, allowed).all():
                raise InputError(f"{block.name} holds other values than {allowed}")
            columns.append((value == allowed[1]).astype(np.int8).reshape(len(value), -1))
        return np.concatenate(columns, axis=1)
