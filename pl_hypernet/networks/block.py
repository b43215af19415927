"""Bits that belong together, and the numbers that they stand for."""

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
import torch

from pl_hypernet.errors import InputError
from pl_hypernet.spins import SPINS


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
            return self.levels[0] + self.steps[0] * bits.reshape(len(bits), *self.shape)
        bits = bits.reshape(len(bits), *self.shape, self.n_bits)
        if self.steps is not None:
            return sum(
                (step * bits[..., k] for k, step in enumerate(self.steps)), start=self.levels[0]
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
        if self.steps is None:
            leaf = bits.to(dtype).requires_grad_()
            return self.decode(leaf), leaf
        leaf = self.decode(bits).to(dtype).requires_grad_()
        return leaf, leaf

    def by_spins(self, by_leaf: torch.Tensor) -> torch.Tensor:
        """Derivatives by each spin s = 1 - 2 b, (S, n_qubits), of those by the leaf."""
        n = len(by_leaf)
        if self.steps is None:
            return by_leaf.mul_(-0.5)
        if self.steps == [-2]:  # numbers are the spins
            return by_leaf.reshape(n, -1)
        steps = by_leaf.new_tensor(self.steps).mul_(-0.5)
        return (by_leaf[..., None] * steps).reshape(n, -1)

    def second_by_spins(self, by_leaf: torch.Tensor) -> torch.Tensor:
        """Second derivatives by each spin, (S, n_qubits), of those by the leaf."""
        if self.steps is None:
            return by_leaf / 4
        squares = by_leaf.new_tensor(self.steps).square_().mul_(0.25)
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
    def steps(self) -> list[int] | None:
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
