"""Sampling of a matrix product state with large bonds: matrix products, many shots at a time."""

import numpy as np
import torch
from numba import njit

BLOCK = 512  # shots that go through the chain together
COMPLEX = {np.dtype(np.float32): np.complex64, np.dtype(np.float64): np.complex128}


def sample_by_matrices(tensors, bond_dims, uniforms, bits, log_probabilities) -> None:
    """As :func:`kernels.sample`, at the speed of the machine's matrix product.

    Args:
        tensors: complex128 (n_sites, 2, chi, chi), right-canonical.
        bond_dims: int64 (n_sites + 1,).
        uniforms: float32 or float64 (n_sites, shots), in [0, 1]; their precision is the work's.
        bits: int8 (n_sites, shots), written.
        log_probabilities: float64 (shots,), written.
    """
    n_sites, shots = uniforms.shape
    chi = tensors.shape[2]
    dtype = COMPLEX[uniforms.dtype]
    # both bits' matrices side by side, one product a site
    joined = [
        torch.from_numpy(
            np.concatenate([site[0, :left, :right], site[1, :left, :right]], axis=1).astype(dtype)
        )
        for site, left, right in zip(tensors, bond_dims[:-1], bond_dims[1:], strict=True)
    ]
    left_vectors = np.empty((BLOCK, chi), dtype=dtype)
    products = np.empty(BLOCK * 2 * chi, dtype=dtype)
    probability = np.empty(BLOCK)
    for first in range(0, shots, BLOCK):
        n = min(BLOCK, shots - first)
        left_vectors[:n, 0] = 1
        probability[:n] = 1
        log_probabilities[first : first + n] = 0
        for site, matrix in enumerate(joined):
            width = matrix.shape[1]
            product = products[: n * width].reshape(n, width)
            torch.mm(
                torch.from_numpy(left_vectors[:n, : len(matrix)]), matrix,
                out=torch.from_numpy(product),
            )  # fmt: skip
            part = slice(first, first + n)
            _choose(
                product.view(uniforms.dtype),
                uniforms[site, part],
                bits[site, part],
                left_vectors[:n].view(uniforms.dtype),
                probability,
            )
            if site % 8 == 7 or site == n_sites - 1:  # before the product can underflow
                with np.errstate(divide="ignore"):
                    log_probabilities[part] += np.log(probability[:n])
                probability[:n] = 1


@njit(cache=True, nogil=True, fastmath={"contract", "reassoc", "nsz", "arcp"})
def _squares(row):
    total = row.dtype.type(0)
    for k in range(len(row)):
        total += row[k] * row[k]
    return total


@njit(cache=True, nogil=True)
def _choose(product, uniforms, bits, left_vectors, probability):
    """Draws a bit for each row, and makes its half of the row the next left vector."""
    half = product.shape[1] // 2
    dtype = product.dtype
    tiny = 100 * np.finfo(dtype).eps ** 2
    for s in range(len(product)):
        p0, p1 = _squares(product[s, :half]), _squares(product[s, half:])
        total = p0 + p1
        p0 = p0 if p0 > tiny * total else dtype.type(0)
        p1 = p1 if p1 > tiny * total else dtype.type(0)
        one = uniforms[s] * (p0 + p1) >= p0 and p1 > 0
        taken = p1 if one else p0
        scale = 1 / np.sqrt(taken) if taken > 0 else dtype.type(0)
        bits[s] = 1 if one else 0
        probability[s] *= taken / total if total > 0 else 0.0
        start = half if one else 0
        for k in range(half):
            left_vectors[s, k] = product[s, start + k] * scale
