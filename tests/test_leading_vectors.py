"""Eigenvectors of the largest eigenvalues, against numpy's."""

import numba
import numpy as np
import pytest

from pl_hypernet.mps.leading_vectors import leading_vectors


@numba.njit
def found(matrix, most, least):  # the kernel is for compiled functions alone
    return leading_vectors(matrix, most, least)


def random_matrix(n: int, rank: int, is_real: bool, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    half = rng.normal(size=(n, rank)) + (0 if is_real else 1j) * rng.normal(size=(n, rank))
    matrix = half @ half.conj().T
    return (matrix / np.trace(matrix).real).astype(complex)


MATRICES = {
    "of any size": [
        random_matrix(n, n, n % 2 == 0, n) for n in (1, 2, 3, 4, 5, 6, 7, 8, 13, 16, 33, 64)
    ],
    "of low rank": [random_matrix(n, rank, False, n) for n, rank in [(4, 1), (9, 2), (32, 5)]],
    "diagonal": [np.diag([0.5, 0.3, 0.2, 0, 0]).astype(complex), np.eye(6) / 6 + 0j],
    "in blocks": [np.kron(np.diag([0.7, 0.3]), random_matrix(5, 5, False, 0))],
    "of tiny entries": [np.diag([1, 1e-20, 1e-40, 1e-200]).astype(complex)],
}


@pytest.mark.parametrize("kind", MATRICES)
def test_they_are_orthonormal_and_hold_the_largest_weight(kind):
    for matrix in MATRICES[kind]:
        n = len(matrix)
        for most in {1, (n + 1) // 2, n}:
            vectors = found(matrix, most, 1e-24)
            values = np.linalg.eigvalsh(matrix)[::-1]
            kept = max(1, int(np.sum(values[:most] >= 1e-14)))  # what rounding tells from 0
            assert kept <= vectors.shape[1] <= most
            assert np.abs(vectors.conj().T @ vectors - np.eye(vectors.shape[1])).max() < 1e-13
            weights = np.einsum("ik,ij,jk->k", vectors.conj(), matrix, vectors).real
            assert np.abs(weights[:kept] - values[:kept]).max() < 1e-14


def test_small_eigenvalues_are_left_out():
    matrix = np.diag([0.1, 0.6, 0.01, 0.29]).astype(complex)
    assert found(matrix, 4, 0.05).shape == (4, 3)
    assert np.allclose(np.abs(found(matrix, 2, 0.0)), np.eye(4)[:, [1, 3]])
