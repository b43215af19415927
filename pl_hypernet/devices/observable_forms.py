"""The forms of an observable, each of which knows its mean, and the values of shots in its own
basis: a sum of Pauli words, a projector on bits of some wires, and a matrix.

A form that has a basis scores the bits that are measured in it; nothing else scores them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
from pennylane.pauli import PauliSentence, PauliWord
from pennylane.wires import Wires

from pl_hypernet.errors import DeviceError

ROUNDING = 1e-12  # of the largest coefficient: a word with less is not there
MAX_MATRIX_WIRES = 10  # of a matrix that is made dense, and of an eigenbasis
MAX_WORD_WIRES = 4  # of a matrix that is written as Pauli words to be differentiated
MAX_LISTED_WIRES = 20  # of 2^n outcomes that are listed one by one
MAX_SQUARED_WORDS = 300  # of a sum whose square is multiplied out
PAULI_MATRICES = {
    "X": np.array([[0, 1], [1, 0]], dtype=complex),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.diag([1, -1]).astype(complex),
}
PAULI_ROTATIONS = {  # into their eigenbases, where bit 0 is +1
    "X": np.array([[1, 1], [1, -1]], dtype=complex) / np.sqrt(2),
    "Y": np.array([[1, -1j], [1, 1j]]) / np.sqrt(2),
}


@dataclass(frozen=True, eq=False)
class Rotation:
    """A basis of some wires.

    Attributes:
        wires: the first is the most significant bit.
        unitary: complex128 (2^k, 2^k), into the basis: its rows are the bras of the basis states.
    """

    wires: Wires
    unitary: np.ndarray


# of a Pauli word the eigenbasis of its letter on each of its wires; Wires: plain bits of these,
# which is the same as a word of Z, but takes no time for each of thousands of wires
Basis = PauliWord | Rotation | Wires


def common_basis(words: Iterable[PauliWord]) -> PauliWord | None:
    """In which Pauli words are diagonal, if they commute on each wire: the letters of all."""
    letters = {}
    for word in words:
        for wire, letter in word.items():
            if letters.setdefault(wire, letter) != letter:
                return None
    return PauliWord(letters)


@dataclass(frozen=True, eq=False)
class Words:
    """A real linear combination of Pauli words; the empty word is the identity."""

    coefficients: dict[PauliWord, float]

    @cached_property
    def basis(self) -> PauliWord | None:
        """In which all words are diagonal; None if there is no such basis of one-qubit letters."""
        return common_basis(self.coefficients)

    def split(self) -> list["Words"]:
        """Each word alone, which always has a basis."""
        return [Words({word: c}) for word, c in self.coefficients.items()]

    def scaled(self, factor: float) -> "Words":
        return Words({word: factor * c for word, c in self.coefficients.items()})

    def values(self, bits: np.ndarray, wires: Wires) -> np.ndarray:
        """float64 (shots,) of bits (shots, wires) that were measured in the basis."""
        values = np.zeros(len(bits))
        column = {wire: i for i, wire in enumerate(wires)}
        for word, coefficient in self.coefficients.items():
            parity = bits[:, [column[wire] for wire in word]].sum(axis=1) % 2
            values += coefficient * (1 - 2 * parity)
        return values

    def outcomes(self) -> np.ndarray:
        """All values that a shot can have."""
        check_listed(len(self.basis), "the outcomes of an observable")
        wires = Wires(list(self.basis))
        return self.values(np.array(list(product((0, 1), repeat=len(wires)))), wires)

    def products(self) -> Iterator[tuple[float, dict]]:
        """Numbers and one-qubit operators {wire: (2, 2)}, of whose products this is the sum."""
        for word, coefficient in self.coefficients.items():
            yield coefficient, {wire: PAULI_MATRICES[letter] for wire, letter in word.items()}

    def mean(self, state) -> float:
        return sum(c * state.product_expectation(operators) for c, operators in self.products())

    def variance(self, state) -> float:
        return max(0.0, self._square().mean(state) - self.mean(state) ** 2)

    def _square(self) -> "Words":
        if len(self.coefficients) > MAX_SQUARED_WORDS:
            raise DeviceError(
                f"the variance of a sum of {len(self.coefficients)} Pauli words without shots: its "
                f"square is multiplied out up to {MAX_SQUARED_WORDS} words; set shots on the QNode"
            )
        sentence = PauliSentence(self.coefficients)
        return Words({word: c.real for word, c in (sentence @ sentence).items() if c.real})


@dataclass(frozen=True, eq=False)
class Projection:
    """A multiple of the projector on given bits of some wires."""

    bits: dict
    factor: float = 1.0

    @property
    def basis(self) -> PauliWord:
        return PauliWord(dict.fromkeys(self.bits, "Z"))

    def split(self) -> list["Projection"]:
        return [self]

    def scaled(self, factor: float) -> "Projection":
        return Projection(self.bits, factor * self.factor)

    def values(self, bits: np.ndarray, wires: Wires) -> np.ndarray:
        column = {wire: i for i, wire in enumerate(wires)}
        there = bits[:, [column[wire] for wire in self.bits]]
        return self.factor * (there == list(self.bits.values())).all(axis=1)

    def outcomes(self) -> np.ndarray:
        return np.array([0.0, self.factor])

    def products(self) -> Iterator[tuple[float, dict]]:
        """As of :class:`Words`: it is one."""
        yield self.factor, {w: np.diag([1.0 - bit, bit]) for w, bit in self.bits.items()}

    def _probability(self, state) -> float:
        ((_, projectors),) = self.products()
        return state.product_expectation(projectors)

    def mean(self, state) -> float:
        return self.factor * self._probability(state)

    def variance(self, state) -> float:
        p = self._probability(state)
        return max(0.0, self.factor**2 * (p - p**2))


@dataclass(frozen=True, eq=False)
class Matrix:
    """A Hermitian matrix (2^k, 2^k), dense or sparse, on k wires."""

    matrix: np.ndarray
    wires: Wires

    @cached_property
    def _eigen(self) -> tuple[np.ndarray, np.ndarray]:
        if len(self.wires) > MAX_MATRIX_WIRES:
            raise DeviceError(
                f"an observable on {len(self.wires)} wires that is no sum of Pauli words cannot be "
                f"measured with shots: its eigenbasis is made up to {MAX_MATRIX_WIRES} wires"
            )
        dense = self.matrix if isinstance(self.matrix, np.ndarray) else self.matrix.toarray()
        return np.linalg.eigh(dense)

    @cached_property
    def basis(self) -> Rotation:
        return Rotation(self.wires, self._eigen[1].conj().T)

    def split(self) -> list["Matrix"]:
        return [self]

    def scaled(self, factor: float) -> "Matrix":
        return Matrix(factor * self.matrix, self.wires)

    def values(self, bits: np.ndarray, wires: Wires) -> np.ndarray:
        columns = bits[:, wires.indices(self.wires)]
        return self._eigen[0][columns @ (1 << np.arange(len(self.wires))[::-1])]

    def outcomes(self) -> np.ndarray:
        return self._eigen[0]

    def products(self) -> Iterator[tuple[float, dict]]:
        """As of :class:`Words`.

        Raises:
            DeviceError: a matrix on more than 4 wires, which is 4^n words.
        """
        if len(self.wires) > MAX_WORD_WIRES:
            raise DeviceError(
                f"a matrix on {len(self.wires)} wires is written as Pauli words up to "
                f"{MAX_WORD_WIRES} wires"
            )
        dense = self.matrix if isinstance(self.matrix, np.ndarray) else self.matrix.toarray()
        words = decomposed(dense, self.wires).items()
        yield from Words({word: c.real for word, c in words if abs(c) > ROUNDING}).products()

    def mean(self, state) -> float:
        amplitudes = state.amplitudes(self.wires)
        return float(np.vdot(amplitudes, self.matrix @ amplitudes).real)

    def variance(self, state) -> float:
        amplitudes = state.amplitudes(self.wires)
        applied = self.matrix @ amplitudes
        mean, second = np.vdot(amplitudes, applied).real, np.vdot(applied, applied).real
        return max(0.0, float(second - mean**2))


Form = Words | Projection | Matrix


def check_listed(n_wires: int, what: str) -> None:
    """Refuses to list 2^n outcomes one by one if they would fill the memory.

    Raises:
        DeviceError: more than 20 wires.
    """
    if n_wires > MAX_LISTED_WIRES:
        raise DeviceError(
            f"{what} of {n_wires} wires: a list of 2^n outcomes stops at {MAX_LISTED_WIRES} wires; "
            "ask for fewer wires, or for qml.counts without all_outcomes"
        )


def decomposed(matrix: np.ndarray, wires: Wires) -> PauliSentence:
    """A small matrix as Pauli words: the coefficient of a word P is tr(P matrix) / 2^k."""
    sentence = PauliSentence()
    for letters in product("IXYZ", repeat=len(wires)):
        word = np.eye(1)
        for letter in letters:
            word = np.kron(word, PAULI_MATRICES.get(letter, np.eye(2)))
        sentence[PauliWord(dict(zip(wires, letters, strict=True)))] = np.vdot(word, matrix) / len(
            word
        )
    return sentence
