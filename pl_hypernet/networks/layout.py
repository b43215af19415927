"""What each qubit means: the names of a network's bits, in the order of the qubits."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import accumulate

import numpy as np
import torch

from pl_hypernet.errors import InputError
from pl_hypernet.memory import check_memory, rounded
from pl_hypernet.networks.block import Block
from pl_hypernet.words import counted

BIT_BYTES = 64  # of each bit of a network: its place, its angles, its share of a gradient


class ParameterLayout:
    """Names each qubit, decodes bitstrings and encodes them back.

    A qubit can stand for several bits of the network (``tied``), and a bit can be a constant
    without a qubit (``fixed``). Both go by the names of bits, ``layers.0.weight[0, 3]``, or of what
    such names begin with, ``layers.0.weight`` or ``layers.0``, for all of these bits in order.

    Args:
        blocks: in the order of the bits.
        tied: groups of names; the bits of all names of a group are the same.
        fixed: {name: bit}, or {name: bits} where the name is that of several.

    Attributes:
        names (list): of each qubit; of tied ones the first.

    Raises:
        InputError: an unknown name, groups that do not fit, bits other than 0 and 1.

    >>> layout = ParameterLayout([Block("layers.0.weight", (1, 2)),
    ...                           Block("choice.activation", (), (0, 1))])
    >>> layout.names
    ['layers.0.weight[0, 0]', 'layers.0.weight[0, 1]', 'choice.activation']
    """

    def __init__(
        self,
        blocks: Sequence[Block],
        tied: Iterable[Sequence[str]] = (),
        fixed: Mapping[str, int | Sequence[int]] | None = None,
    ):
        self.blocks = tuple(blocks)
        ends = list(accumulate(block.n_qubits for block in blocks))
        self._slices = {
            block.name: slice(end - block.n_qubits, end)
            for block, end in zip(blocks, ends, strict=True)
        }
        self.n_bits = ends[-1] if ends else 0
        check_memory(
            BIT_BYTES * self.n_bits,
            f"networks of {rounded(self.n_bits)} bits",
            "use smaller layers",
        )
        self._first = np.arange(self.n_bits)  # of each qubit its bit, the first of tied ones
        self._source = None
        if tied or fixed:
            self._first, self._source = self._constrained(tied, fixed or {})
        self.n_qubits = len(self._first)

    def __repr__(self) -> str:
        blocks = ", ".join(block.name for block in self.blocks)
        return f"<ParameterLayout: {counted(self.n_qubits, 'qubit')} of {blocks}>"

    @cached_property
    def _bit_names(self) -> list[str]:
        return [name for block in self.blocks for name in block.names]

    @cached_property
    def _bits_named(self) -> dict[str, list[int]]:
        """Of each name of a bit, and each that one begins with, the bits."""
        bits = defaultdict(list)
        for i, name in enumerate(self._bit_names):
            for end in (match.start() for match in re.finditer(r"[.[]|$", name)):
                bits[name[:end]].append(i)
        return dict(bits)

    @cached_property
    def names(self) -> list[str]:
        """A name for each qubit."""
        return [self._bit_names[i] for i in self._first]

    def __len__(self) -> int:
        return self.n_qubits

    def __iter__(self):
        return iter(self.names)

    def part(self, bits, *names: str) -> dict[str, list[int]]:
        """Some bits of one bitstring as ``fixed`` takes them, for a warm start.

        Args:
            bits: int8 (n_qubits,) of this layout.
            *names: what names of bits are or begin with; none: all.
        """
        row = self._expanded(np.asarray(bits)[None])[0]
        return {name: row[self._find(name)].tolist() for name in names or self._slices}

    def decode(self, bits, names: Iterable[str] | None = None) -> dict:
        """Bitstrings as what they stand for.

        Args:
            bits: int8 (S, n_qubits) in {0, 1}, numpy or torch; real numbers of torch: see
                :meth:`Block.decode`.
            names: of the blocks that are wanted; None: all.

        Returns:
            A dict with, for each block, (S, *shape): its levels, as +1 and -1 for weights and
            biases, or the number of an option for choices; same type and dtype as ``bits``.

        Raises:
            InputError: wrong shape.
        """
        wanted = None if names is None else set(names)
        return {
            block.name: block.decode(part)
            for block, part in zip(self.blocks, self.split(bits), strict=True)
            if wanted is None or block.name in wanted
        }

    def split(self, bits) -> list:
        """The bits (S, n) of each block, of bits (S, n_qubits), numpy or torch.

        Raises:
            InputError: wrong shape.
        """
        if bits.ndim != 2 or bits.shape[1] != self.n_qubits:
            raise InputError(
                f"bits have shape {tuple(bits.shape)}: expected (shots, {self.n_qubits}), a column "
                "for each qubit of the network"
            )
        bits = self._expanded(bits)
        return [bits[:, self._slices[block.name]] for block in self.blocks]

    def join(self, by_bit: Sequence[torch.Tensor]) -> torch.Tensor:
        """Derivatives by each qubit, (S, n_qubits), of those by the bits of each block.

        The transpose of :meth:`split`: a qubit that stands for several bits gets their sum.
        """
        joined = torch.cat(list(by_bit), dim=1)
        if self._source is None:
            return joined
        sums = joined.new_zeros(len(joined), self.n_qubits + 2)  # and the two constants
        source = torch.as_tensor(self._source, device=joined.device)
        return sums.index_add_(1, source, joined)[:, : self.n_qubits]

    def encode(self, values: Mapping) -> np.ndarray:
        """The inverse of :meth:`decode`: arrays (S, *shape) for each block to int8 (S, n_qubits).

        Where several codes stand for the same, it gives the first of them, and knows no other if a
        bit of it is tied or fixed.

        Raises:
            InputError: a block is missing or has the wrong shape or values, or does not keep what
                is tied or fixed.
        """
        columns = []
        for block in self.blocks:
            if block.name not in values:
                raise InputError(f"{block.name} is missing: expected {list(self._slices)}")
            value = np.asarray(values[block.name])
            if value.shape[1:] != block.shape:
                raise InputError(
                    f"{block.name} has shape {value.shape}: expected (S, *{block.shape})"
                )
            columns.append(block.encode(value))
        bits = np.concatenate(columns, axis=1)
        if self._source is None:
            return bits
        qubits = bits[:, self._first]
        wrong = np.flatnonzero((self._expanded(qubits) != bits).any(axis=0))
        if len(wrong):
            raise InputError(
                f"{self._bit_names[wrong[0]]} is tied or fixed, and holds another value"
            )
        return qubits

    def qubits_of(self, *names: str) -> np.ndarray:
        """The qubits that decide any bit of some names: int (n,), ascending.

        Args:
            *names: what names of bits are or begin with.
        """
        bits = np.concatenate([np.zeros(0, dtype=int), *map(self._find, names)])
        if self._source is not None:
            bits = self._source[bits]
        return np.unique(bits[bits < self.n_qubits])  # the rest are constants

    def _find(self, name: str) -> np.ndarray:
        """The bits that a name means."""
        if name in self._slices:
            return np.arange(self.n_bits)[self._slices[name]]
        if name not in self._bits_named:
            known = ", ".join(self._slices)
            raise InputError(f"no bit is named {name!r}: names begin with {known}")
        return np.array(self._bits_named[name])

    def _constrained(self, tied, fixed) -> tuple[np.ndarray, np.ndarray]:
        """Of each qubit its bit; and of each bit its column in qubits, a column 0, a column 1."""
        # here alone: it takes a second to load
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        pairs = [np.zeros((2, 0), dtype=int)]
        for group in tied:
            if isinstance(group, str):
                raise InputError(f"tied {group!r}: expected groups of names, as [[A, B]]")
            members = [self._find(name) for name in group]
            if len(members) < 2 or len({len(indices) for indices in members}) != 1:
                numbers = " and ".join(str(len(indices)) for indices in members)
                raise InputError(
                    f"tied {list(group)}: expected two or more names of equally many bits, not "
                    f"{numbers}"
                )
            pairs += [np.stack([members[0], indices]) for indices in members[1:]]
        first, second = np.concatenate(pairs, axis=1)
        graph = coo_array((np.ones(len(first)), (first, second)), shape=(self.n_bits, self.n_bits))
        _, group_of = connected_components(graph, directed=False)
        leader = np.unique(group_of, return_index=True)[1][group_of]  # the first bit of each
        constant = np.full(self.n_bits, -1)
        for name, bits in fixed.items():
            indices, given, bits = self._find(name), bits, np.atleast_1d(bits)
            if bits.shape not in ((1,), (len(indices),)) or not np.isin(bits, (0, 1)).all():
                raise InputError(
                    f"fixed {name}={given}: expected a bit 0 or 1, or {len(indices)} of "
                    "them, one for each bit of this name"
                )
            for i, bit in zip(leader[indices], np.broadcast_to(bits, len(indices)), strict=True):
                if constant[i] not in (-1, bit):
                    raise InputError(f"fixed {name}: {self._bit_names[i]} is fixed otherwise")
                constant[i] = bit
        qubits = np.flatnonzero((leader == np.arange(self.n_bits)) & (constant < 0))
        if not len(qubits):
            raise InputError("every bit is fixed: leave one to the circuit at least")
        column = len(qubits) + constant
        column[qubits] = np.arange(len(qubits))
        return qubits, column[leader]

    def _expanded(self, bits):
        """Bits (S, n_bits) of qubits (S, n_qubits)."""
        if self._source is None:
            return bits
        if isinstance(bits, np.ndarray):
            constants = np.broadcast_to(np.array([0, 1], bits.dtype), (len(bits), 2))
            return np.concatenate([bits, constants], axis=1)[:, self._source]
        constants = bits.new_tensor([0, 1]).expand(len(bits), 2)
        return torch.cat([bits, constants], dim=1)[:, self._source]
