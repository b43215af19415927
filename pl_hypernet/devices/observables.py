"""Every observable in one form, which knows its mean, and the values of shots in its own basis.

There are three: a sum of Pauli words, a projector on bits of some wires, and a matrix. A form that
has a basis scores the bits that are measured in it; nothing else scores them.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import product

import numpy as np
import pennylane as qml
from pennylane.operation import Operator
from pennylane.ops import Prod, SProd, Sum
from pennylane.ops.qubit.observables import BasisStateProjector
from pennylane.pauli import PauliSentence, PauliWord
from pennylane.wires import Wires

from pl_hypernet.errors import DeviceError

ROUNDING = 1e-12  # of the largest coefficient: a word with less is not there
HERMITIAN = 1e-8  # of the largest number: what may be imaginary, or differ from the adjoint
CANCELLED = 1e-14  # of the parts of an observable: what is left where they cancel
MAX_MATRIX_WIRES = 10  # of a matrix that is made dense, and of an eigenbasis
MAX_WORD_WIRES = 4  # of a matrix that is written as Pauli words to be differentiated
MAX_SMALL_WIRES = 2  # of a matrix that is written as Pauli words, in a product or a sum
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

    @classmethod
    def of(cls, observable: Operator) -> "Matrix":
        """Of any observable on few wires, or of one that has a sparse matrix."""
        wires = observable.wires
        if observable.has_matrix and len(wires) <= MAX_MATRIX_WIRES:
            matrix = _dense(observable, wires)
        elif observable.has_sparse_matrix and len(wires) <= MAX_LISTED_WIRES:
            matrix = observable.sparse_matrix(wire_order=wires)
        else:
            raise DeviceError(
                f"{_named(observable)} on {len(wires)} wires is neither a sum of Pauli words nor "
                f"so small ({MAX_MATRIX_WIRES} wires) that its matrix can be made"
            )
        allowed = max(HERMITIAN * abs(matrix).max(), CANCELLED * _size(observable))
        if abs(matrix - matrix.conj().T).max() > allowed:
            raise _not_hermitian(observable)
        return cls(matrix, wires)

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
        words = _decomposed(dense, self.wires).items()
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


def summands(observable: Operator) -> list[Form]:
    """Forms whose sum is an observable.

    Raises:
        DeviceError: it is not Hermitian, or too large for what is known of it.
    """
    composite = isinstance(observable, Prod | Sum | SProd)
    sentence = _sentence(observable) if composite else observable.pauli_rep
    if sentence is not None:
        words = _real_words(sentence, observable)
        if composite or words.basis is not None:
            return [words]
    if isinstance(observable, BasisStateProjector):
        bits = (int(bit) for bit in observable.parameters[0])
        return [Projection(dict(zip(observable.wires, bits, strict=True)))]
    if isinstance(observable, SProd):
        factor = _real(observable.scalar, observable)
        return [form.scaled(factor) for form in summands(observable.base)]
    if isinstance(observable, Sum):
        return [form for term in observable for form in summands(term)]
    return [Matrix.of(observable)]


def scored(observable: Operator) -> Form:
    """The form of an observable, with one basis for all of it."""
    forms = summands(observable)
    if len(forms) == 1 and forms[0].basis is not None:
        return forms[0]
    return Matrix.of(observable)


def own_basis(observable: Operator) -> Basis:
    """The basis that an observable's own diagonalising gates define, for outcomes without values.

    Raises:
        DeviceError: it has none, or acts on too many wires.
    """
    sentence = observable.pauli_rep
    if sentence is not None and len(sentence) == 1:
        (word,) = sentence
        if set(word) == set(observable.wires):
            return word
    wires = observable.wires
    if not observable.has_diagonalizing_gates or len(wires) > MAX_MATRIX_WIRES:
        raise DeviceError(
            f"{_named(observable)} on {len(wires)} wires has no eigenbasis that is known: "
            f"expected diagonalising gates on at most {MAX_MATRIX_WIRES} wires"
        )
    gates = observable.diagonalizing_gates()
    unitary = np.eye(2 ** len(wires), dtype=complex)
    for gate in gates:
        unitary = qml.matrix(gate, wire_order=wires) @ unitary
    if not np.allclose(unitary @ unitary.conj().T, np.eye(len(unitary)), atol=1e-9):
        raise _not_hermitian(observable)
    return Rotation(wires, unitary)


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


def _sentence(operator: Operator) -> PauliSentence | None:
    """An operator as Pauli words, if it is made of them and of small matrices; need not be real."""
    if operator.pauli_rep is not None:
        return operator.pauli_rep
    if isinstance(operator, SProd):
        base = _sentence(operator.base)
        return None if base is None else _number(operator.scalar) * base
    if isinstance(operator, Sum | Prod):
        parts = [_sentence(part) for part in operator]
        if any(part is None for part in parts):
            return None
        total, *others = parts
        for part in others:
            total = total + part if isinstance(operator, Sum) else total @ part
        return total
    if not operator.has_matrix or len(operator.wires) > MAX_SMALL_WIRES:
        return None
    return _decomposed(qml.matrix(operator, wire_order=operator.wires), operator.wires)


def _dense(operator: Operator, wires: Wires) -> np.ndarray:
    """The matrix of an operator on all of some wires.

    From its parts: PennyLane 0.45 puts wires of a product in the wrong order where some overlap.
    """
    if isinstance(operator, SProd):
        return _number(operator.scalar) * _dense(operator.base, wires)
    if isinstance(operator, Sum):
        return sum(_dense(part, wires) for part in operator)
    if isinstance(operator, Prod):
        return reduce(np.matmul, (_dense(part, wires) for part in operator))
    return qml.matrix(operator, wire_order=wires)


def _decomposed(matrix: np.ndarray, wires: Wires) -> PauliSentence:
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


def _real_words(sentence: PauliSentence, observable: Operator) -> Words:
    """The words that are there, with real coefficients."""
    coefficients = {word: _number(c) for word, c in sentence.items()}
    largest = max(map(abs, coefficients.values()), default=0.0)
    rest = CANCELLED * _size(observable)
    if any(abs(c.imag) > max(HERMITIAN * largest, rest) for c in coefficients.values()):
        raise _not_hermitian(observable)
    least = max(ROUNDING * largest, rest)
    return Words({word: c.real for word, c in coefficients.items() if not abs(c) <= least})


def _size(operator: Operator) -> float:
    """A bound on the coefficients of an operator, before any of them cancel."""
    if isinstance(operator, SProd):
        return abs(_number(operator.scalar)) * _size(operator.base)
    if isinstance(operator, Sum):
        return sum(map(_size, operator))
    if isinstance(operator, Prod):
        return math.prod(map(_size, operator))
    if operator.pauli_rep is not None or not operator.data:
        return 1.0
    return max(float(np.max(np.abs(number))) for number in map(qml.math.toarray, operator.data))


def _real(scalar, observable: Operator) -> float:
    number = _number(scalar)
    if abs(number.imag) > HERMITIAN * abs(number):
        raise _not_hermitian(observable)
    return number.real


def _number(scalar) -> complex:
    """Of a number of any of PennyLane's interfaces."""
    return complex(np.asarray(qml.math.unwrap([scalar])[0]).item())


def _not_hermitian(observable: Operator) -> DeviceError:
    return DeviceError(
        f"{_named(observable)} is not Hermitian: expected an observable, as with real coefficients"
    )


def _named(observable: Operator) -> str:
    text = str(observable).replace("\n", " ")
    return text if len(text) <= 80 else text[:77] + "..."
