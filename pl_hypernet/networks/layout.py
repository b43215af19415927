"""What each qubit means: the names of a network's bits, in the order of the qubits."""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, product

import numpy as np
import torch

from pl_hypernet.errors import InputError
from pl_hypernet.memory import check_memory, rounded
from pl_hypernet.spins import SPINS

BIT_BYTES = 64  # of each bit of a network: its place, its angles, its share of a gradient


@dataclass(frozen=True)
class Block:
    """Qubits that belong together: a weight matrix, a vector of biases, or choices of one kind.

    Attributes:
        name: such as ``layers.0.weight`` or ``choice.activation``.
        shape: shape of what it holds, row-major; ``()`` for a single number.
        levels: what the codes 0, 1, ... of a number stand for, at least two of them, int8. A
            number takes as many bits as its codes need, the most significant first. Codes beyond
            the last level are shared out evenly: code c stands for ``levels[c % len(levels)]``.
    """

    name: str
    shape: tuple[int, ...]
    levels: tuple[int, ...] = SPINS

    @property
    def n_bits(self) -> int:
        """Bits of each number."""
        return (len(self.levels) - 1).bit_length()

    @property
    def n_qubits(self) -> int:
        return math.prod(self.shape) * self.n_bits

    @property
    def names(self) -> list[str]:
        """``layers.0.weight[0, 3]``, and ``layers.0.weight[0, 3].bit0`` where there are several."""
        numbers = [
            self.name + (f"[{', '.join(map(str, index))}]" if index else "")
            for index in product(*map(range, self.shape))
        ]
        if self.n_bits == 1:
            return numbers
        return [f"{number}.bit{k}" for number in numbers for k in range(self.n_bits)]

    def decode(self, bits):
        """Levels (S, *shape) of bits int8 (S, n_qubits), numpy or torch, same dtype.

        Of torch bits that are real numbers in [0, 1] it is the multilinear function that has the
        levels at its corners, differentiable.
        """
        if self.n_bits == 1:  # no slices, whose gradients are slow
            return self.levels[0] + self._steps[0] * bits.reshape(len(bits), *self.shape)
        bits = bits.reshape(len(bits), *self.shape, self.n_bits)
        if self._steps is not None:
            return sum(
                (step * bits[..., k] for k, step in enumerate(self._steps)), start=self.levels[0]
            )
        if torch.is_tensor(bits) and bits.is_floating_point():
            levels = bits.new_tensor(self._of_codes)
            for k in range(self.n_bits):  # the first bit is the highest of the code
                half = levels.shape[-1] // 2
                levels = torch.lerp(levels[..., :half], levels[..., half:], bits[..., k, None])
            return levels[..., 0]
        places = range(self.n_bits - 1, -1, -1)
        if isinstance(bits, np.ndarray):
            codes = sum(bits[..., k].astype(int) << place for k, place in enumerate(places))
            return np.array(self._of_codes, bits.dtype)[codes]
        codes = sum(bits[..., k].long() << place for k, place in enumerate(places))
        return bits.new_tensor(self._of_codes)[codes]

    def with_gradient(self, bits: torch.Tensor, dtype: torch.dtype) -> tuple:
        """Levels of bits int8 (S, n_qubits), and the leaf to differentiate by.

        Where levels are linear in the bits they are the leaf themselves: the shortest way back.

        Returns:
            Levels of the given dtype (S, *shape), and the leaf.
        """
        if self._steps is None:
            leaf = bits.to(dtype).requires_grad_()
            return self.decode(leaf), leaf
        leaf = self.decode(bits).to(dtype).requires_grad_()
        return leaf, leaf

    def by_spins(self, by_leaf: torch.Tensor) -> torch.Tensor:
        """Derivatives by each spin s = 1 - 2 b, (S, n_qubits), of those by the leaf."""
        n = len(by_leaf)
        if self._steps is None:
            return by_leaf.mul_(-0.5)
        if self._steps == [-2]:  # numbers are the spins
            return by_leaf.reshape(n, -1)
        steps = by_leaf.new_tensor(self._steps).mul_(-0.5)
        return (by_leaf[..., None] * steps).reshape(n, -1)

    def second_by_spins(self, by_leaf: torch.Tensor) -> torch.Tensor:
        """Second derivatives by each spin, (S, n_qubits), of those by the leaf."""
        if self._steps is None:
            return by_leaf / 4
        squares = by_leaf.new_tensor(self._steps).square_().mul_(0.25)
        return (by_leaf[..., None] * squares).reshape(len(by_leaf), -1)

    def encode(self, values: np.ndarray) -> np.ndarray:
        """Bits int8 (S, n_qubits) of levels (S, *shape): of each the first code that stands for it.

        Raises:
            InputError: a number that is no level.
        """
        if not np.isin(values, self.levels).all():
            raise InputError(f"{self.name} holds other values than {self.levels}")
        codes = np.zeros(values.shape, dtype=int)
        for code in range(len(self.levels) - 1, -1, -1):
            codes[values == self.levels[code]] = code
        bits = [codes >> place & 1 for place in range(self.n_bits - 1, -1, -1)]
        return np.stack(bits, axis=-1).astype(np.int8).reshape(len(values), -1)

    @cached_property
    def _of_codes(self) -> list[int]:
        """What every code stands for."""
        return [self.levels[code % len(self.levels)] for code in range(2**self.n_bits)]

    @cached_property
    def _steps(self) -> list[int] | None:
        """What each bit adds to the level of code 0, if every level is such a sum: no table then.

        Sums on the way may leave int8 and come back, as its arithmetic is modulo 256.
        """
        places = range(self.n_bits - 1, -1, -1)
        steps = [self._of_codes[1 << place] - self.levels[0] for place in places]
        for code, level in enumerate(self._of_codes):
            bits = [code >> place & 1 for place in places]
            if level != self.levels[0] + sum(np.multiply(steps, bits)):
                return None
        return steps


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
