"""Expectation values of products of one-qubit operators, and their derivatives by gates.

With E = sum_w c_w <psi| O_w |psi> and psi a matrix product of tensors A, dE / dA* at a site is
what is left of the contraction when A* is taken out of it: the environments of the left and of the
right, multiplied once. All products are contracted together, in one sweep to each side. A tensor is
the product of what the gates do at its site, and the derivative goes back through these one by one.
"""

from dataclasses import dataclass

import numpy as np

MAX_BYTES = 2**28  # of the environments that are kept at once


@dataclass(frozen=True, eq=False)
class Products:
    """A real linear combination of products of one-qubit operators.

    Attributes:
        coefficients: float64 (n,).
        operators: complex128 (n, n_sites, 2, 2), Hermitian.
    """

    coefficients: np.ndarray
    operators: np.ndarray


def gradients_of_gates(columns: list[list[np.ndarray]], products: Products) -> list[list]:
    """dE / dB* of what each gate does at each site, B.

    Args:
        columns: as of :func:`pl_hypernet.mps.gate_columns.columns_of`, of a state of norm 1.
        products: of as many sites.

    Returns:
        Arrays of the same shapes.
    """
    built = [_built(column) for column in columns]
    _, gradients = value_and_gradients([tensors[-1] for tensors in built], products)
    return [
        _through(column, tensors, gradient)
        for column, tensors, gradient in zip(columns, built, gradients, strict=True)
    ]


def _built(column: list[np.ndarray]) -> list[np.ndarray]:
    """``|0>``, and the tensor of a site after each gate: complex128 (chi_left, 2, chi_right)."""
    tensors = [np.array([1, 0], dtype=complex).reshape(1, 2, 1)]
    for gate in column:
        left, _, right = tensors[-1].shape
        k_left, _, _, k_right = gate.shape
        both = _by_bit(tensors[-1]) @ _by_bit(gate).T  # tensordot takes twice as long
        both = both.reshape(left, right, k_left, 2, k_right).transpose(0, 2, 3, 1, 4)
        tensors.append(both.reshape(left * k_left, 2, right * k_right))
    return tensors


def _through(column, tensors, gradient) -> list[np.ndarray]:
    """From dE / dA* of a site's tensor to that of each gate there."""
    gradients = []
    for gate, before in zip(reversed(column), reversed(tensors[:-1]), strict=True):
        left, _, right = before.shape
        k_left, _, _, k_right = gate.shape
        cube = gradient.reshape(left, k_left, 2, right, k_right).transpose(1, 2, 4, 0, 3)
        cube = cube.reshape(k_left * 2 * k_right, left * right)
        by_gate = cube @ _by_bit(before).conj()
        gradients.append(by_gate.reshape(k_left, 2, k_right, 2).transpose(0, 1, 3, 2))
        gradient = _by_bit(gate).conj().T @ cube
        gradient = gradient.reshape(2, left, right).transpose(1, 0, 2)
    return gradients[::-1]


def _by_bit(tensor: np.ndarray) -> np.ndarray:
    """As a matrix (all other indices, bit), of a tensor whose bit is the last index but one."""
    return tensor.swapaxes(-2, -1).reshape(-1, 2)


def value_and_gradients(
    tensors: list[np.ndarray], products: Products
) -> tuple[float, list[np.ndarray]]:
    """The expectation value of products in a matrix product state, and dE / dA* of each tensor A.

    Args:
        tensors: complex128 (chi_left, 2, chi_right) for each site, in no canonical form, of a state
            of norm 1.
        products: of as many sites.

    Returns:
        The value, and one array of the shape of each tensor.
    """
    numbers = sum(tensor.shape[0] ** 2 for tensor in tensors)
    at_once = max(1, MAX_BYTES // (16 * numbers))
    value, gradients = 0.0, [np.zeros_like(tensor) for tensor in tensors]
    for begin in range(0, len(products.coefficients), at_once):
        part = slice(begin, begin + at_once)
        value += _add(tensors, products.coefficients[part], products.operators[part], gradients)
    return value, gradients


def _add(tensors, coefficients, operators, gradients) -> float:
    """The share of some products; their gradients are added to those given."""
    n = len(coefficients)
    left = [np.ones((n, 1, 1), dtype=complex)]  # (n, bra, ket) of each bond
    for site, tensor in enumerate(tensors):
        ket = _acted(left[site], tensor, operators[:, site])
        bra = tensor.conj().reshape(-1, tensor.shape[2])
        left.append(bra.T @ ket.reshape(n, -1, tensor.shape[2]))
    right = coefficients[:, None, None].astype(complex)  # (n, bra, ket)
    for site in range(len(tensors) - 1, -1, -1):
        tensor = tensors[site]
        ket = _acted(left[site], tensor, operators[:, site])
        gradients[site] += np.tensordot(ket, right, axes=((0, 3), (0, 2)))
        mirrored = _acted(right, tensor.transpose(2, 1, 0), operators[:, site])
        bra = tensor.conj().transpose(2, 1, 0).reshape(-1, tensor.shape[0])
        right = bra.T @ mirrored.reshape(n, -1, tensor.shape[0])
    return float(right.sum().real)


def _acted(environment, tensor, operators) -> np.ndarray:
    """An environment times a ket tensor, and operators on its qubit: (n, bra, 2, chi)."""
    n, bra, chi = environment.shape
    ket = (environment.reshape(n * bra, chi) @ tensor.reshape(chi, -1)).reshape(n, bra, 2, -1)
    diagonal = operators[:, [0, 1], [0, 1]]
    acted = diagonal[:, None, :, None] * ket
    flips = np.flatnonzero(operators[:, 0, 1])  # of X and Y alone
    if len(flips):
        off = operators[flips][:, [0, 1], [1, 0]]
        acted[flips] += off[:, None, :, None] * ket[flips][:, :, ::-1]
    return acted
