"""A two-qubit gate as a sum of products of one-qubit operators: the operator Schmidt decomposition
(Nielsen et al., Phys. Rev. A 67, 052301, 2003)."""

from functools import lru_cache

import numpy as np
import torch

ROUNDING = 1e-13  # entries of a gate are known to about this


def schmidt_terms(gate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A gate (4, 4) as two tensors with a bond between them: (1, 2, 2, rank) and (rank, 2, 2, 1),
    with indices bond, out, in, bond."""
    return _schmidt_terms(np.asarray(gate, dtype=complex).tobytes())


@lru_cache(maxsize=4096)
def _schmidt_terms(gate: bytes) -> tuple[np.ndarray, np.ndarray]:
    u, s, v = np.linalg.svd(_realigned(np.frombuffer(gate, dtype=complex).reshape(4, 4)))
    rank = int(np.count_nonzero(s > ROUNDING * s[0]))
    left = (u[:, :rank] * s[:rank]).reshape(1, 2, 2, rank)
    return left, v[:rank].reshape(rank, 2, 2, 1)


def dense_operator(matrix: np.ndarray) -> tuple[np.ndarray, ...]:
    """A matrix (2**n, 2**n) as a matrix product operator: tensors (a, 2, 2, b) with indices bond,
    out, in, bond. As :func:`schmidt_terms` at each cut, so that no bond is larger than need be."""
    n = len(matrix).bit_length() - 1
    axes = [axis for site in range(n) for axis in (site, n + site)]
    rest = np.asarray(matrix).reshape([2] * 2 * n).transpose(axes).reshape(1, -1)
    tensors = []
    for _ in range(n - 1):
        u, s, v = np.linalg.svd(rest.reshape(4 * len(rest), -1), full_matrices=False)
        rank = max(1, int(np.count_nonzero(s > ROUNDING * s[0])))
        tensors.append(u[:, :rank].reshape(-1, 2, 2, rank))
        rest = s[:rank, None] * v[:rank]
    return *tensors, rest.reshape(-1, 2, 2, 1)


def interpolative_terms(
    matrix: torch.Tensor, examples: np.ndarray
) -> tuple[torch.Tensor, torch.Tensor]:
    """The same without a singular value decomposition, for gates that are differentiated.

    Args:
        matrix: complex128 (4, 4), the gate at its parameters.
        examples: complex128 (n, 4, 4), at these and others: whatever the gate can become is a
            linear combination of them.

    Returns:
        complex128 (1, 2, 2, k) and (k, 2, 2, 1). The side with the fewer terms is constant, the
        other one holds entries of the matrix.
    """
    entries = _realigned(matrix)
    by_left = _realigned(examples).swapaxes(0, 1).reshape(4, -1)
    by_right = _realigned(examples).swapaxes(0, 2).reshape(4, -1)
    (left_rows, left), (right_rows, right) = _row_basis(by_left), _row_basis(by_right)
    if len(left_rows) <= len(right_rows):
        left, right = torch.as_tensor(left).to(matrix), entries[left_rows]
    else:
        left, right = entries[:, right_rows], torch.as_tensor(right.T.copy()).to(matrix)
    return left.reshape(1, 2, 2, -1), right.reshape(-1, 2, 2, 1)


def _realigned(matrix):
    """(..., 4, 4) with the left qubit's two indices as rows and the right qubit's as columns."""
    cube = matrix.reshape(*matrix.shape[:-2], 2, 2, 2, 2)
    return cube.swapaxes(-3, -2).reshape(matrix.shape)


def _row_basis(matrix: np.ndarray) -> tuple[list[int], np.ndarray]:
    """Rows that span all rows, and the coefficients: ``matrix = coefficients @ matrix[rows]``.

    An interpolative decomposition (Cheng et al., SIAM J. Sci. Comput. 26, 1389, 2005), here by
    Gaussian elimination with complete pivoting. Unlike an orthonormal basis it leaves the zeros of
    a gate exactly 0, and so impossible bitstrings.

    Args:
        matrix: complex128 (4, n).

    Returns:
        rows (k,) and coefficients complex128 (4, k).
    """
    rows: list[int] = []
    coefficients = np.zeros((4, 0))
    rest = matrix  # = matrix - coefficients @ matrix[rows]
    while np.abs(rest).max() > ROUNDING * np.abs(matrix).max():
        row, column = np.unravel_index(np.abs(rest).argmax(), rest.shape)
        share = rest[:, column] / rest[row, column]
        share[row] = 1
        coefficients = np.column_stack([coefficients - np.outer(share, coefficients[row]), share])
        rest = rest - np.outer(share, rest[row])
        rest[row] = 0
        rows.append(int(row))
    return rows, coefficients
