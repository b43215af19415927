"""Every observable of PennyLane in one of the forms that :mod:`observable_forms` has."""

import math
from functools import reduce

import numpy as np
import pennylane as qml
from pennylane.operation import Operator
from pennylane.ops import Prod, SProd, Sum
from pennylane.ops.qubit.observables import BasisStateProjector
from pennylane.pauli import PauliSentence
from pennylane.wires import Wires

from pl_hypernet.devices.observable_forms import (
    MAX_LISTED_WIRES,
    MAX_MATRIX_WIRES,
    ROUNDING,
    Basis,
    Form,
    Matrix,
    Projection,
    Rotation,
    Words,
    decomposed,
)
from pl_hypernet.errors import DeviceError

HERMITIAN = 1e-8  # of the largest number: what may be imaginary, or differ from the adjoint
CANCELLED = 1e-14  # of the parts of an observable: what is left where they cancel
MAX_SMALL_WIRES = 2  # of a matrix that is written as Pauli words, in a product or a sum


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
    return [_matrix_of(observable)]


def scored(observable: Operator) -> Form:
    """The form of an observable, with one basis for all of it."""
    forms = summands(observable)
    if len(forms) == 1 and forms[0].basis is not None:
        return forms[0]
    return _matrix_of(observable)


def _matrix_of(observable: Operator) -> Matrix:
    """The form of any observable on few wires, or of one that has a sparse matrix."""
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
    return Matrix(matrix, wires)


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
    return decomposed(qml.matrix(operator, wire_order=operator.wires), operator.wires)


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
